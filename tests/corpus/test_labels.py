"""Labels of documents: where they are read, how they are cleaned, what is refused."""

import json

import pytest

from textgen.corpus.documents import Corpus, read_corpus
from textgen.corpus.given import read_given
from textgen.corpus.labels import MAX_LABEL_CHARACTERS, MAX_LABELS
from textgen.errors import CorpusError, UsageError
from textgen.runs.config import TrainingConfig

ROWS = [("Ann", "2020", "One text."), ("Bob", "2021", "Another."), ("Ann", "", "A third.")]
POEMS = [
    {"author": "李白", "title": "a", "paragraphs": ["床前明月光，疑是地上霜。", "舉頭望明月，低頭思故鄉。"]},
    {
        "author": "杜甫",
        "title": "b",
        "paragraphs": ["兩個黃鸝鳴翠柳，一行白鷺上青天。", "窗含西嶺千秋雪，門泊東吳萬里船。"],
    },
    {"title": "c", "paragraphs": ["一二三。"]},
]


@pytest.fixture
def read(empty_place):
    def write(content, name="t.csv", **options):
        path = empty_place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
        return read_corpus(name, **options)

    return write


def table(rows=ROWS, header=("who", "year", "text"), delimiter=","):
    return "".join(delimiter.join(row) + "\n" for row in (header, *rows))


def lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.mark.parametrize(("name", "delimiter"), [("t.csv", ","), ("t.tsv", "\t"), ("t.csv", ";")])
def test_columns_of_a_table(read, name, delimiter):
    corpus = read(table(delimiter=delimiter), name, column="text", label=("who", "year"))
    assert corpus.documents == tuple(row[2] for row in ROWS)
    assert corpus.label == ("who", "year")
    assert corpus.labelled == (("Ann", "2020"), ("Bob", "2021"), ("Ann", ""))
    assert corpus.labels == {"who": {"Ann": 2, "Bob": 1}, "year": {"2020": 1, "2021": 1, "": 1}}
    assert "1 of 3 documents without the label 'year'" in map(str, corpus.notes)


def test_fields_of_lines_of_json(read):
    rows = [
        {"text": "One.", "who": " Ann \n Lee ", "stars": 4, "new": True},
        {"text": "Two.", "who": None, "stars": 4.50, "new": False},
        {"text": "Three."},
    ]
    corpus = read(lines(rows), "t.jsonl", column="text", label=("who", "stars", "new"))
    assert corpus.labelled == (("Ann Lee", "4", "true"), ("", "4.5", "false"), ("", "", ""))


def test_a_short_row_lacks_its_last_labels(read):
    corpus = read("text,who\nOne.,Ann\nTwo.\n", column="text", label=("who",))
    assert corpus.labelled == (("Ann",), ("",))


def test_names_of_files_and_folders(empty_place):
    for name in ("verse/ann.txt", "prose/bob.txt.gz", "prose/cid.csv"):
        (empty_place / name).parent.mkdir(exist_ok=True)
        text = "text\nIn a table\nTwice\n" if name.endswith("csv") else f"Text of {name}.\n\nMore of it.\n"
        (empty_place / name).write_text(text)
    corpus = read_corpus(".", "block", label=("folder", "file"))
    found = dict(zip(corpus.documents, corpus.labelled, strict=True))
    assert found["Text of verse/ann.txt."] == found["More of it."] == ("verse", "ann")
    assert found["Text of prose/bob.txt.gz."] == ("prose", "bob")
    assert found["In a table"] == found["Twice"] == ("prose", "cid")
    assert read_corpus("verse/ann.txt", label=("folder",)).labelled == (("verse",),)


def test_a_column_comes_before_the_file_s_name(read):
    corpus = read("text,file\nOne.,mine\nTwo.,\n", "t.csv", column="text", label=("file", "folder"))
    assert [labels[0] for labels in corpus.labelled] == ["mine", ""]


def test_authors_and_forms_of_poems(read):
    corpus = read(json.dumps(POEMS), "p.json", label=("author", "form", "file"))
    assert corpus.labelled == (("李白", "jueju5", "p"), ("杜甫", "jueju7", "p"), ("", "", "p"))
    pytest.importorskip("opencc")
    simplified = read_corpus("p.json", label=("author", "form"), selection=None)
    assert simplified.labelled[0] == ("李白", "jueju5")


def test_poems_of_a_text_have_a_form_and_a_file_but_no_author(read):
    text = "\n\n".join("\n".join(poem["paragraphs"]) for poem in POEMS[:2])
    corpus = read(text, "p.txt", documents="poem", label=("form", "file"))
    assert corpus.labelled == (("jueju5", "p"), ("jueju7", "p"))
    with pytest.raises(CorpusError, match="no document has the label 'author'"):
        read_corpus("p.txt", "poem", label=("author",))


def test_the_held_out_part_has_every_label(read):
    """The files stand one after another; the end of the whole text would be the last voice alone."""
    rows = [(voice, "2020", f"{voice} says {number}.") for voice in ("Ann", "Bob", "Cid") for number in range(20)]
    corpus = read(table(rows), column="text", label=("who",))
    training, held_out = corpus.split(0.1)
    assert sorted(training + held_out) == sorted(corpus.documents)
    assert held_out == [f"{voice} says {number}." for voice in ("Ann", "Bob", "Cid") for number in (18, 19)]
    parts = list(corpus.parts(0.1))
    assert [part.is_held_out for part in parts] == [False] * 54 + [True] * 6
    assert all(part.piece.text.startswith(part.piece.labels[0]) for part in parts)
    plain, end = read_corpus("t.csv", column="text").split(0.1)
    assert end == list(corpus.documents[-6:])
    assert len(plain) == 54


