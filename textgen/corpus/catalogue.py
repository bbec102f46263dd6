"""Texts by name: texts written for this project, texts that every Python has, and classics that are downloaded.

Users may write `corpora:NAME` wherever they may write a path. A downloaded text is kept in the cache folder; its
SHA-256 is verified at each download. A new text needs one new entry in CATALOGUE. Knows nothing of what is in a text.
"""

import json
import os
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache as cached
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

from textgen.errors import CorpusError
from textgen.system import cache, installed
from textgen.system.files import write_atomically
from textgen.system.remote import Remote
from textgen.system.wording import did_you_mean

PREFIX = "corpora:"
RAW = "https://raw.githubusercontent.com"
TANG = f"{RAW}/chinese-poetry/chinese-poetry/master/{quote('全唐诗')}"
# Names that an error suggests.
MAX_SUGGESTIONS = 3


@dataclass(frozen=True)
class Entry:
    """A text of the catalogue. Exactly one of `bundled`, `download` and `make` says where it comes from.

    Attributes:
        name: the name that users give.
        about: a description of one line.
        licence: its licence.
        train: options of a training that suit the text, names and values.
        bundled: its file in `corpora/`, for a text written for this project.
        download: returns the files to download.
        make: makes the text from what this Python has, and returns it.
    """

    name: str
    about: str
    licence: str
    train: Mapping[str, object] = field(default_factory=dict)
    bundled: str = ""
    download: Callable[[], tuple[Remote, ...]] | None = None
    make: Callable[[], str] | None = None

    @property
    def kind(self) -> str:
        """Where the text comes from: "bundled", "fetched" or "on this machine"."""
        return "bundled" if self.bundled else "fetched" if self.download else "on this machine"

    @property
    def remote(self) -> tuple[Remote, ...]:
        """The files to download; empty for other texts."""
        return self.download() if self.download else ()


def _python_reference() -> str:
    from pydoc_data.topics import topics

    return "\n\n\n".join(topics[name].strip() for name in sorted(topics)) + "\n"


def _python_source() -> str:
    folder = Path(sysconfig.get_path("stdlib"))
    files = sorted(path for path in folder.glob("*.py") if path.is_file())
    return "\n\n\n".join(path.read_text("utf-8", "strict").strip() for path in files if path.stat().st_size) + "\n"


def _shakespeare() -> tuple[Remote, ...]:
    sha256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
    url = f"{RAW}/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
    return (Remote(url, "shakespeare.txt", sha256, 1_115_394),)


def _tang300() -> tuple[Remote, ...]:
    return (_tang_file(_tang_index()["selection"], "tang300.json"),)


def _tang() -> tuple[Remote, ...]:
    return tuple(_tang_file(file, file["name"]) for file in _tang_index()["files"])


@cached
def _tang_index() -> Any:
    """The files of chinese-poetry's collection, with sizes and sums. Data: a changed file there is a changed line."""
    return json.loads(resources.files("textgen.corpus").joinpath("tang.json").read_text("utf-8"))


def _tang_file(file: dict[str, Any], name: str) -> Remote:
    return Remote(f"{TANG}/{quote(file['name'])}", name, file["sha256"], file["size"])


CATALOGUE = (
    Entry(
        "ferryman",
        "thirty tales of one river and one boat, told by its ferryman",
        "CC0 1.0",
        bundled="ferryman.txt",
    ),
    Entry(
        "lamplighter",
        "72 poems, rhymed and metered, in nine forms",
        "CC0 1.0",
        {"documents": "poem", "epochs": 60},
        bundled="lamplighter.txt",
    ),
    Entry(
        "headlines",
        "1,170 headlines of a harbour town",
        "CC0 1.0",
        {"documents": "line", "epochs": 40},
        bundled="headlines.txt",
    ),
    Entry("jueju", "350 Chinese quatrains", "CC0 1.0", {"documents": "poem", "epochs": 60}, bundled="jueju.txt"),
    Entry(
        "haiku",
        "889 haiku of one village, in 473 words",
        "CC0 1.0",
        {"documents": "poem", "unit": "word", "epochs": 20},
        bundled="haiku.txt",
    ),
    Entry("python-reference", "the Python language reference, as pydoc has it", "PSF-2.0", make=_python_reference),
    Entry("python-source", "the modules of Python's standard library, as code", "PSF-2.0", make=_python_source),
    Entry(
        "shakespeare",
        "40,000 lines of Shakespeare's plays, known as tiny-shakespeare",
        "public domain",
        {"minutes": 5},
        download=_shakespeare,
    ),
    Entry(
        "tang300",
        "three hundred Tang poems, the best known",
        "MIT (chinese-poetry)",
        {"form": "jueju7"},
        download=_tang300,
    ),
    Entry(
        "tang",
        "41,000 Tang poems, of chinese-poetry's complete collection",
        "MIT (chinese-poetry)",
        {"form": "jueju7", "vocabulary_size": 5000, "minutes": 15},
        download=_tang,
    ),
)


def catalogue() -> dict[str, Entry]:
    """Each Entry of CATALOGUE by its name."""
    return {entry.name: entry for entry in CATALOGUE}


def entry(name: str) -> Entry:
    """The Entry of a name. Raises CorpusError, with the nearest names, if there is none."""
    known = catalogue()
    if name not in known:
        raise CorpusError(
            f"{PREFIX}{name}: no such text in the catalogue; {did_you_mean(name, known, MAX_SUGGESTIONS)}"
        )
    return known[name]


def files(name: str, quiet: bool = False) -> list[Path]:
    """The files of a text; downloads or makes those that are missing.

    Args:
        name: of an Entry.
        quiet: whether the progress bar is left out.

    Raises:
        CorpusError: no such text, or one that cannot be downloaded.
        StorageError: the cache cannot be written.
    """
    found = entry(name)
    if found.bundled:
        return [_bundled(found)]
    folder = cache.folder("corpora", name)
    if found.make:
        # Another Python has another text.
        path = folder / f"{name}-{sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}.txt"
        with cache.errors(path):
            is_made = path.exists()
        if not is_made:
            cache.make(folder)
            write_atomically(path, [found.make().encode("utf-8")], cache.FREE_SPACE_ADVICE)
        return [path]
    from textgen.system.download import fetch  # imports an HTTP client, which is slow

    return fetch(found.remote, folder, PREFIX + name, quiet)


def is_here(found: Entry) -> bool:
    """Whether a text can be read without a download."""
    return all(os.path.exists(cache.folder("corpora", found.name, one.name)) for one in found.remote)


def _bundled(found: Entry) -> Path:
    """The file of a text that was written for this project."""
    if path := installed.data_file(f"corpora/{found.bundled}"):
        return path
    raise CorpusError(f"{PREFIX}{found.name}: {found.bundled} is not installed; the source has it in corpora/")
