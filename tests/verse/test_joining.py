"""Which stanzas of a file are one poem, and forms that are open in length."""

import pytest

from tests.verse.test_known_poems import CURFEW, GRACE, LIGHT, MARINER, SHRINK, TIDE, breaks
from textgen.errors import UsageError
from textgen.verse import check, joining
from textgen.verse.joining import joined
from textgen.verse.verdicts import Break


def test_stanzas_of_a_file_are_one_poem_only_where_they_belong_together():
    quatrains = [CURFEW, GRACE, MARINER, SHRINK]
    assert list(joined(quatrains, None)) == quatrains
    assert list(joined(quatrains, "pantoum")) == ["\n\n".join(quatrains)]
    assert list(joined(quatrains[:3], "pantoum")) == ["\n\n".join(quatrains[:3])]
    assert list(joined(quatrains[:2], "pantoum")) == quatrains[:2]
    # Five blocks in the shape of a terza rima, without its rhymes.
    tercets = ["\n".join(LIGHT.split("\n")[at : at + 3]) for at in (0, 3, 6, 9)] + ["And stood"]
    assert list(joined(tercets, None)) == tercets
    assert list(joined(["白日依山盡，黃河入海流。"] * 4, None)) == ["白日依山盡，黃河入海流。"] * 4


# Terza rima of two tercets and a line, and of three; and a pantoum of three quatrains. Written for this test.
SHORT = """\
The boats are on the sand beside the town,
The nets are dry, the wind is in the west,
And one by one the evening bells come down.

The gulls are back, and look for where to rest,
And here and there a window has a light,
And on the wall somebody hangs a vest.

The sea goes on and says the same all night."""
LONG = (
    SHORT[: SHORT.rindex("\n\n")]
    + """

I lay awake and listened to the might
Of water that has nothing else to say,
And thought of you, who left it without fright.

The tide went out, and it was nearly day."""
)
BRIEF = """\
The tide is in, the boats are home,
And every lamp along the quay
Is shining on a line of foam:
The night is coming from the sea.

And every lamp along the quay
Is telling someone where to go.
The night is coming from the sea,
And all the wind has turned to snow.

Is telling someone where to go
Is shining on a line of foam.
And all the wind has turned to snow.
The tide is in, the boats are home."""


@pytest.mark.parametrize(("text", "form", "lines"), [(SHORT, "terza-rima", 7), (LONG, "terza-rima", 10)])
def test_forms_that_are_open_in_length_are_known_by_their_rhymes(text, form, lines):
    for poem in (check(text.split("\n"), form), check(list(filter(None, text.split("\n"))))):
        assert (poem.form.name, poem.form.lines) == (form, lines)
        assert not poem.count("rhyme")
        assert not poem.breaks
    for named in (None, form):
        assert list(joined([GRACE, *text.split("\n\n"), GRACE], named)) == [GRACE, text, GRACE]
    assert list(joined([*text.split("\n\n"), *text.split("\n\n")], form)) == [text, text]


def test_a_pantoum_of_three_quatrains():
    verdict = check(BRIEF.split("\n"))
    assert verdict.form.name == "pantoum"
    assert verdict.count("refrain") == verdict.count("rhyme") == 0
    assert list(joined([*BRIEF.split("\n\n"), GRACE], None)) == [BRIEF, GRACE]
    # Beside another one the refrains tell where the first one ends.
    assert list(joined([*BRIEF.split("\n\n"), *TIDE.split("\n\n")], "pantoum")) == [BRIEF, TIDE]
    assert breaks(
        check(BRIEF.replace("Is shining on a line of foam.", "A gull is on the line of foam.").split("\n"))
    ) == {10: ["refrain: does not repeat line 3"]}


@pytest.mark.parametrize("form", [None, "pantoum"])
def test_a_poem_of_few_stanzas_is_found_before_many_others(form):
    stanzas = BRIEF.split("\n\n")
    others = [CURFEW, GRACE, MARINER, SHRINK] * 8
    assert next(iter(joined([*stanzas, *others], form))) == BRIEF
    assert next(iter(joined([*stanzas, *stanzas, *others], form))) == BRIEF


def test_stanzas_that_do_not_return_are_not_judged_in_full(monkeypatch):
    """A file of quatrains or couplets takes no longer than its lines: each block is the beginning of no longer poem."""
    judged = []
    monkeypatch.setattr(joining, "check", lambda *given, **more: judged.append(1) or check(*given, **more))
    for blocks in ([CURFEW, GRACE, MARINER, SHRINK] * 25, ["\n".join(CURFEW.split("\n")[:2])] * 100):
        assert list(joined(blocks, None)) == blocks
    assert not judged


def test_a_poem_is_no_longer_than_the_longest():
    lines = ["The boats are on the sand beside the town"] * 3223
    assert check(lines, "terza-rima").breaks == [Break("lines", "3223, not 7, 10, 13 or more")]
    with pytest.raises(UsageError, match="no form of English verse fits 3,223 lines"):
        check(lines)
