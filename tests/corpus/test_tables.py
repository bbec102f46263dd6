"""Tables: which character separates the columns, found or given, and what is refused rather than guessed."""

import pytest

from textgen.corpus.documents import read_corpus
from textgen.errors import CorpusError, UsageError

ROWS = [("id", "text", "stars"), ("1", "Fine, and dry", "5"), ("2", 'He said "so; yes"\nand left', "1")]


def table(delimiter, quote="needed"):
    """ROWS as a program writes them: quotes where they are needed, or around every field."""

    def field(text):
        needs = quote == "all" or any(each in text for each in f'{delimiter}"\n')
        return '"' + text.replace('"', '""') + '"' if needs else text

    return "".join(delimiter.join(map(field, row)) + "\n" for row in ROWS)


@pytest.fixture
def read(empty_place):
    def write(content, name="t.csv", **options):
        (empty_place / name).write_text(content)
        return read_corpus(name, **options)

    return write


@pytest.mark.parametrize("quote", ["needed", "all"])
@pytest.mark.parametrize(
    ("delimiter", "note"),
    [(",", []), (";", ["t.csv: columns separated by ';'"]), ("\t", ["t.csv: columns separated by a tab"])],
)
def test_the_delimiter_is_found_and_told(read, delimiter, quote, note):
    corpus = read(table(delimiter, quote), column="text")
    assert corpus.documents == tuple(row[1] for row in ROWS[1:])
    assert [str(each) for each in corpus.notes] == note


@pytest.mark.parametrize(
    ("content", "column", "documents"),
    [
        # The wanted column decides: with commas the first is called "text;notes".
        ("text;notes, others\nOne, two;x\n", "text", ("One, two",)),
        # So do the rows: with semicolons they have one column, and the first has two.
        ("text,id; old\nOne,1\nTwo,2\n", "text", ("One", "Two")),
        # A name that is quoted divides nothing.
        ('"a, b";"c, d"\n1;2\n', "c, d", ("2",)),
        # A long quoted text ends after the lines that are looked at.
        ("id;text\n1;" + '"' + "line, of text\n" * 50 + '"\n', "text", ("line, of text\n" * 50,)),
        # One column, and no character that separates columns in its name.
        ("text\nOne; two\n", None, ("One; two",)),
    ],
)
def test_what_else_the_first_lines_hold(read, content, column, documents):
    assert read(content, column=column).documents == documents


def test_one_that_cannot_be_found_is_asked_for(read):
    content = "a,b;c,d\n1,2;3,4\n"
    with pytest.raises(CorpusError, match=r"t\.csv: ',' or ';' may separate the columns; name one of them with `deli"):
        read(content, column="x")
    assert read(content, column="b;c", delimiter=",").documents == ("2;3",)
    assert read(content, column="a,b", delimiter=";").documents == ("1,2",)


def test_another_one_is_given(read):
    content = "id|text\n1|One; two, three\n"
    with pytest.raises(CorpusError, match=r"no column 'text'; there are: id\|text; name what .* with `delimiter`"):
        read(content, column="text")
    assert read(content, column="text", delimiter="|").documents == ("One; two, three",)
    assert read("id\ttext\n1\tOne\n", column="text", delimiter="tab").documents == ("One",)
    # In .tsv it is a tab, unless another is given.
    assert read("id\ttext;x\n1\tOne\n", name="t.tsv", column="text;x").documents == ("One",)
    assert read("id;text\n1;One\n", name="t.tsv", column="text", delimiter=";").documents == ("One",)


def test_no_part_of_a_text_is_lost(read):
    """A row with more columns than the first holds a text with an unquoted delimiter."""
    with pytest.raises(CorpusError, match=r"line 2: 2 columns, and the first row has 1: put a text with ',' in"):
        read("text\nOne, two\n")
    assert read("id,text\n1,One,,\n", column="text").documents == ("One",)  # empty ones at the end


def test_a_table_of_one_column_says_so(read):
    assert [str(each) for each in read("id|text\n1|One\n").notes] == ["t.csv: a table of one column, 'id|text'"]


@pytest.mark.parametrize("value", ["", ";;", "x", "7", '"', "\n", "comma", 5, True])
def test_values_that_separate_nothing(read, value):
    with pytest.raises(UsageError, match="`delimiter` takes "):
        read(table(";"), column="text", delimiter=value)


def test_a_delimiter_of_plain_text_is_refused(read):
    with pytest.raises(CorpusError, match=r"t\.txt: `delimiter` is about CSV; this is plain text"):
        read("One", name="t.txt", delimiter=";")
