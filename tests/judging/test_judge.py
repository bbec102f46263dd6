"""Measures of planted poems: what was planted is found, and human poems beside human poems show nothing."""

import dataclasses
import json
import random

import pytest

from tests.conftest import ROOT
from tests.helpers import planted_verse as planted
from textgen import Generator
from textgen.errors import CorpusError, UsageError
from textgen.judging import caesura, diction, judge, themes
from textgen.judging.measuring import shuffled
from textgen.judging.poems import Verse, alike, read_poems, split
from textgen.system import extras

# A run that learned a few Chinese poems.
RUN = ROOT / "tests/data/before_packages/poems"
SHARED = ROOT.parent / "shared" / "corpora" / "tang"

pytestmark = pytest.mark.skipif(not extras.is_there("sklearn"), reason="needs the extra judge")


def value(found, name):
    return found.measure(name).value


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Human poems of the grammar, and files of poems to judge beside them."""
    path = tmp_path_factory.mktemp("poems")
    human = [lines for _, lines in planted.poems(900, seed=1)]
    own = [lines for _, lines in planted.poems(150, seed=2)]
    (path / "human.txt").write_text(planted.text(human), "utf-8")
    (path / "own.txt").write_text(planted.text(own), "utf-8")
    (path / "mixed.txt").write_text(planted.text(planted.shuffled(own, seed=3)), "utf-8")
    return path


@pytest.fixture(scope="module")
def own_judged(folder):
    return judge(folder / "own.txt", folder / "human.txt", form="jueju5")


def test_human_poems_beside_human_poems_show_nothing(own_judged):
    # The deviation of chance is 0.03, of the mean of 300 answers.
    assert 0.4 < value(own_judged, "accuracy") < 0.6
    assert 80 < value(own_judged, "coherence_percent") < 120
    assert value(own_judged, "broken_words") == own_judged.measure("broken_words").human == 0
    surprisal = own_judged.measure("surprisal")
    assert surprisal.value == pytest.approx(surprisal.human, abs=0.1)
    assert (own_judged.poems, own_judged.human) == (150, 150)
    assert own_judged.human + own_judged.learned < 900
    assert own_judged.findings == (
        "Nothing stands out: by these measures the poems are like human poems of their form.",
    )


def test_shuffled_lines_lie_near_nothing(folder):
    found = judge(folder / "mixed.txt", folder / "human.txt")
    assert -20 < value(found, "coherence_percent") < 20
    assert value(found, "accuracy") > 0.8  # by the same scorer's figure
    assert any(each.startswith("Lines follow each other less well than in human poems") for each in found.findings)
    # The same lines, so the same words.
    assert value(found, "broken_words") == 0


def test_words_broken_at_the_caesura_are_counted_exactly(folder, tmp_path):
    chooser = random.Random(4)
    poems = [lines for _, lines in planted.poems(100, seed=5)]
    planted_at = chooser.sample([(number, place) for number in range(100) for place in range(4)], 37)
    for number, place in planted_at:
        word = chooser.choice(planted.words_of(chooser.randrange(planted.THEMES)))[0]
        one, two, three = chooser.sample(planted.BETWEEN, 3)
        poems[number][place] = one + word + two + three
    (tmp_path / "broken.txt").write_text(planted.text(poems), "utf-8")
    found = judge(tmp_path / "broken.txt", folder / "human.txt")
    assert value(found, "broken_words") == pytest.approx(37 / 400)
    assert len(found.broken) == 37
    assert all(one.line[1:3] == one.word for one in found.broken)
    assert value(found, "broken_words_first") == pytest.approx(sum(place == 0 for _, place in planted_at) / 100)
    assert any("of the lines break a word at the caesura; of human lines 0.0%" in each for each in found.findings)


def test_a_bigram_planted_everywhere_comes_first(folder, tmp_path):
    poems = [lines for _, lines in planted.poems(80, seed=6)]
    for lines in poems:
        lines[2] = lines[2][:3] + "龍貓"
    (tmp_path / "planted.txt").write_text(planted.text(poems), "utf-8")
    found = judge(tmp_path / "planted.txt", folder / "human.txt")
    first = found.overused[0]
    assert (first.text, first.count, first.human_per_thousand) == ("龍貓", 80, 0)
    assert first.per_thousand == pytest.approx(1000 * 80 / (80 * 16))
    assert first.z > 2 * found.overused[1].z
    assert any(each.startswith("Over-used most: 龍貓") for each in found.findings)


def test_a_classifier_of_other_poems_judges_these(folder, tmp_path):
    marked = [[*lines[:3], lines[3][:4] + "龍"] for _, lines in planted.poems(100, seed=7)]
    (tmp_path / "machine.txt").write_text(planted.text(marked), "utf-8")
    half = [lines for _, lines in planted.poems(30, seed=8)] + marked[:30]
    (tmp_path / "half.txt").write_text(planted.text(half), "utf-8")
    clean = planted.text([lines for _, lines in planted.poems(30, seed=9)])
    (tmp_path / "clean.txt").write_text(clean, "utf-8")
    files = [tmp_path / "half.txt", tmp_path / "clean.txt"]
    found = judge(files, folder / "human.txt", machine=tmp_path / "machine.txt")
    assert value(found, "accuracy") > 0.95
    assert 0.3 < value(found, f"probability_human:{files[0]}") < 0.7
    assert value(found, f"probability_human:{files[1]}") > 0.8


def test_the_surprisal_of_a_run(folder):
    found = judge(folder / "own.txt", folder / "human.txt", model=RUN)
    # Marks and line ends follow from the form, and do not count.
    score = Generator.load(RUN).score([one.text for one in read_poems(folder / "own.txt")])
    nats = [each for symbol, each in zip(score.symbols, score.surprisal, strict=True) if symbol.strip("，。\n")]
    assert len(nats) == 150 * 20
    assert value(found, "surprisal_of_run") == pytest.approx(sum(nats) / len(nats))
    assert found.measure("surprisal_of_run").label == "surprisal under the run, nats a character"
    assert any("has learned the human poems" in each for each in found.notes)


def test_english_poems_are_judged_by_their_words(tmp_path):
    def written(name, count, seed):
        chooser = random.Random(seed)
        poems = ["\n".join(planted.english_poem(chooser)) for _ in range(count)]
        (tmp_path / name).write_text("\n\n".join(poems).replace("the", "The"), "utf-8")
        return tmp_path / name

    found = judge(written("own.txt", 60, 1), written("human.txt", 500, 2))
    assert found.language == "english"
    assert found.measure("surprisal").label == "surprisal under n-grams, nats a word"
    assert 0.3 < value(found, "accuracy") < 0.7
    assert 70 < value(found, "coherence_percent") < 130
    # Four words of seven are always the same, and there are thirty nouns.
    assert value(found, "distinct_1") == pytest.approx(34 / (60 * 4 * 7))
    assert "broken_words" not in {one.name for one in found.measures}


def test_themes_are_known_by_their_titles(tmp_path):
    """A title is a character of the theme's first word, which no line has."""

    def titled(seed, number, right):
        chooser = random.Random(seed)
        entries = []
        for at, (theme, lines) in enumerate(planted.poems(number, seed)):
            named = theme if right else chooser.randrange(planted.THEMES)
            title = chr(0x6000 + named) + chr(0x6100 + named) + chr(0x8000 + at)
            entries.append({"title": title, "paragraphs": [f"{lines[0]}，{lines[1]}。", f"{lines[2]}，{lines[3]}。"]})
        return entries

    for name, entries in (
        ("human", titled(1, 600, True)),
        ("right", titled(2, 120, True)),
        ("wrong", titled(3, 120, False)),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(entries, ensure_ascii=False), "utf-8")
    ranker = themes.Ranker.learn(read_poems(tmp_path / "human.json"))
    right, wrong = (themes.first_share(ranker, read_poems(tmp_path / f"{name}.json")) for name in ("right", "wrong"))
    # Titles of one theme fit equally well. The mean of 1 / (1 + X), with X of 19 other titles of 12 themes:
    chance = (1 - (11 / 12) ** 20) / (20 / 12)
    assert right == pytest.approx(chance, abs=0.1)
    assert wrong < 0.15
    assert themes.first_share(ranker, read_poems(tmp_path / "right.json")[:19]) is None
    assert (
        themes.Ranker.learn([dataclasses.replace(one, title="") for one in read_poems(tmp_path / "human.json")]) is None
    )


