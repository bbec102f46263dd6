"""What stands above a poem: its title and its shape, cleaned; and how texts of each kind bring their titles."""

import json

import pytest

from tests.conftest import TINY
from textgen import Generator, train
from textgen.corpus.documents import read_corpus
from textgen.corpus.headings import clean_title, heading, shape_of, title_of, without_heading
from textgen.corpus.memory import contains, hash_poems
from textgen.corpus.poems import Poem, Selection
from textgen.errors import CorpusError, UsageError
from textgen.verse import compose

# Wang Zhihuan (688-742).
TOWER = ("白日依山盡，", "黃河入海流。", "欲窮千里目，", "更上一層樓。")


@pytest.mark.parametrize(
    ("lengths", "shape"),
    [
        ([5] * 4, "五言四句"),
        ([7] * 8, "七言八句"),
        ([5] * 12, "五言十二句"),
        ([5] * 40, "五言四十句"),
        ([7] * 120, "七言多句"),
        ([3, 5, 7, 7, 5], "雜言五句"),
        ([], ""),
    ],
)
def test_the_shape_in_words(lengths, shape):
    assert shape_of(lengths) == shape


@pytest.mark.parametrize(
    ("title", "clean"),
    [
        ("登鸛雀樓", "登鸛雀樓"),
        ("江行無題一百首 五十一", "江行無題"),
        ("秋興八首 其一", "秋興"),
        ("秋興其三", "秋興"),
        ("雜詩其二首", "雜詩"),
        ("一" * 5000 + "春", ""),
        ("出塞（一作塞下曲）", "出塞"),
        ("舞曲歌辭 霓裳辭十首 二", "舞曲歌辭霓裳辭"),
        ("送□□ABC", "送"),
        ("一二三四五六七八九十一二三四五六七八九十春", "一二三四五六七八九十一二三四五六"),
        ("", ""),
    ],
)
def test_a_title_is_cleaned(title, clean):
    assert clean_title(title, chinese=True) == clean


def test_an_english_title_is_cut_between_words():
    assert clean_title("  Lines   written a few  miles above 《Tintern》 Abbey, on revisiting the banks", False) == (
        "Lines written a few miles above Tintern Abbey, on revisiting"
    )


@pytest.mark.parametrize(
    ("kind", "row"),
    [("full", "《登鸛雀樓》五言四句\n"), ("form", "《》五言四句\n"), ("title", "《登鸛雀樓》\n"), ("none", "")],
)
def test_a_heading_tells_what_was_asked_for(kind, row):
    assert heading("登鸛雀樓", TOWER, kind) == row
    text = row + "白日依山盡，黃河入海流。\n欲窮千里目，更上一層樓。"
    assert without_heading(text) == "白日依山盡，黃河入海流。\n欲窮千里目，更上一層樓。"
    assert title_of(text) == ("登鸛雀樓" if "登" in row else "")


def test_english_verse_has_a_heading_where_it_has_a_title():
    assert heading("Tide", ["The tide comes in,", "the tide goes out."]) == "《Tide》\n"
    assert heading("", ["The tide comes in,", "the tide goes out."]) == ""


def test_one_long_english_word_is_cut():
    assert clean_title("a" * 100, False) == "a" * 60


def test_one_poem_in_five_stands_without_its_title():
    poems = [Poem((f"{chr(0x4E00 + number)}日依山盡，", "黃河入海流。"), "題") for number in range(500)]
    untitled = sum("題" not in poem.document("full") for poem in poems)
    assert 70 <= untitled <= 130  # of 500, a fifth by chance: 100, standard deviation 9
    assert all(poem.document("none") == poem.text for poem in poems)


def test_a_heading_is_no_line_that_was_learned():
    known = hash_poems([Poem(TOWER, "登鸛雀樓").document("full")])
    assert contains(known["lines"], "白日依山盡")
    assert len(known["lines"]) == 4


