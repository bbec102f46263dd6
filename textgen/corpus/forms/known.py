"""The forms that come with textgen, by name. Their files are read when a form is first asked for."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from textgen.arguments import shown
from textgen.corpus.forms.form import Form
from textgen.corpus.forms.own import SUFFIX, is_path, read_own_form
from textgen.errors import UsageError
from textgen.system.wording import did_you_mean

# Each file and the family of its forms, in the order in which the forms are listed.
FILES = {
    "regulated.toml": "Regulated verse (近體詩)",
    "english.toml": "English verse",
    "free.toml": "Any language",
    "old.toml": "Old verse and couplets (古體、對聯)",
    "ci.toml": "Tunes (詞)",
}

# Names of forms in a message.
MAX_LISTED = 16


class KnownForms(Mapping[str, Form]):
    """The forms of FILES by their names in ASCII, read when one is first asked for."""

    def __getitem__(self, name: str) -> Form:
        return self._forms[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._forms)

    def __len__(self) -> int:
        return len(self._forms)

    @cached_property
    def families(self) -> dict[str, list[Form]]:
        """Each family's forms, in the order of their files."""
        from textgen.corpus.forms.reading import read_forms  # here, since most commands need no form

        folder = Path(__file__).parent
        return {
            family: list(read_forms(file, (folder / file).read_text("utf-8")).values())
            for file, family in FILES.items()
        }

    @cached_property
    def _forms(self) -> dict[str, Form]:
        return {form.name: form for forms in self.families.values() for form in forms}

    @cached_property
    def by_any_name(self) -> dict[str, Form]:
        """The forms by all their names, those in Chinese included."""
        return {name: form for form in self._forms.values() for name in (form.name, *form.names)}

    def listed(self, language: str | None = None) -> str:
        """The names of all forms, or of those in a language, as a message lists them: no more than MAX_LISTED."""
        names = [form.name for form in self.values() if language is None or form.language in ("", language)]
        more = f" and {len(names) - MAX_LISTED} others" if len(names) > MAX_LISTED else ""
        return ", ".join(names[:MAX_LISTED]) + more


FORMS = KnownForms()


def form_of(name: str) -> Form:
    """The Form of a name, or of a path to a TOML file with one form.

    Raises:
        UsageError: no form of that name, with the nearest name or the names of all; a file that is no form.
    """
    if is_path(name):
        return read_own_form(name)
    known = FORMS.by_any_name
    if name not in known:
        near = did_you_mean(name, FORMS if name.isascii() else known)
        if near.startswith("there are"):
            near = f"there are: {FORMS.listed()}; or give a path to a form of your own that ends in {SUFFIX}"
        raise UsageError(f"`form`: no form {shown(name)}; {near}")
    return known[name]
