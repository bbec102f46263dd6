"""The forms that come with textgen, by name. Their files are read when a form is first asked for."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from textgen.arguments import shown
from textgen.corpus.forms.form import Form
from textgen.errors import UsageError
from textgen.system.wording import did_you_mean

# In the order in which the help lists the forms.
FILES = ("regulated.toml", "english.toml", "free.toml")


class KnownForms(Mapping[str, Form]):
    """The forms of FILES, read when one is first asked for."""

    def __getitem__(self, name: str) -> Form:
        return self._forms[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._forms)

    def __len__(self) -> int:
        return len(self._forms)

    @cached_property
    def _forms(self) -> dict[str, Form]:
        from textgen.corpus.forms.reading import read_forms  # here, since most commands need no form

        folder = Path(__file__).parent
        found: dict[str, Form] = {}
        for file in FILES:
            found |= read_forms(file, (folder / file).read_text("utf-8"))
        return found


FORMS: Mapping[str, Form] = KnownForms()


def form_of(name: str) -> Form:
    """The Form of a name. Raises UsageError, with the nearest name or the names of all forms, if there is none."""
    if name not in FORMS:
        raise UsageError(f"`form`: no form {shown(name)}; {did_you_mean(name, FORMS)}")
    return FORMS[name]