def test_the_reference_is_split_alike_and_without_the_poems(folder):
    human = read_poems(folder / "human.txt")
    first, second = split(human, without=human[:50]), split(reversed(human), without=human[:50])
    assert [one.texts for one in first.held_out] == [one.texts for one in second.held_out]
    assert {one.texts for one in human[:50]} & {one.texts for part in first for one in part} == set()
    assert len(first.held_out) + len(first.learned) == len(
        {one.texts for one in human[50:]} - {one.texts for one in human[:50]}
    )
    assert 0.15 < len(first.held_out) / len(human[50:]) < 0.25


def test_poems_to_compare_have_the_same_shapes():
    five, seven = Verse(("白日依山盡",) * 4, ""), Verse(("秦時明月漢時關",) * 4, "")
    assert alike([five, seven, five, seven, five], [seven, five, five]) == [five, seven, five]
    assert alike([five], [seven]) == []


def test_shuffled_poems_have_every_line_once_and_none_beside_its_own(folder):
    poems = read_poems(folder / "own.txt")
    mixed = shuffled(poems)
    for place in range(4):
        assert sorted(one.texts[place] for one in mixed) == sorted(one.texts[place] for one in poems)
    pairs = {one.texts[place : place + 2] for one in poems for place in range(3)}
    assert not any(one.texts[place : place + 2] in pairs for one in mixed for place in range(3))


