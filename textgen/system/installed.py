"""What comes with textgen beside its modules: files of data, and what it requires. Knows nothing of what is in them."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

DISTRIBUTION = "textgen-lstm"
# Where an installation has the files, below its folder of data ([options.data_files] in setup.cfg).
INSTALLED = PurePosixPath("share/textgen")


def data_file(name: str) -> Path | None:
    """Find a file that comes with textgen.

    The texts and the run that ship stay in `corpora/` and `checkpoints/` beside the package, where readers of the
    source look for them, so they cannot be package data and `importlib.resources` does not find them. An installation
    puts them into a folder of data instead. Which folder that is depends on the kind of installation (virtual
    environment, user, prefix, target), but the list of files that the installer recorded always says. `sysconfig`
    answers for installers that record none.

    Args:
        name: its path in a clone, such as "corpora/jueju.txt".

    Returns:
        its path on this machine; None where it is not there.
    """
    return next((path for path in _places(PurePosixPath(name)) if path.is_file()), None)


def _places(name: PurePosixPath) -> Iterator[Path]:
    """Where a file may be, the likeliest place first."""
    beside = Path(__file__).parents[2]
    yield beside / name
    yield beside / INSTALLED / name  # `pip install --target`, which records other places than it uses
    import sysconfig  # only here, as metadata: a clone needs none of it
    from importlib import metadata

    inside = INSTALLED / name
    try:
        recorded = metadata.files(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        recorded = []
    for file in recorded:
        if file.parts[-len(inside.parts) :] == inside.parts:
            yield Path(os.path.normpath(file.locate()))
    for scheme in (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")):
        yield Path(sysconfig.get_path("data", scheme), inside)


def requirements(packages: Iterable[str]) -> list[str]:
    """What to give pip to install some packages: their names, with the versions that textgen requires.

    Args:
        packages: names in lower case, of packages or of their modules.
    """
    from importlib import metadata

    try:
        required = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:  # run from a clone, without an installation
        required = []
    plain = [each.partition(";")[0].strip() for each in required]
    names = [name.replace("_", "-") for name in packages]
    return [next((each for each in plain if _name(each) == name), name) for name in names]


def _name(requirement: str) -> str:
    """The name at the beginning of a requirement."""
    end = next((at for at, each in enumerate(requirement) if not (each.isalnum() or each in "-_.")), len(requirement))
    return requirement[:end].lower()
