"""The forms of verse, as data, and the files that hold them."""

import itertools
import subprocess
import sys

import pytest

from textgen.corpus.forms import FORMS, Form
from textgen.corpus.forms.reading import read_forms
from textgen.corpus.forms.scheme import parse
from textgen.errors import UsageError


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("rhyme", "AB"),
        ("meters", (("ws",), ("ws",))),
        ("templates", ("aBbA", "aBb")),
        ("refrains", (-1, 0)),
    ],
)
def test_a_form_whose_parts_are_not_of_one_size_is_a_mistake(part, value):
    with pytest.raises(ValueError, match=f"form odd: {part} must have one entry a line"):
        Form("odd", "a form with a mistake", "english", 3, **{part: value})
    with pytest.raises(ValueError, match="form odd: stanzas have 4 lines, not 3"):
        Form("odd", "a form with a mistake", "english", 3, stanzas=(2, 2))
    with pytest.raises(ValueError, match="may repeat only an earlier one"):
        Form("odd", "a form with a mistake", "english", 3, refrains=(-1, 1, -1))


def test_meters_and_templates_use_known_signs():
    for form in FORMS.values():
        assert set("".join(pattern for line in form.meters for pattern in line)) <= set("wsx"), form.name
        assert set("".join(form.templates)) <= set("abAB"), form.name


def test_a_scheme_tells_rhymes_stanzas_and_refrains():
    sonnet = parse("ABAB CDCD EFEF GG")
    assert (sonnet.rhyme, sonnet.stanzas, sonnet.refrains) == ("ABABCDCDEFEFGG", (4, 4, 4, 2), ())
    villanelle = parse("A1bA2 abA1 abA2 abA1 abA2 abA1A2")
    assert villanelle.rhyme == "ABA" + 4 * "ABA" + "ABAA"
    assert villanelle.stanzas == (3, 3, 3, 3, 3, 4)
    # Thomas, Do not go gentle: lines 1, 6, 12 and 18 are one, and lines 3, 9, 15 and 19 another.
    assert {line + 1: earlier + 1 for line, earlier in enumerate(villanelle.refrains) if earlier >= 0} == {
        6: 1,
        12: 1,
        18: 1,
        9: 3,
        15: 3,
        19: 3,
    }
    assert parse("-a1-a1").rhyme == "-A-A"
    assert parse("a1b1 a2b2 a1b2 a2b1").refrains == (-1, -1, -1, -1, 0, 3, 2, 1)


@pytest.mark.parametrize(
    ("name", "lines", "rhyme", "stanzas"),
    [
        ("terza-rima", 7, "ABABCBC", (3, 3, 1)),
        ("terza-rima", 19, "ABABCBCDCDEDEFEFGFG", (3, 3, 3, 3, 3, 3, 1)),
        ("pantoum", 12, "ABABBCBCCACA", (4, 4, 4)),
        ("pantoum", 20, "ABABBCBCCDCDDEDEEAEA", (4, 4, 4, 4, 4)),
        ("ghazal", 4, "AA-A", (2, 2)),
        ("ghazal", 14, "AA-A-A-A-A-A-A", (2,) * 7),
        ("blank-verse", 3, "---", (3,)),
    ],
)
def test_a_form_that_is_open_in_length_goes_on_as_it_began(name, lines, rhyme, stanzas):
    form = FORMS[name].sized(lines)
    assert (form.lines, form.rhyme, form.stanzas) == (lines, rhyme, stanzas)
    assert len(form.meters) == lines
    assert form.sized(FORMS[name].lines) == FORMS[name]
    assert FORMS[name].sized(FORMS[name].lines) is FORMS[name]
    assert not FORMS[name].allows(FORMS[name].least_lines - 1)
    if name == "pantoum":
        # Lines 2 and 4 of each quatrain are 1 and 3 of the next; the last ends with lines 3 and 1 of the first.
        quatrains = [range(at, at + 4) for at in range(0, lines, 4)]
        wanted = {
            second[place - 1]: first[place] for first, second in itertools.pairwise(quatrains) for place in (1, 3)
        }
        wanted |= {lines - 3: 2, lines - 1: 0}
        assert {line: earlier for line, earlier in enumerate(form.refrains) if earlier >= 0} == wanted


def test_a_long_terza_rima_has_a_letter_for_each_rhyme():
    rhyme = FORMS["terza-rima"].sized(499).rhyme
    counts = [rhyme.count(letter) for letter in dict.fromkeys(rhyme)]
    assert counts == [2, *[3] * 165, 2]


