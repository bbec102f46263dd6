"""The forms of verse: what a form is, the files that hold them, and how such a file is read.

`FORMS` holds the forms that come with textgen, by name. Their files are `*.toml` in this folder, read when a form is
first asked for. A new form is a new table in one of them (and its row in docs/guide/verse.md). This package knows
nothing of characters, words or models.
"""

from textgen.corpus.forms.form import Form
from textgen.corpus.forms.known import FORMS, form_of

__all__ = ["FORMS", "Form", "form_of"]