def test_what_counts_as_a_word():
    line = "明月照南山"
    poems = [Verse((line,) * 4, "")] * 5
    lexicon = caesura.learn(poems)
    assert all(map(lexicon.is_word, ("明月", "南山")))
    assert not lexicon.is_word("月照")  # it stands across the caesura
    assert lexicon.broken("一明月二三") == ["明月"]
    assert lexicon.broken("明月照南山") == []
    assert lexicon.broken("三一明月南山二") == []  # of seven characters, places 3 and 4 are one unit
    assert lexicon.broken("三一二明月一二") == ["明月"]
    assert lexicon.broken("明月") == []


def test_figures_of_diction_counted_by_hand():
    human = [Verse(("甲乙丙丁戊",), "")] * 3 + [Verse(("己庚辛壬癸",), "")]
    counts = diction.bigrams(human)
    assert counts[("甲", "乙")] == 3
    assert diction.stock_share(diction.stock_of(counts), [Verse(("甲乙己庚子",), "")]) == 2 / 4
    assert diction.distinct_share([Verse(("甲乙甲乙甲",), "")], 2) == 2 / 4
    assert diction.distinct_share([Verse(("甲乙甲乙甲",), "")], 1) == 2 / 5
    english = [Verse(("the sea the sea",), "", is_chinese=False)] * 3
    assert diction.overused(counts, english)[0].text in ("the sea", "sea the")


