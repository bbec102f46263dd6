"""HTML pages that need nothing else: a template, a style sheet, scripts and data put together.

A page's Content Security Policy allows its own scripts and styles, by their hashes, and no request to anywhere. Scripts
are modules in files of their own; in the page they stand one after another as one script. This module knows nothing of
models.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

_IMPORT = re.compile(r"^import \{[^}]*\} from \"\./[\w-]+\.js\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
# Comments that stand on lines of their own, and the white space at the beginning of a line.
_COMMENT = re.compile(r"^[ ]*(?://.*|/\*\*[\s\S]*?\*/)\n|^[ ]+", re.MULTILINE)


def folder(package: str) -> Traversable:
    """The files of a package."""
    return resources.files(package)


def script(place: Traversable, names: Sequence[str]) -> str:
    """Modules as one script, which stands in a block of its own, without their comments.

    Args:
        place: the folder of the modules.
        names: of the modules, each after those that it imports from.
    """
    parts = [(place / f"{name}.js").read_text("utf-8") for name in names]
    whole = "\n".join(_COMMENT.sub("", _EXPORT.sub("", _IMPORT.sub("", part))) for part in parts)
    return f'"use strict";\n{{\n{whole}\n}}\n'


def embedded(values: Any) -> str:
    """JSON that can stand inside a page: it contains no tag, and no line end but that of a string."""
    text = json.dumps(values, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def filled(template: str, parts: Mapping[str, str]) -> str:
    """A template with its places filled: `{{name}}` by the part of that name. A part is not searched for places."""
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], template)


def policy(style: str, scripts: Sequence[str], more: Mapping[str, str] | None = None) -> str:
    """A Content Security Policy for a page.

    Args:
        style, scripts: the text of its style element and of its script elements.
        more: further directives and their values.
    """
    directives = {
        "default-src": "'none'",
        "style-src": _hash(style),
        "script-src": " ".join(map(_hash, scripts)),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    for name, value in (more or {}).items():
        directives[name] = f"{directives[name]} {value}" if name in directives else value
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
