"""Named arrays to and from safetensors files that nobody vouches for. Knows nothing of what they are for."""

import json
import struct

import numpy as np
import safetensors

from textgen.errors import RunError
from textgen.system.safejson import check_plain

# The names that safetensors gives the types of what training keeps.
DTYPES = {"<f4": "F32", "<i4": "I32", "<i8": "I64", "<u4": "U32", "<u8": "U64"}


def tensor_parts(tensors):
    """Named arrays as the parts of a safetensors file.

    Array by array, straight from where they are: safetensors.numpy.save would hold the file in memory once more, and
    its save_file writes under a name of its own choice, which a crash would leave behind.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    header, end = {}, 0
    # Larger items first, as the library does it, so that each array starts at a multiple of its item's size.
    for name, array in sorted(arrays.items(), key=lambda pair: (-pair[1].itemsize, pair[0])):
        start, end = end, end + array.nbytes
        header[name] = {"dtype": DTYPES[array.dtype.str], "shape": array.shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return [struct.pack("<Q", len(text)), text, *(arrays[name].reshape(-1).data for name in header)]


def read_tensors(path, wanted, optional=()):
    """Named arrays from a safetensors file.

    Args:
        path: the file.
        wanted: the names that must be there, no more and no less, each with its shape (None for any length) and
            dtype ("F32").
        optional: names of these that an older file may lack.

    Raises:
        RunError: the file is missing, damaged, holds other tensors, or numbers that are not finite.
    """
    try:
        check_plain(path)
        with safetensors.safe_open(path, framework="numpy") as file:
            lacking = set(optional) - set(file.keys())
            wanted = {name: rule for name, rule in wanted.items() if name not in lacking}
            _check_header(path, file, wanted)
            tensors = {name: file.get_tensor(name) for name in wanted}
    except FileNotFoundError:
        raise RunError(f"{path}: missing") from None
    except (OSError, safetensors.SafetensorError) as error:
        raise RunError(f"{path}: damaged: {error}") from None
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise RunError(f"{path}: {name} holds numbers that are not finite")
    return tensors


def _check_header(path, file, wanted):
    found = set(file.keys())
    if found != set(wanted):
        odd, lacking = sorted(found - set(wanted)), sorted(set(wanted) - found)
        raise RunError(f"{path}: unexpected tensors {odd[:5]}, missing tensors {lacking[:5]}")
    for name, (shape, dtype) in wanted.items():
        header = file.get_slice(name)
        found = tuple(header.get_shape())
        agrees = len(found) == len(shape) and all(size in (None, own) for size, own in zip(shape, found, strict=True))
        if not agrees or header.get_dtype() != dtype:
            raise RunError(
                f"{path}: {name} is {header.get_dtype()} {found}; the configuration wants {dtype} {tuple(shape)}"
            )
