"""English forms of a fixed shape: poems by models without skill, judged by code that shares nothing with textgen's."""

import itertools

import pytest

from tests.helpers.models import untaught
from tests.helpers.scanning import RULES, faults, rhymes, rule_of, words
from tests.verse.conftest import ENGLISH
from textgen.corpus.forms import FORMS
from textgen.corpus.memory import hash_poems
from textgen.errors import UsageError
from textgen.tokens.words import WordTokenizer
from textgen.verse import check, compose, compositions

# Each form with each kind of model, and a seed of its own.
CASES = [(form, *smith, seed) for seed, (form, smith) in enumerate(itertools.product(RULES, ENGLISH))]


@pytest.mark.parametrize(("form", "kind", "direction", "seed"), CASES)
def test_each_form_holds_with_each_kind_of_model(wordsmiths, form, kind, direction, seed):
    # In half of the cases without the licences that poets take.
    rule = ("strict", "substitutions")[seed % 2]
    options = {"form": form, "seed": seed, "temperature": 1, "tries": 4, "meter_rule": rule}
    poem = compose(wordsmiths[kind, direction], **options)
    assert faults(poem.text, form, rule) == [], poem.text
    verdict = check(poem.text.split("\n"), form, meter_rule=rule)
    assert verdict.holds, (poem.text, verdict)
    assert tuple(map(len, poem.stanzas)) == FORMS[form].stanzas
    assert tuple(itertools.chain(*poem.stanzas)) == poem.lines


def printed(form, lines):
    """Lines as a poem of a form is printed."""
    return "\n\n".join("\n".join(stanza) for stanza in FORMS[form].in_stanzas(lines))


@pytest.mark.parametrize("form", RULES)
def test_the_judge_of_these_tests_sees_a_poem_that_breaks(wordsmiths, form):
    """What the test above relies on: one word more, or a line in another place, is a fault."""
    poem = compose(wordsmiths["word", "backward"], form=form, seed=1, temperature=1, tries=4, meter_rule="strict")
    lines = list(poem.lines)
    longer = printed(form, [lines[0] + " indeed", *lines[1:]])
    assert faults(longer, form)
    assert not check(longer.split("\n"), form, meter_rule="strict").holds
    if RULES[form].rhymes or RULES[form].same:
        turned = printed(form, [*lines[1:3], lines[0], *lines[3:]])
        assert faults(turned, form), turned
        assert not check(turned.split("\n"), form).holds


@pytest.mark.parametrize(
    ("form", "lines", "stanzas"),
    [
        ("terza-rima", 7, 2),
        ("terza-rima", 22, 7),
        ("pantoum", 12, 3),
        ("pantoum", 24, 6),
        ("ghazal", 4, 2),
        ("ghazal", 16, 8),
        ("blank-verse", 3, None),
        ("blank-verse", 30, None),
    ],
)
def test_forms_that_are_open_in_length_hold_in_any(wordsmiths, form, lines, stanzas):
    for kind, direction in (("word", "backward"), ("char", "forward")):
        options = {"form": form, "seed": lines, "temperature": 1, "tries": 4}
        poem = compose(wordsmiths[kind, direction], lines=lines, **options)
        assert faults(poem.text, form, "substitutions", lines) == [], poem.text
        assert check(poem.text.split("\n"), form).holds
        assert check(poem.lines, form).form.lines == lines
        if stanzas:
            assert compose(wordsmiths[kind, direction], stanzas=stanzas, **options).text == poem.text
        else:
            with pytest.raises(UsageError, match="blank-verse has no stanzas to choose; use `lines`"):
                compositions(wordsmiths[kind, direction], stanzas=3, **options)


def test_the_rules_of_open_forms_are_those_of_their_usual_length():
    for form, lines in (("terza-rima", 13), ("pantoum", 16), ("ghazal", 10), ("blank-verse", 14)):
        usual, other = RULES[form], rule_of(form, lines)
        assert [sorted(own) for own in (other.rhymes, other.same)] == [
            sorted(own) for own in (usual.rhymes, usual.same)
        ]
        assert (other.patterns, other.stanzas) == (usual.patterns, usual.stanzas)


def test_a_short_line_that_was_learned_is_no_copy(wordsmiths):
    """The rentrement of a rondeau must not be refused as a line of the training poems."""
    generator = wordsmiths["word", "forward"]
    poem = compose(generator, form="rondeau", seed=7, temperature=1, tries=4)
    memory = hash_poems([poem.lines[8]]) | {"words": generator.memory["words"]}
    knowing = untaught(generator.tokenizer, type(generator.tokenizer), memory=memory, sharpness=2.0)
    assert compose(knowing, form="rondeau", seed=7, temperature=1, tries=4).text == poem.text


@pytest.mark.parametrize("form", ["villanelle", "triolet", "rondeau", "pantoum", "sestina", "ghazal", "onegin"])
@pytest.mark.parametrize(("kind", "direction"), [("word", "backward"), ("char", "forward")])
def test_temperature_0_keeps_forms_that_repeat(wordsmiths, form, kind, direction):
    poem = compose(wordsmiths[kind, direction], form=form, seed=1, temperature=0, tries=6, meter_rule="strict")
    assert faults(poem.text, form) == [], poem.text


