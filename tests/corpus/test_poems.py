"""Poems from files: JSON of the chinese-poetry collection, blocks of text; cleaning, selecting, remembering."""

import json

import numpy as np
import pytest

from tests.conftest import TINY
from textgen import Generator, train
from textgen.corpus import poems
from textgen.corpus.documents import read_corpus
from textgen.corpus.memory import contains, hash_poems, merge, without_marks
from textgen.corpus.notes import NoteKind
from textgen.corpus.poems import RawPoem, Selection
from textgen.errors import CorpusError, UsageError
from textgen.runs.run import load_run

# Wang Zhihuan (688-742) and Wang Changling (698-757).
TOWER = ["白日依山盡，黃河入海流。", "欲窮千里目，更上一層樓。"]
PASS = ["秦時明月漢時關，萬里長征人未還。", "但使龍城飛將在，不教胡馬度陰山。"]


def entry(paragraphs, title="無題", author="佚名"):
    return {"title": title, "author": author, "paragraphs": paragraphs, "id": "x"}


@pytest.fixture
def collection(tmp_path):
    """Write a file like those of the collection."""

    def write(*entries, name="poet.tang.0.json"):
        (tmp_path / name).write_text(json.dumps(list(entries), ensure_ascii=False), "utf-8")
        return tmp_path / name

    return write


def test_json_of_the_collection_is_read(collection):
    corpus = read_corpus(collection(entry(TOWER, "登鸛雀樓", "王之渙"), entry(PASS, "出塞", "王昌齡")))
    assert corpus.kind == "poem"
    assert corpus.documents == ("\n".join(TOWER), "\n".join(PASS))
    assert [*map(str, corpus.notes)] == ["2 poems"]
    assert corpus.notes[0].kind == NoteKind.SELECTION


def test_a_folder_is_read_in_the_order_of_names_and_duplicates_once(collection, tmp_path):
    collection(entry(PASS), name="b.json")
    collection(entry(TOWER), entry(PASS), name="a.json")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    corpus = read_corpus(tmp_path)
    assert corpus.documents == ("\n".join(TOWER), "\n".join(PASS))
    assert [*map(str, corpus.notes)] == ["2 poems of 3; left out: 1 twice"]


@pytest.mark.parametrize(
    ("row", "read"),
    [
        ("白日（一作「落日」）依山盡，黃河入海流。", "白日依山盡，黃河入海流。"),
        ("白日(又作落日)依山盡，黃河入海流。", "白日依山盡，黃河入海流。"),
        ("[白]日依山盡，黃河入海流。", "白日依山盡，黃河入海流。"),
        ("《白日》依山盡，「黃河」入海流。", "白日依山盡，黃河入海流。"),
        ("白日依山盡/，12黃河 入海流。", "白日依山盡，黃河入海流。"),
        ("白日依山盡,黃河入海流.", "白日依山盡，黃河入海流。"),
        ("白日依山盡，黃河入海流", "白日依山盡，黃河入海流。"),
        ("白日依山盡\n黃河入海流", "白日依山盡，黃河入海流。"),
        ("\u3000\u3000白日依山盡，\u3000黃河入海流？", "白日依山盡，黃河入海流？"),
    ],
)
def test_additions_of_editors_are_removed(row, read):
    (poem,), _ = poems.choose([RawPoem(row)], Selection())
    assert poem.text == read


@pytest.mark.parametrize("hole", ["□", "●", "囗", "{山瞿}", "\ue829"])
def test_a_poem_with_a_gap_is_left_out_and_a_note_says_so(hole):
    raw = [RawPoem(f"白日依{hole}盡，黃河入海流。"), RawPoem("\n".join(TOWER))]
    chosen, notes = poems.choose(raw, Selection())
    assert [poem.text for poem in chosen] == ["\n".join(TOWER)]
    assert [*map(str, notes)] == ["1 poem of 2; left out: 1 with a character missing"]


def test_spaces_around_marks_of_english_poems_are_removed():
    raw = [RawPoem("  in man 's sight ,  he stood\n\n12\nyour king , th ’ hour o ’ er !\n I\n")]
    (poem,), _ = poems.choose(raw, Selection())
    assert poem.lines == ("in man's sight, he stood", "your king, th' hour o'er!", "I")
    assert poem.text == "in man's sight, he stood\nyour king, th' hour o'er!\nI"