GROWING = '[x]\nabout = "a chain"\nscheme = "AAB BBC CCD"\nmeter = "wswsws"\n'


def test_a_form_of_ones_own_may_be_open_in_length():
    form = read_forms("my.toml", GROWING + "open = [4, 6]\n")["x"]
    assert (form.least_lines, form.sizes) == (6, "6, 9, 12 or more")
    assert form.sized(12).rhyme == "AABBBCCCDDDE"
    assert form.lines_of_stanzas(5) == 15
    assert form.lines_of_stanzas(1) == 0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GROWING + "open = 3\n", r"\[x\] open: takes two numbers of lines from 1 to 9; got 3; write the first and the"),
        (GROWING + "open = [0, 3]\n", r"\[x\] open: takes two numbers of lines from 1 to 9; got \[0, 3\]"),
        (GROWING + "open = [6, 4]\n", r"\[x\] open: takes two numbers"),
        (GROWING + "open = [1, true]\n", r"\[x\] open: takes two numbers"),
        (GROWING + "open = [2, 4]\n", r"\[x\] open: lines 2 to 4 are no whole stanzas; write"),
        (
            '[x]\nabout = "a"\nscheme = "12 21 12"\nmeter = "ws"\nopen = [3, 4]\n',
            "open: goes without .* numbered words",
        ),
        (
            GROWING.replace("AAB BBC CCD", "A1bA2 abA1 abA2 abA1 abA2 abA1A2") + "open = [4, 9]\n",
            r"\[x\] open: lines 4 to 9 do not come again, .*; write them at least twice",
        ),
        (
            GROWING.replace("AAB BBC CCD", "A1- B1- A1B1") + "open = [1, 2]\n",
            r"\[x\] open: line 5 goes with a line that comes before the last time of lines 1 to 2; let it go",
        ),
        (
            '[x]\nabout = "a"\nscheme = "EE ABAB CDCD ABAB"\nmeter = "ws"\nopen = [3, 6]\n',
            r"\[x\] open: line 11 goes with a line that comes before the last time of lines 3 to 6; let it go",
        ),
        ('[x]\nabout = "a"\nopen = [1, 2]\n', r"\[x\] open: needs `meter` beside it; add meter"),
    ],
)
def test_what_cannot_be_open_in_length(text, complaint):
    with pytest.raises(UsageError, match=complaint) as caught:
        read_forms("my.toml", text)
    assert "\n" not in str(caught.value)


def test_known_forms_are_read_when_one_is_asked_for():
    """Importing the forms reads no file and no TOML: most commands need none."""
    code = "import sys, textgen.corpus.forms as f; print('tomllib' in sys.modules); f.FORMS['haiku']; "
    code += "print('tomllib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