@pytest.mark.parametrize(("kind", "direction"), ENGLISH)
def test_acrostics_on_forms_that_repeat(wordsmiths, kind, direction):
    """Line 4 of a triolet is line 1, and line 9 of a rondeau begins as line 1 does."""
    for form, letters in (("triolet", "abtas"), ("rondeau", "thatsbrst")):
        poem = compose(wordsmiths[kind, direction], form=form, acrostic=letters, seed=2, temperature=1, tries=4)
        assert [line[0].lower() for line in poem.lines[: len(letters)]] == list(letters)
        assert faults(poem.text, form, meter_rule="substitutions") == [], poem.text


def test_a_letter_at_a_couplet_is_a_letter_of_the_line_that_is_repeated(wordsmiths):
    """Line 5 of a pantoum is line 2, which has no letter of its own."""
    poem = compose(wordsmiths["word", "backward"], form="pantoum", acrostic="tab", acrostic_at="couplet", seed=1)
    assert poem.lines[1][0] == poem.lines[4][0] == "B"
    assert faults(poem.text, "pantoum", meter_rule="substitutions") == []


def test_a_rhyme_that_was_asked_for(wordsmiths):
    """The word itself does not rhyme; in a ghazal it is the word before the radif that rhymes with it."""
    for form, lines in (("villanelle", (0, 2, 3)), ("ghazal", (0, 1, 3))):
        poem = compose(wordsmiths["word", "backward"], form=form, rhyme="night", seed=2)
        ends = [words(poem.lines[line])[-2 if form == "ghazal" else -1] for line in lines]
        assert all(rhymes(end) & rhymes("night") and end != "night" for end in ends), ends


def test_a_beginning_may_go_on_into_a_line_that_repeats(wordsmiths):
    generator = wordsmiths["word", "forward"]
    whole = compose(generator, form="triolet", seed=3, temperature=1).lines
    start = "\n".join(whole[:3]) + "\n" + " ".join(whole[3].split()[:2])
    poem = compose(generator, form="triolet", start=start, seed=4, temperature=1)
    assert poem.lines[:4] == whole[:4]
    assert faults(poem.text, "triolet", meter_rule="substitutions") == [], poem.text
    other = "\n".join(whole[:3]) + "\n" + whole[2]
    with pytest.raises(UsageError, match="`start`: triolet does not allow"):
        compose(generator, form="triolet", start=other)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            {"form": "villanelle", "acrostic": "tidesxabc"},
            "line 6 of a villanelle begins as line 1 does, so their letters must be equal; got x and t",
        ),
        ({"form": "rondeau", "acrostic": "tttttttts"}, "line 9 of a rondeau begins as line 1 does"),
        ({"form": "pantoum", "acrostic": "ab" * 9}, "18 letters; pantoum has 16 lines and takes at most 16"),
        ({"form": "sestina", "rhyme": "night"}, "`rhyme`: sestina does not rhyme; choose another `form`"),
        ({"form": "blank-verse", "rhyme": "night"}, "`rhyme`: blank-verse does not rhyme; choose another `form`"),
        ({"form": "onegin", "rhyme": "night"}, "`rhyme=night`: the first rhyme of onegin has two syllables"),
        ({"form": "villanelle", "rhyme": "orange"}, "knows no word to rhyme with it, and villanelle needs 7"),
        ({"form": "ghazal", "lines": 7}, "`lines=7`: ghazal has 4, 6, 8 or more lines"),
        ({"form": "ghazal", "stanzas": 1}, "`stanzas=1`: ghazal has at least 2 stanzas"),
        ({"form": "pantoum", "stanzas": 126}, "a poem has at most 500 lines, and these are 504; ask for fewer"),
        ({"form": "sonnet", "stanzas": 3}, "`stanzas=3`: sonnet has always 14 lines; leave `stanzas` out"),
        ({"form": "free", "stanzas": 3}, "free has as many lines as the model writes; leave `stanzas` out"),
        (
            {"form": "pantoum", "stanzas": 4, "lines": 16},
            "`lines` and `stanzas` both say how long the poem is; give one",
        ),
        ({"form": "tanka", "start": "the lamp the lamp the lamp the lamp"}, "`start`: tanka does not allow"),
        ({"form": "villanela"}, "no form 'villanela'; did you mean 'villanelle'"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_line(wordsmiths, options, complaint):
    with pytest.raises(UsageError) as caught:
        compositions(wordsmiths["word", "forward"], **options)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ("villanelle", "villanelle needs 7 words with one rhyme at the end of its lines, and the run knows at most 2"),
        ("sestina", "sestina needs 6 end words, and the run knows 4 (hand, light, night, sand) that can end its lines"),
        ("onegin", "onegin needs 2 words with one rhyme of two syllables at the end of its lines, and the run knows"),
        ("ghazal", "ghazal needs 6 words with one rhyme before the repeated word, and the run knows at most 2"),
    ],
)
def test_too_few_words_are_told_before_anything_is_drawn(form, complaint):
    symbols = ["\n", *(space + word for word in ("light", "night", "sand", "hand") for space in ("", " "))]
    few = untaught(symbols, WordTokenizer)
    with pytest.raises(UsageError) as caught:
        compositions(few, form=form)
    assert str(caught.value).startswith(f"`form`: {complaint}")
    assert str(caught.value).endswith("train on more poems, or choose another `form`")
    # These words are enough for a ballad, and for a haiku.
    for other in ("ballad", "haiku"):
        assert check(compose(few, form=other, seed=1).lines, other).holds


def test_a_run_without_words_for_a_line_says_which(wordsmiths):
    few = untaught(["\n", "candle", " candle", "handle", " handle"], WordTokenizer)
    with pytest.raises(UsageError, match="the run's words do not suffice for line 1 of the blank-verse; train on more"):
        compositions(few, form="blank-verse")
