"""The checker on poems of known form, and on the same poems with faults."""

import pytest

from textgen.errors import UsageError
from textgen.verse import check
from textgen.verse.verdicts import Break

# Wang Zhihuan, 登鸛雀樓; Du Fu, 春望; Wang Changling, 出塞; Li Bai, 靜夜思, which is in the old style.
TOWER = ["白日依山盡，", "黃河入海流。", "欲窮千里目，", "更上一層樓。"]
SPRING = "國破山河在，城春草木深。感時花濺淚，恨別鳥驚心。烽火連三月，家書抵萬金。白頭搔更短，渾欲不勝簪。"
SPRING = [line + "，" for line in SPRING.replace("。", "，").split("，") if line]
PASS = ["秦時明月漢時關，", "萬里長征人未還。", "但使龍城飛將在，", "不教胡馬度陰山。"]
NIGHT = ["床前明月光，", "疑是地上霜。", "舉頭望明月，", "低頭思故鄉。"]


def test_poems_that_keep_the_strict_template():
    tower = check(TOWER, "jueju5")
    assert (tower.holds, tower.template, tower.tones, tower.rhyme, tower.fixed) == (True, "aBbA", "strict", "尤", 1.0)
    assert [line.marks for line in tower.lines][1] == "平平仄仄平"
    assert [line.rhymes for line in tower.lines] == [False, True, False, True]
    spring = check(SPRING)
    assert (spring.form.name, spring.holds, spring.template, spring.rhyme) == ("lushi5", True, "aBbAaBbA", "侵")


def test_a_poem_that_keeps_only_the_places_that_count():
    strict, relaxed = check(PASS), check(PASS, tones="relaxed")
    assert strict.form.name == "jueju7"
    assert not strict.holds
    assert strict.lines[1].breaks == [Break("tone", "平 at 5, not 仄")]
    assert strict.count("tone") == 1
    assert relaxed.holds
    assert (relaxed.tones, relaxed.rhyme, relaxed.template[0]) == ("relaxed", "刪", "A")


def test_a_poem_in_the_old_style():
    verdict = check(NIGHT)
    assert not verdict.holds
    assert verdict.tones == ""
    assert verdict.rhyme == "陽"
    assert check(NIGHT, tones="off").holds


def test_variants_that_poets_allowed_themselves():
    # The third and fourth characters of a line of type b swap tones, NPPZZ to NPZPZ: 欲窮百年目.
    variant = ["白日依山盡", "黃河入海流", "欲窮百年目", "更上一層樓"]
    verdict = check(variant, "jueju5")
    assert verdict.holds
    assert verdict.tones == "variants"
    assert check(variant, "jueju5", tones="relaxed").holds


def test_three_levels_at_the_end_break_every_rule():
    # 更上一層樓 with a level third character.
    for tones in ("strict", "relaxed"):
        assert check([*TOWER[:3], "更上千層樓"], "jueju5", tones=tones).lines[3].breaks == [
            Break("tone", "平 at 3, not 仄")
        ]


def test_the_lone_level_breaks_every_rule():
    # 黃河入海流 with an oblique first character: only the second character is level, besides the rhyme.
    broken = [TOWER[0], "綠河入海流", *TOWER[2:]]
    for tones in ("strict", "relaxed"):
        assert check(broken, "jueju5", tones=tones).count("tone") == 1
    # A level third character compensates.
    assert check([TOWER[0], "綠河知海流", *TOWER[2:]], "jueju5").tones == "variants"


def test_rhymes_that_break():
    other = check([*TOWER[:3], "更上一層山"], "jueju5")
    assert [line.breaks for line in other.lines] == [[], [], [], [Break("rhyme", "山 is 刪, not 尤")]]
    twice = check([*TOWER[:3], "更上一江流"], "jueju5")
    assert twice.lines[3].breaks == [Break("rhyme", "流 has rhymed in line 2")]
    oblique = check([TOWER[0], "黃河入海暮", TOWER[2], "更上一層路"], "jueju5", tones="off")
    assert not oblique.holds
    assert str(oblique.breaks[0]).startswith("rhyme: oblique")
    assert check([*TOWER[:3], "更上一層山"], "jueju5", rhyme_book="off").holds
    # The same rhyme today, but different groups in Pingshui.
    assert not check([*TOWER[:1], "黃河入海東", TOWER[2], "更上一層峰"], "jueju5").holds
    assert check([*TOWER[:1], "黃河入海東", TOWER[2], "更上一層峰"], "jueju5", tones="off", rhyme_book="modern").holds