class TestTitles:
    def test_of_plain_text_are_first_lines(self, tmp_path):
        path = tmp_path / "poems.txt"
        path.write_text("The Tide\nthe tide comes in,\nand it goes out again.\n\nA stone\nit lies there.\n", "utf-8")
        read = read_corpus(path, "poem", selection=Selection(heading="full", title_field="first-line"))
        assert set(read.documents) <= {
            "《The Tide》\nthe tide comes in,\nand it goes out again.",
            "the tide comes in,\nand it goes out again.",
            "《A stone》\nit lies there.",
            "it lies there.",
        }
        assert read_corpus(path, "poem", selection=Selection(heading="full")).documents[1] == "A stone\nit lies there."

    def test_of_a_table_and_of_json_are_fields(self, tmp_path):
        table, rows = tmp_path / "poems.csv", tmp_path / "poems.jsonl"
        table.write_text('name,text\n登樓,"' + "".join(TOWER) + '"\n', "utf-8")
        rows.write_text(json.dumps({"name": "登樓", "text": "".join(TOWER)}) + "\n", "utf-8")
        for path in (table, rows):
            read = read_corpus(
                path, "poem", selection=Selection(heading="full", title_field="name"), column="text", may_stay=False
            )
            assert read.documents[0].partition("\n")[0] in ("《登樓》五言四句", "《》五言四句")

    def test_of_the_collection_may_have_another_name(self, tmp_path):
        path = tmp_path / "poems.json"
        path.write_text(json.dumps([{"rhythmic": "樓", "paragraphs": list(TOWER)}], ensure_ascii=False), "utf-8")
        read = read_corpus(path, selection=Selection(heading="title", title_field="rhythmic"))
        assert read.documents[0].startswith(("《樓》\n", "白日"))
        with pytest.raises(CorpusError, match="no poem has a title in 'name'; choose another `title_field`"):
            read_corpus(path, selection=Selection(heading="title", title_field="name"))

    @pytest.mark.parametrize(
        ("name", "text", "field", "told"),
        [
            ("a.txt", "a\n\nb\n", "name", "plain text has no field 'name'"),
            (
                "a.json",
                '[{"paragraphs": ["白日依山盡，黃河入海流。"]}]',
                "first-line",
                "`first-line` is for plain text",
            ),
            ("a.csv", "text\nhello\n", "name", "no column 'name'"),
            ("a.jsonl", '{"text": "hello"}\n', "name", "no row has a title in 'name'"),
            ("b.jsonl", '{"text": "hello", "name": [1]}\n', "name", "no row has a title in 'name'"),
        ],
    )
    def test_that_are_not_there_are_named(self, tmp_path, name, text, field, told):
        (tmp_path / name).write_text(text, "utf-8")
        column = "text" if name.endswith(("csv", "jsonl")) else None
        with pytest.raises(CorpusError, match=told):
            read_corpus(tmp_path / name, "poem", selection=Selection(title_field=field), column=column)

    def test_of_prose_are_refused(self, tmp_path):
        (tmp_path / "a.txt").write_text("prose\n", "utf-8")
        with pytest.raises(CorpusError, match="`title_field` are about poems"):
            read_corpus(tmp_path / "a.txt", selection=Selection(title_field="first-line"))

    @pytest.mark.parametrize("wrong", [{"heading": "both"}, {"title_field": ""}, {"title_field": 3}])
    def test_options_out_of_range(self, wrong):
        with pytest.raises(UsageError, match=f"`{next(iter(wrong))}"):
            Selection(**wrong)


@pytest.mark.slow
def test_a_model_that_read_the_shape_begins_as_poems_of_that_shape_do(tmp_path):
    """Poems of five characters begin otherwise than those of seven; only the heading tells which is to come."""
    text = "\n\n".join(
        f"{first}日依山盡，黃河入海流。\n欲窮千里目，更上一層樓。\n\n{second}時明月漢時關，萬里長征人未還。\n但使龍城飛將在，不教胡馬度陰山。"
        for first, second in zip("白紅青黃金碧", "秦楚唐吳燕蜀", strict=True)
    )
    path = tmp_path / "poems.txt"
    path.write_text(text, "utf-8")
    options = TINY | {"units": 48, "epochs": 60, "documents": "poem", "learning_rate": 0.02, "validation": 0.0}
    for seed, heading_kind in ((1, "full"), (1, "none")):
        train(path, out=tmp_path / heading_kind, overwrite=True, seed=seed, heading=heading_kind, **options)
    firsts = {}
    for kind in ("full", "none"):
        generator = Generator.load(tmp_path / kind)
        assert generator.heading == kind
        generator.memory = {}
        firsts[kind] = [
            compose(generator, form=form, tones="off", rhyme_book="off", temperature=0, tries=1).lines[0][0]
            for form in ("jueju5", "jueju7")
        ]
    assert firsts["full"][0] in "白紅青黃金碧"
    assert firsts["full"][1] in "秦楚唐吳燕蜀"
    assert firsts["none"][0] == firsts["none"][1]  # without the heading it cannot know