def test_a_document_that_is_split_has_its_label_on_both_sides(read):
    corpus = read("x" * 100 + "\n", "one.txt", label=("file",))
    parts = list(corpus.parts(0.25))
    assert [(part.is_held_out, part.piece.starts, part.piece.labels) for part in parts] == [
        (False, True, ("one",)),
        (True, True, ("one",)),
    ]


def test_labels_count_in_the_fingerprint_and_their_absence_does_not(read):
    text = table()
    plain = read(text, column="text")
    told = read_corpus("t.csv", column="text", label=("who",))
    other = read(text.replace("Bob", "Rob"), column="text", label=("who",))
    assert plain.fingerprint() == Corpus("t", plain.documents, kind="line").fingerprint()
    assert len({each.fingerprint() for each in (plain, told, other)}) == 3


def test_a_text_in_memory_is_as_many_labels_as_documents():
    corpus = Corpus("t", ("One.", "Two."), label=("who",), labelled=(("Ann",), ("Bob",)))
    assert [piece.labels for piece in corpus.pieces()] == [("Ann",), ("Bob",)]
    with pytest.raises(UsageError, match="`labelled`: 1 for 2 documents"):
        Corpus("t", ("One.", "Two."), label=("who",), labelled=(("Ann",),))


@pytest.mark.parametrize(
    ("content", "name", "label", "message"),
    [
        (table(), "t.csv", ("whose",), "t.csv: no column 'whose'; there are: who, year, text"),
        (table(), "t.csv", ("who", "who"), "`label`: 'who' is there twice"),
        (table(), "t.csv", ("",), "`label` names a field"),
        (table(), "t.csv", tuple("abcdefghi"), "`label` takes at most 8 names; got 9"),
        (table([("", "2020", "One."), ("  ", "2021", "Two.")]), "t.csv", ("who",), "no document has the label 'who'"),
        ("who,who,text\na,b,One.\n", "t.csv", ("who",), "2 columns 'who'"),
        (lines([{"text": "One.", "who": ["Ann"]}]), "t.jsonl", ("who",), "line 1: the label 'who' is a list"),
        (lines([{"text": "One.", "who": {"a": 1}}]), "t.jsonl", ("who",), "line 1: the label 'who' is a dict"),
        (lines([{"text": "One.", "who": "x" * 201}]), "t.jsonl", ("who",), "has 201 characters; a label has at most"),
        (lines([{"text": "One."}]), "t.jsonl", ("who",), "no document has the label 'who'"),
        ("Plain text.\n", "t.txt", ("who",), "t.txt: no label 'who'; there are: folder, file"),
        (json.dumps(POEMS), "t.json", ("dynasty",), "no label 'dynasty'; there are: author, form, folder, file"),
    ],
)
def test_what_is_no_label(read, content, name, label, message):
    column = "text" if name.endswith(("csv", "jsonl")) else None
    with pytest.raises((CorpusError, UsageError)) as caught:
        read(content, name, column=column, label=label)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_more_labels_than_mean_anything(read):
    rows = [(str(number), "2020", "A text.") for number in range(MAX_LABELS + 1)]
    with pytest.raises(CorpusError, match="more than 10,000 different values"):
        read(table(rows), column="text", label=("who",))
    assert len(read(table(rows[1:]), column="text", label=("who",)).labels["who"]) == MAX_LABELS


def test_a_label_of_the_greatest_length_and_one_like_a_path(read):
    odd = ["x" * MAX_LABEL_CHARACTERS, "../../etc/passwd", "</script>", "a=b:0.5,c", "\u202e"]
    corpus = read(lines({"text": "One.", "who": each} for each in odd), "t.jsonl", column="text", label=("who",))
    assert [each for (each,) in corpus.labelled] == odd


def test_a_large_text_has_the_same_labels(read, monkeypatch):
    rows = [(voice, "2020", f"{voice} says {number}.") for number in range(200) for voice in ("Ann", "Bob")]
    small = read(table(rows), column="text", label=("who",))
    monkeypatch.setattr("textgen.corpus.documents.MAX_BYTES_IN_MEMORY", 100)
    large = read_corpus("t.csv", column="text", label=("who",), may_stay=True)
    assert type(large).__name__ == "LargeCorpus"
    assert large.labels == small.labels
    assert list(large.parts(0.1)) == list(small.parts(0.1))
    assert large.fingerprint() == small.fingerprint()


def test_given_texts_have_no_file_to_be_named_by():
    with pytest.raises(CorpusError, match="no document has the label 'file'"):
        read_given(TrainingConfig(label=("file",)), ["One.", "Two."])


@pytest.mark.parametrize(
    ("content", "name"),
    [(table(), "t.csv"), (lines([{"text": "One."}]), "t.jsonl"), ("Plain.\n", "t.txt"), (json.dumps(POEMS), "t.json")],
)
def test_a_label_that_is_not_needed_may_be_missing(read, content, name):
    column = "text" if name.endswith(("csv", "jsonl")) else None
    corpus = read(content, name, column=column, label=("mood",), needs_labels=False)
    assert set(corpus.labelled) == {("",)}
    assert corpus.documents == read_corpus(name, column=column).documents
