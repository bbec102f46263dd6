"""English forms of a fixed shape: poems by models without skill, judged by code that shares nothing with textgen's."""

import itertools

import pytest

from tests.helpers.scanning import RULES, faults, words
from tests.verse.conftest import ENGLISH
from textgen.corpus.forms import FORMS
from textgen.verse import check, compose

# Each form with each kind of model, and a seed of its own.
CASES = [(form, *smith, seed) for seed, (form, smith) in enumerate(itertools.product(RULES, ENGLISH))]


@pytest.mark.parametrize(("form", "kind", "direction", "seed"), CASES)
def test_each_form_holds_with_each_kind_of_model(wordsmiths, form, kind, direction, seed):
    poem = compose(wordsmiths[kind, direction], form=form, seed=seed, temperature=1, tries=4)
    assert faults(poem.text, form) == [], poem.text
    verdict = check(poem.text.split("\n"), form)
    assert verdict.holds, (poem.text, verdict)
    assert tuple(map(len, poem.stanzas)) == FORMS[form].stanzas
    assert tuple(itertools.chain(*poem.stanzas)) == poem.lines


@pytest.mark.parametrize("form", RULES)
def test_the_judge_of_these_tests_sees_a_poem_that_breaks(wordsmiths, form):
    """What the test above relies on: one word more, or a line in another place, is a fault."""
    poem = compose(wordsmiths["word", "backward"], form=form, seed=1, temperature=1, tries=4)
    lines = list(poem.lines)
    longer = "\n\n".join("\n".join(stanza) for stanza in FORMS[form].in_stanzas([lines[0] + " indeed", *lines[1:]]))
    assert faults(longer, form) or form == "clerihew"
    assert not check(longer.split("\n"), form).holds
    if RULES[form].rhymes or RULES[form].same:
        turned = "\n\n".join(
            "\n".join(stanza) for stanza in FORMS[form].in_stanzas([*lines[1:3], lines[0], *lines[3:]])
        )
        assert faults(turned, form), turned
        assert not check(turned.split("\n"), form).holds