def test_poems_of_one_form_by_one_author_in_one_script(collection):
    path = collection(
        entry(TOWER, author="王之渙"),
        entry(PASS, author="王昌齡"),
        entry(["白日依山盡，黃河入海流。"], author="王昌齡"),
    )
    # The author's name in the characters of today.
    corpus = read_corpus(path, selection=Selection("王昌龄", "simplified", ("jueju7",)))
    assert corpus.documents == ("秦时明月汉时关，万里长征人未还。\n但使龙城飞将在，不教胡马度阴山。",)
    assert [*map(str, corpus.notes)] == ["1 poem of 2; left out: 1 of another form"]
    again = read_corpus(path, selection=Selection(script="traditional", forms=("jueju7", "lushi7")))
    assert again.documents == ("\n".join(PASS),)
    with pytest.raises(UsageError, match="xyz"):
        Selection(forms=("jueju7", "xyz"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[1, 2", r"bad\.json: not JSON: .* in column 6"),
        ('{"paragraphs": []}', r"bad\.json: the whole file"),
        ('[{"paragraphs": ["a"]}, {"title": "x"}]', r"bad\.json: entry 2 "),
        ('[{"paragraphs": "text"}]', r"bad\.json: entry 1 "),
        ('[{"paragraphs": [1]}]', r"bad\.json: entry 1 "),
        ('[{"paragraphs": ["a"], "author": 7}]', r"bad\.json: entry 1 "),
        ("[" * 100_000, r"bad\.json: (JSON nested too deeply|not JSON)"),
        ("[]", "no poem is left of 0"),
        ('[{"paragraphs": ["白□日"]}]', "no poem is left of 1: left out: 1 with a character missing"),
    ],
)
def test_json_without_poems(tmp_path, text, complaint):
    (tmp_path / "bad.json").write_text(text, "utf-8")
    with pytest.raises(CorpusError, match=complaint):
        read_corpus(tmp_path / "bad.json")


def test_an_author_without_poems(collection):
    with pytest.raises(CorpusError, match="no poem by 李白; the authors with most poems here: 王之渙"):
        read_corpus(collection(entry(TOWER, author="王之渙")), selection=Selection(author="李白"))


def test_a_selection_from_prose_is_refused(refused, text_file):
    message = refused(3, "train", text_file, "--form", "jueju5")
    assert all(flag in message for flag in ("--form", "--author", "--script", "--documents poem"))
    message = refused(2, "train", text_file, "--form", "xyz")
    assert "'xyz'" in message
    assert "jueju5, " in message


def test_learned_lines_are_recognised_and_cannot_be_read():
    memory = hash_poems(["\n".join(TOWER), "The fox sat down.\nThe Owl said no!"])
    assert {name: array.dtype.str for name, array in memory.items()} == {"lines": "<u8", "words": "<u8"}
    assert len(memory["lines"]) == 6
    assert len(memory["words"]) == len({"the", "fox", "sat", "down", "owl", "said", "no"})
    for line in ("黃河入海流。", "黃河入海流", "the fox sat down"):
        assert contains(memory["lines"], without_marks(line)), line
    for line in ("黃河入海", "the fox", ""):
        assert not contains(memory["lines"], without_marks(line)), line
    both = merge(memory, hash_poems(["\n".join(PASS)]))
    assert len(both["lines"]) == 10
    assert np.all(np.diff(both["lines"].astype(object)) > 0)


def test_a_run_on_poems_keeps_hashes_of_them(collection, tmp_path):
    numbers = "一二三四五六七八九十"
    path = collection(*(entry([f"白日依山{one}，黃河入海{two}。"]) for one in numbers for two in numbers))
    history = train(path, tmp_path / "run", quiet=True, **TINY | {"form": (), "validation": 0})
    run = load_run(history.path)
    assert run.training.documents == "poem"
    assert len(run.memory["lines"]) == 20
    generator = Generator.load(history.path)
    assert contains(generator.memory["lines"], "白日依山三")
    # A run that starts from this one knows the poems of both.
    other = tmp_path / "other.json"
    other.write_text(json.dumps([entry(TOWER)] * 3 + [entry(PASS)], ensure_ascii=False), "utf-8")
    more = train(other, tmp_path / "more", from_run=history.path, quiet=True, epochs=1, sequence_length=8, validation=0)
    assert len(load_run(more.path).memory["lines"]) == 28
    # A resumed training selects the same poems again.
    train(resume=history.path, epochs=1, quiet=True)