def test_titles_in_text(tmp_path):
    rows = [
        "春曉", "", "春眠不覺曉，處處聞啼鳥。", "夜來風雨聲，花落知多少。", "",
        "登鸛雀樓", "白日依山盡，黃河入海流。", "欲窮千里目，更上一層樓。", "", "床前明月光", "疑是地上霜", "",
        "The Sea", "", "the sea is wide", "and deep", "",
        "秦時明月漢時關", "", "萬里長征人未還", "",
    ]  # fmt: skip
    (tmp_path / "poems.txt").write_text("\n".join(rows), "utf-8")
    found = read_poems(tmp_path / "poems.txt")
    assert [(one.title, len(one.texts)) for one in found] == [
        ("春曉", 4),
        ("登鸛雀樓", 4),
        ("", 2),
        ("The Sea", 2),
        ("", 1),
        ("", 1),
    ]
    lines = [{"text": "白日依山盡，黃河入海流。", "title": "樓", "seed": 1}, {"text": "the sea\nis wide"}]
    (tmp_path / "poems.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    assert [(one.title, one.texts) for one in read_poems(tmp_path / "poems.jsonl")] == [
        ("樓", ("白日依山盡", "黃河入海流")),
        ("", ("the sea", "is wide")),
    ]


def refusal(folder, tmp_path, text, **options):
    (tmp_path / "bad.txt").write_text(text, "utf-8")
    with pytest.raises((CorpusError, UsageError)) as error:
        judge(tmp_path / "bad.txt", options.pop("reference", folder / "human.txt"), **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_cannot_be_judged(folder, tmp_path):
    own = (folder / "own.txt").read_text("utf-8")
    few = planted.text([lines for _, lines in planted.poems(19, seed=10)])
    english = "\n\n".join("\n".join(planted.english_poem(random.Random(seed))) for seed in range(100))
    (tmp_path / "english.txt").write_text(english, "utf-8")
    (tmp_path / "few.txt").write_text(few, "utf-8")
    seven = "\n\n".join(f"秦時明月漢時關，萬里長征人未{one}。" for one in planted.BETWEEN)
    simplified = planted.text(
        [["".join(chr(0x7000 + n * 20 + at * 5 + k) for k in range(5)) for at in range(4)] for n in range(30)]
    )
    for text, complaint, options in (
        (few, "19 poems to judge; at least 20 are needed", {}),
        (own[:24], "1 poem to judge", {}),
        ("", "bad.txt: no text in it", {}),
        (own, "no form 'ode'", {"form": "ode"}),
        (own, "0 poems of 150 of the form jueju7", {"form": "jueju7"}),
        (own, "0 poems of 150 of the form sonnet", {"form": "sonnet"}),
        (own, "`reference`: 0 poems in Chinese", {"reference": tmp_path / "english.txt"}),
        (english, "`reference`: 0 poems in English", {}),
        (own, "`reference`: 19 poems in Chinese", {"reference": tmp_path / "few.txt"}),
        (own, "`reference`: 0 poems in Chinese", {"reference": folder / "own.txt"}),
        (seven, "`reference`: 0 held-out poems of the shapes of the poems", {}),
        (simplified, "`reference`: 100% of the poems' characters are not in it", {}),
        (own, "`reference` takes files of human poems", {"reference": []}),
        (own, "`machine`: 19 poems of the same form", {"machine": tmp_path / "few.txt"}),
        (own, "`machine`: 0 poems of the same form", {"machine": tmp_path / "english.txt"}),
    ):
        assert complaint in refusal(folder, tmp_path, text, **options)


def test_a_judgement_as_json(own_judged):
    values = json.loads(json.dumps(own_judged.to_json()))
    assert values["measures"]["accuracy"]["value"] == value(own_judged, "accuracy")
    assert values["form"] == "jueju5"
    with pytest.raises(KeyError, match="speed"):
        own_judged.measure("speed")


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the collection of Tang poems")
def test_tang_poems_break_few_words():
    poems = read_poems(sorted(SHARED.glob("poet.tang.*000.json"))[:12])
    parts = split(poems, without=[])
    lexicon = caesura.learn(parts.learned)
    assert all(map(lexicon.is_word, ("南北", "明月", "春風", "天下", "萬里")))
    assert not any(map(lexicon.is_word, ("風吹", "人不")))
    assert 0 < caesura.shares(lexicon, parts.held_out).lines < 0.03
