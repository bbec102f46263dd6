"""The forms of verse, as data."""

import pytest

from textgen.corpus.forms import FORMS, Form


@pytest.mark.parametrize(
    ("part", "value"), [("rhyme", "AB"), ("meters", (("ws",), ("ws",))), ("templates", ("aBbA", "aBb"))]
)
def test_a_form_whose_parts_are_not_of_one_size_is_a_mistake(part, value):
    with pytest.raises(ValueError, match=f"form odd: {part} must have one entry a line"):
        Form("odd", "a form with a mistake", "english", 3, **{part: value})


def test_meters_and_templates_use_known_signs():
    for form in FORMS.values():
        assert set("".join(pattern for line in form.meters for pattern in line)) <= set("wsx"), form.name
        assert set("".join(form.templates)) <= set("abAB"), form.name