GOOD = 'about = "a form"\nlanguage = "english"\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("about = 1\n", r"my.toml: about: stands outside a table; begin the file with the form's name"),
        ("[x\n", r"my.toml: not TOML: .*line 1.*; mend the file there"),
        ("a = " + "1" * 5000, "my.toml: not TOML: "),
        ("[x]\na = " + "[" * 50_000, "my.toml: nested too deeply"),
        ("[Ode]\n" + GOOD, r"my.toml: \[Ode\]: a form's name has at most 40 small letters"),
        ("[x]\n", r"my.toml: \[x\] about: is missing; describe the form"),
        ("[x]\nabout = 3\n", r"\[x\] about: takes a text of 1 to 200 characters on one line; got 3; describe"),
        ('[x]\nabout = ""\n', r"\[x\] about: takes a text"),
        ('[x]\nabout = "a\\u001b[2Jb"\n', r"\[x\] about: takes a text"),
        ('[x]\nabout = "a\\nb"\n', r"\[x\] about: takes a text"),
        ('[x]\nabout = "' + "a" * 201 + '"\n', r"\[x\] about: takes a text"),
        ('[x]\nabout = "a"\nlanguage = "latin"\n', r"\[x\] language: takes chinese or english; got 'latin'; take it"),
        ("[x]\n" + GOOD + 'schema = "AA"\n', r"\[x\] schema: is no key of a form; did you mean 'scheme'\?"),
        ("[x]\n" + GOOD + "scheme = 3\n", r"\[x\] scheme: takes a text"),
        ("[x]\n" + GOOD + 'scheme = "A1B?"\n', r"\[x\] scheme: '\?' is no line of a rhyme scheme; write letters"),
        ("[x]\n" + GOOD + 'scheme = "A1B"\n', r"\[x\] scheme: A1 has a number, and the line does not return; write it"),
        ("[x]\n" + GOOD + f'scheme = "{"A" * 501}"\n', r"\[x\] scheme: has 501 lines, more than 500; make"),
        ("[x]\n" + GOOD + 'meter = "ws"\n', r"\[x\] meter: needs `scheme` beside it; add scheme"),
        (
            "[x]\n" + GOOD + 'scheme = "AA"\nmeter = 5\n',
            r"\[x\] meter: takes text, a list or a table; got 5; write",
        ),
        (
            "[x]\n" + GOOD + 'scheme = "AA"\nmeter = "wsW"\n',
            r"\[x\] meter: 'wsW' is no pattern; write one pattern of w",
        ),
        ("[x]\n" + GOOD + 'scheme = "AA"\nmeter = "ws|"\n', r"\[x\] meter: 'ws\|' is no pattern"),
        ("[x]\n" + GOOD + 'scheme = "AA"\nmeter = ["ws"]\n', r"\[x\] meter: has 1 patterns, and the scheme 2 lines"),
        ("[x]\n" + GOOD + 'scheme = "AA"\nmeter = ["ws", 3]\n', r"\[x\] meter: 3 is no pattern"),
        ("[x]\n" + GOOD + 'scheme = "AB"\nmeter = {A = "ws"}\n', r"\[x\] meter: has no pattern for B; add B = "),
        ("[x]\n" + GOOD + 'scheme = "A-"\nmeter = {A = "ws"}\n', r'\[x\] meter: has no pattern for -; add "-" = '),
        ("[x]\n" + GOOD + 'scheme = "A"\nmeter = {A = "w", C = "s"}\n', r"\[x\] meter: 'C' is no letter of the scheme"),
        ("[x]\n" + GOOD + f'scheme = "A"\nmeter = "{"w" * 65}"\n', r"\[x\] meter: a line takes at most 32 patterns"),
        ("[x]\n" + GOOD + f'scheme = "A"\nmeter = "{"w|" * 32}w"\n', r"\[x\] meter: a line takes at most 32 patterns"),
        ("[x]\n" + GOOD + 'length = 6\ntemplates = ["aB"]\n', r"\[x\] length: takes 5 or 7 characters; got 6; write"),
        ("[x]\n" + GOOD + "length = 5\n", r"\[x\] length: needs `templates` beside it; add templates"),
        ("[x]\n" + GOOD + 'templates = ["aB"]\n', r"\[x\] templates: needs `length` beside it"),
        ("[x]\n" + GOOD + "length = 5\ntemplates = []\n", r"\[x\] templates: takes a list of texts"),
        ("[x]\n" + GOOD + 'length = 5\ntemplates = ["aC"]\n', r"\[x\] templates: 'C' is no type of a line; write one"),
        ("[x]\n" + GOOD + 'length = 5\ntemplates = ["aB", "aBb"]\n', r"\[x\] templates: have 2 and 3 lines; give them"),
        ("[x]\n" + GOOD + 'length = 5\ntemplates = ["ab"]\n', r"\[x\] templates: 'ab' has no line that rhymes"),
    ],
)
def test_a_file_that_breaks_a_rule_ends_in_one_line(text, complaint):
    with pytest.raises(UsageError, match=complaint) as caught:
        read_forms("my.toml", text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_meters_of_lines_and_of_letters():
    text = f'[x]\n{GOOD}scheme = "ab-"\nmeter = {{a = "ws|sw", B = "x", "-" = "s"}}\n'
    form = read_forms("my.toml", text)["x"]
    assert form.meters == (("ws", "sw"), ("x",), ("s",))
    assert (form.rhyme, form.lines, form.stanzas) == ("AB-", 3, (3,))


def test_stanzas_are_counted_where_each_unit_is_one():
    chosen = 'scheme = "------ ------ --- --- --- ---"\nmeter = "ws"\nopen = [13, 18]\n'
    form = read_forms("my.toml", f'[x]\nabout = "a"\n{chosen}')["x"]
    assert (form.least_lines, form.units.copies) == (18, 2)
    assert form.stanzas_of(18) == form.lines_of_stanzas(1) == 0  # a unit is two stanzas of three lines
    assert form.sized(30).stanzas == (6, 6, 3, 3, 3, 3, 3, 3)
