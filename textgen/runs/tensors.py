"""Named arrays to and from safetensors files that are not trusted. This module does not know what they are for."""

import json
import struct
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import safetensors
from numpy.typing import NDArray

from textgen.errors import RunError
from textgen.system.safejson import check_plain

# The names that safetensors gives to the dtypes that a run holds.
DTYPES = {"<f4": "F32", "<i4": "I32", "<i8": "I64", "<u4": "U32", "<u8": "U64"}

Tensors: TypeAlias = Mapping[str, NDArray[Any]]

# The parts of a file, written one after another.
Parts: TypeAlias = list[bytes | memoryview]

# What is expected of a tensor: its shape (None: any length) and its dtype, one of DTYPES.
TensorRule: TypeAlias = tuple[tuple[int | None, ...], str]


def tensor_parts(tensors: Tensors) -> Parts:
    """Return the parts of a safetensors file that holds these arrays.

    The parts are the header and views of the arrays, without a copy. safetensors.numpy.save would hold the whole file
    in memory once more; its save_file writes under a temporary name of its own, which a crash would leave behind.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    header: dict[str, dict[str, Any]] = {}
    end = 0
    # Larger items first, as the library does, so that each array starts at a multiple of its item size.
    for name, array in sorted(arrays.items(), key=lambda pair: (-pair[1].itemsize, pair[0])):
        start, end = end, end + array.nbytes
        header[name] = {"dtype": DTYPES[array.dtype.str], "shape": array.shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return [struct.pack("<Q", len(text)), text, *(arrays[name].reshape(-1).data for name in header)]


def read_tensors(
    path: Path, rules: Mapping[str, TensorRule], optional: Collection[str] = ()
) -> dict[str, NDArray[Any]]:
    """Read named arrays from a safetensors file.

    Args:
        path: the file.
        rules: name to shape and dtype; the file must hold exactly these tensors.
        optional: names among them that an older file may lack.

    Raises:
        RunError: the file is missing or damaged, holds other tensors, or holds numbers that are not finite.
    """
    try:
        check_plain(path)
        with safetensors.safe_open(path, framework="numpy") as file:
            missing = set(optional) - set(file.keys())
            rules = {name: rule for name, rule in rules.items() if name not in missing}
            _check_header(path, file, rules)
            tensors = {name: file.get_tensor(name) for name in rules}
    except FileNotFoundError:
        raise RunError(f"{path}: missing") from None
    except (OSError, safetensors.SafetensorError) as error:
        raise RunError(f"{path}: damaged: {error}") from None
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise RunError(f"{path}: {name} holds numbers that are not finite")
    return tensors


def _check_header(path: Path, file: Any, rules: Mapping[str, TensorRule]) -> None:
    """Compare names, shapes and dtypes with the rules before any array is allocated. `file` is a safe_open."""
    names = set(file.keys())
    if names != set(rules):
        unexpected, missing = sorted(names - set(rules)), sorted(set(rules) - names)
        raise RunError(f"{path}: unexpected tensors {unexpected[:5]}, missing tensors {missing[:5]}")
    for name, (shape, dtype) in rules.items():
        header = file.get_slice(name)
        found = tuple(header.get_shape())
        fits = len(found) == len(shape) and all(size in (None, own) for size, own in zip(shape, found, strict=True))
        if not fits or header.get_dtype() != dtype:
            raise RunError(
                f"{path}: {name} is {header.get_dtype()} {found}; the configuration requires {dtype} {tuple(shape)}"
            )
