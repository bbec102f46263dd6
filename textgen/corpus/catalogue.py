"""Texts by name: those written for this project, those that every machine has, classics that are fetched.

`corpora:NAME` stands wherever a path does. A classic is kept in the cache folder and checked against its SHA-256 each
time it is fetched. A new text is a new entry of CATALOGUE. Knows nothing of what is in a text.
"""

import json
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from textgen.errors import CorpusError
from textgen.system import cache
from textgen.system.files import write_atomically
from textgen.system.wording import did_you_mean

PREFIX = "corpora:"
RAW = "https://raw.githubusercontent.com"
TANG = f"{RAW}/chinese-poetry/chinese-poetry/master/{quote('全唐诗')}"


@dataclass(frozen=True)
class Remote:
    """A file somewhere else.

    Attributes:
        url: where it is.
        name: its name here.
        sha256: of its bytes, hex.
        size: its bytes.
    """

    url: str
    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Entry:
    """A text.

    Attributes:
        name: as it is asked for.
        about: what it is, in a line.
        licence: what may be done with it.
        train: how to train on it.
        bundled: its file in `corpora/`, where it was written for this project.
        remote: where it is fetched from, where it is.
        made: how it is made of what the machine has: returns text.
    """

    name: str
    about: str
    licence: str
    train: str
    bundled: str = ""
    remote: tuple[Remote, ...] = ()
    made: Callable | None = None

    @property
    def kind(self):
        """Where it comes from, in a word."""
        return "bundled" if self.bundled else "fetched" if self.remote else "on this machine"


def _python_reference():
    from pydoc_data.topics import topics

    return "\n\n\n".join(topics[name].strip() for name in sorted(topics)) + "\n"


def _python_source():
    folder = Path(sysconfig.get_path("stdlib"))
    files = sorted(path for path in folder.glob("*.py") if path.is_file())
    return "\n\n\n".join(path.read_text("utf-8", "strict").strip() for path in files if path.stat().st_size) + "\n"


def _tang_file(file, name):
    return Remote(f"{TANG}/{quote(file['name'])}", name, file["sha256"], file["size"])


def _entries():
    # The files of chinese-poetry's collection are data: a changed file there is a changed line.
    tang = json.loads(resources.files("textgen.corpus").joinpath("tang.json").read_text("utf-8"))
    cc0 = "CC0 1.0"
    yield Entry("ferryman", "thirty tales of one river and one boat, told by its ferryman", cc0, "", "ferryman.txt")
    yield Entry(
        "lamplighter",
        "72 poems, rhymed and metered, in nine forms",
        cc0,
        "--documents poem --epochs 60",
        "lamplighter.txt",
    )
    yield Entry("headlines", "1,170 headlines of a harbour town", cc0, "--documents line --epochs 40", "headlines.txt")
    yield Entry("jueju", "350 Chinese quatrains", cc0, "--documents poem --epochs 60", "jueju.txt")
    yield Entry(
        "python-reference", "the Python language reference, as pydoc has it", "PSF-2.0", "", made=_python_reference
    )
    yield Entry(
        "python-source", "the modules of Python's standard library, as code", "PSF-2.0", "", made=_python_source
    )
    yield Entry(
        "shakespeare",
        "40,000 lines of Shakespeare's plays, known as tiny-shakespeare",
        "public domain",
        "--minutes 5",
        remote=(
            Remote(
                f"{RAW}/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
                "shakespeare.txt",
                "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
                1_115_394,
            ),
        ),
    )
    yield Entry(
        "tang300",
        "three hundred Tang poems, the best known",
        "MIT (chinese-poetry)",
        "--form jueju7",
        remote=(_tang_file(tang["selection"], "tang300.json"),),
    )
    yield Entry(
        "tang",
        "41,000 Tang poems, of chinese-poetry's complete collection",
        "MIT (chinese-poetry)",
        "--form jueju7 --vocabulary-size 5000 --minutes 15",
        remote=tuple(_tang_file(file, file["name"]) for file in tang["files"]),
    )


def catalogue():
    """Each Entry by its name."""
    return {entry.name: entry for entry in _entries()}


def entry(name):
    """The Entry of a name, or CorpusError with the nearest names."""
    known = catalogue()
    if name not in known:
        raise CorpusError(f"{PREFIX}{name}: no such text in the catalogue; {did_you_mean(name, known, 3)}")
    return known[name]


def files(name, quiet=False):
    """The files of a text, fetched or made where they are not there yet.

    Args:
        name: of an entry.
        quiet: no progress bar.

    Raises:
        CorpusError: no such text, or one that cannot be fetched.
        StorageError: the cache cannot be written.
    """
    found = entry(name)
    if found.bundled:
        return [_bundled(found)]
    folder = cache.folder("corpora", name)
    if found.made:
        # Another Python has another text.
        path = folder / f"{name}-{sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}.txt"
        if not path.exists():
            write_atomically(path, [found.made().encode("utf-8")], cache.FREE_SPACE_ADVICE)
        return [path]
    from textgen.corpus.download import fetch  # what talks to servers is slow to import

    return fetch(found.remote, folder, PREFIX + name, quiet)


def is_here(found):
    """Whether a text can be read without being fetched."""
    return not found.remote or all((cache.folder("corpora", found.name) / one.name).exists() for one in found.remote)


def _bundled(found):
    """The file of a text that was written for this project: beside the package in a clone, else where pip puts data."""
    places = [
        Path(__file__).parent.parent.parent / "corpora",
        Path(sysconfig.get_path("data")) / "share" / "textgen" / "corpora",
    ]
    for place in places:
        if (place / found.bundled).is_file():
            return place / found.bundled
    raise CorpusError(f"{PREFIX}{found.name}: {found.bundled} is not installed; it stands in corpora/ of the source")