def test_lengths_and_lines_that_break():
    short = check([TOWER[0], "黃河入海", *TOWER[2:]], "jueju5")
    assert short.lines[1].breaks[0] == Break("length", "4 characters, not 5")
    assert check(TOWER[:3], "jueju5").breaks == [Break("lines", "3, not 4")]
    assert check([*TOWER, "黃河"], "jueju5").breaks == [Break("lines", "5, not 4")]
    assert check([], "jueju5").breaks == [Break("lines", "0, not 4")]


def test_acrostics_are_checked():
    assert check(TOWER, "jueju5", acrostic="白黃欲更").holds
    assert check(TOWER, "jueju5", acrostic="白黃欲山").lines[3].breaks == [Break("letter", "更, not 山")]
    assert check(TOWER, "jueju5", acrostic="白欲", acrostic_at="couplet").holds


def test_simplified_text_is_judged_alike():
    simplified = ["白日依山尽，", "黄河入海流。", "欲穷千里目，", "更上一层楼。"]
    assert check(simplified, "jueju5").holds


def test_what_is_uncertain_is_a_remark_and_no_break():
    verdict = check([*TOWER[:2], "☃窮千里目", TOWER[3]], "jueju5")
    assert verdict.lines[2].breaks == [Break("length", "4 characters, not 5")]
    rare = check([*TOWER[:2], "欲窮䨻里目", TOWER[3]], "jueju5")
    assert rare.holds
    assert "䨻 not in the rhyme book" in rare.lines[2].remarks
    assert any("by one of two readings" in remark for line in check(SPRING).lines for remark in line.remarks)


# Shakespeare's twelfth sonnet, its first quatrain; Lear's first limerick, whose rhyme is a word twice.
CLOCK = [
    "When I do count the clock that tells the time,",
    "And see the brave day sunk in hideous night;",
    "When I behold the violet past prime,",
    "And sable curls all silver'd o'er with white;",
]
BEARD = [
    "There was an Old Man with a beard,",
    "Who said, 'It is just as I feared!",
    "Two Owls and a Hen,",
    "Four Larks and a Wren,",
    "Have all built their nests in my beard!'",
]
POND = ["An old silent pond", "a frog jumps into the pond", "splash, silence again."]


def test_rhymes_of_a_quatrain():
    verdict = check(CLOCK, "alternate")
    assert verdict.count("rhyme") == 0
    assert verdict.rhyme == "A: time, prime; B: night, white"
    broken = check(CLOCK, "couplets")
    assert Break("rhyme", "night does not rhyme with time") in broken.lines[1].breaks
    assert broken.count("rhyme") == 2


def test_a_word_does_not_rhyme_with_itself():
    verdict = check(BEARD, "limerick")
    assert Break("rhyme", "beard stands in line 1 too") in verdict.lines[4].breaks
    assert verdict.count("rhyme") == 1


def test_a_haiku():
    assert check(POND, "haiku").holds
    assert check([*POND[:2], "a pond"], "haiku").lines[2].breaks == [Break("syllables", "2, not 5")]
    assert check(["An old silent xyzzyq", *POND[1:]], "haiku").lines[0].remarks[0].startswith("cannot be scanned")


def test_meter():
    lines = ["The curfew tolls the knell of parting day", "And every morning he would go away"] * 2
    assert check(lines, "couplets").count("meter") == 0
    assert check(["Never never never never never"] * 4, "couplets").count("meter") == 4


def test_the_lines_and_rhymes_of_english_verse_tell_its_form():
    assert check(POND).form.name == "haiku"
    assert check(BEARD).form.name == "limerick"
    assert check(CLOCK).form.name == "alternate"
    for scheme in ("couplets", "alternate", "enclosed"):
        order = {"couplets": (0, 2, 1, 3), "alternate": (0, 1, 2, 3), "enclosed": (0, 1, 3, 2)}[scheme]
        assert check([CLOCK[place] for place in order]).form.name == scheme


def test_a_form_must_be_named_where_the_shape_does_not_tell_it():
    with pytest.raises(
        UsageError, match="no form of English verse fits 2 lines of this length; choose one of couplets,"
    ):
        check(CLOCK[:2])
    with pytest.raises(
        UsageError, match="no form of Chinese verse fits 1 line of this length; choose one of jueju5, jueju7,"
    ):
        check(["床前明月光，"])
    assert repr(check(CLOCK, "free")) == "<Verdict, free: holds>"
    with pytest.raises(UsageError, match="no form 'limrick'; did you mean 'limerick'"):
        check(["a"], "limrick")
    with pytest.raises(UsageError, match="no form 'ode'"):
        check(CLOCK, "ode")
