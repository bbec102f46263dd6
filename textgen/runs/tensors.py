"""Named arrays to and from safetensors files that are not trusted. This module does not know what they are for.

The format is that of the safetensors library: 8 bytes of length, a JSON header, the data. A test compares the two. The
library is not used, since it maps files into memory: one that becomes shorter meanwhile would kill the process, and a
path may lead elsewhere from one moment to the next. Here a file is read once, by its descriptor, and verified with it.
"""

import json
import math
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from textgen.errors import DamagedError, RunError
from textgen.system.safejson import check_type, json_values
from textgen.system.snapshots import SavedFile

# The names that safetensors gives to the dtypes that a run holds.
DTYPES = {"<f4": "F32", "<f2": "F16", "<i4": "I32", "<i8": "I64", "|u1": "U8", "<u2": "U16", "<u4": "U32", "<u8": "U64"}
_NUMPY = {name: np.dtype(kind) for kind, name in DTYPES.items()}

# A run has some dozens of tensors; a header says some 100 bytes of each.
MAX_HEADER_BYTES = 1 << 20
MAX_DIMENSIONS, MAX_SIZE = 8, 1 << 40

Tensors: TypeAlias = Mapping[str, NDArray[Any]]

# The parts of a file, written one after another.
Parts: TypeAlias = list[bytes | memoryview]

# What is expected of a tensor: its shape (None: any length) and its dtype, one of DTYPES; or several, "F32 or F16".
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
    file: SavedFile, rules: Mapping[str, TensorRule], optional: Collection[str] = ()
) -> dict[str, NDArray[Any]]:
    """Read named arrays from a safetensors file of a snapshot, and verify the file.

    The header must describe exactly the tensors that are expected, one after another without a gap. So it is known how
    much is allocated before anything is.

    Args:
        file: the file.
        rules: name to shape and dtype; the file must hold exactly these tensors.
        optional: names among them that an older file may lack.

    Returns:
        name to array, in the order of the file.

    Raises:
        DamagedError: the file is not what was written.
        RunError: it holds other tensors, or numbers that are not finite.
    """
    header = _header(file)
    missing = set(optional) - set(header)
    _compare(file, header, {name: rule for name, rule in rules.items() if name not in missing})
    tensors: dict[str, NDArray[Any]] = {}
    for name, entry in sorted(header.items(), key=lambda pair: pair[1].data_offsets):
        tensors[name] = np.empty(entry.shape, _NUMPY[entry.dtype])
        file.read_into(tensors[name].reshape(-1).data.cast("B") if tensors[name].size else b"")
    file.finish()
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise RunError(f"{file.path}: {name} holds numbers that are not finite")
    return tensors


@dataclass(frozen=True)
class _Entry:
    """What a header says of a tensor: its dtype, its shape, and where its bytes begin and end."""

    dtype: str
    shape: list[int]
    data_offsets: tuple[int, ...]

    def __post_init__(self) -> None:
        if (
            len(self.data_offsets) != 2
            or len(self.shape) > MAX_DIMENSIONS
            or any(not 0 <= size <= MAX_SIZE for size in self.shape)
        ):
            raise ValueError("expected a shape, and where the data begins and ends")


def _header(file: SavedFile) -> dict[str, _Entry]:
    (length,) = struct.unpack("<Q", file.read(8))
    if length > MAX_HEADER_BYTES:
        raise DamagedError(f"{file.path}: damaged: a header of {length:,} bytes")
    try:
        values = json_values(file.read(length))
        if isinstance(values, dict):
            values.pop("__metadata__", None)
        return check_type(values, dict[str, _Entry])
    except ValueError as error:
        raise DamagedError(f"{file.path}: damaged: its header: {error}") from None


def _compare(file: SavedFile, header: Mapping[str, _Entry], rules: Mapping[str, TensorRule]) -> None:
    """Compare a header with what is expected, and with the size of the file."""
    names = set(header)
    if names != set(rules):
        unexpected, missing = sorted(names - set(rules)), sorted(set(rules) - names)
        raise RunError(f"{file.path}: unexpected tensors {unexpected[:5]}, missing tensors {missing[:5]}")
    end = 0
    for name, entry in sorted(header.items(), key=lambda pair: pair[1].data_offsets):
        shape, dtype = rules[name]
        found = tuple(entry.shape)
        fits = len(found) == len(shape) and all(size in (None, own) for size, own in zip(shape, found, strict=True))
        if not fits or entry.dtype not in dtype.split(" or "):
            raise RunError(
                f"{file.path}: {name} is {entry.dtype} {found}; the configuration requires {dtype} {tuple(shape)}"
            )
        begin, size = end, math.prod(found) * _NUMPY[entry.dtype].itemsize
        end = begin + size
        if entry.data_offsets != (begin, end):
            raise DamagedError(f"{file.path}: damaged: {name} is not where the tensor before it ends")
    if file.at + end != file.size:
        raise DamagedError(f"{file.path}: damaged: its tensors end after {end:,} of {file.size - file.at:,} bytes")
