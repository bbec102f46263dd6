"""Files of tensors: what the safetensors library reads is read, and what does not fit is refused before it is read."""

import json
import struct

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import examples
from tests.helpers.forged_runs import opened
from textgen.errors import DamagedError, RunError
from textgen.runs.tensors import read_tensors

RULES = {"a": ((2, 3), "F32"), "b": ((2,), "I64"), "c": ((None,), "U64"), "empty": ((0, 3), "F32")}
ARRAYS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array([1, -(2**60)], np.int64),
    "c": np.array([2**63, 5, 6], np.uint64),
    "empty": np.zeros((0, 3), np.float32),
}
SOUND = safetensors.numpy.save(ARRAYS)


def read(folder, data, rules=RULES, optional=()):
    folder.mkdir(exist_ok=True)
    return read_tensors(opened(folder, {"file.safetensors": data}).open("file.safetensors"), rules, optional)


def file_of(header, data):
    text = json.dumps(header).encode() if isinstance(header, dict) else header
    return struct.pack("<Q", len(text)) + text + data


def header_of(data):
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), data[8 + length :]


@pytest.mark.parametrize("data", [SOUND, safetensors.numpy.save(ARRAYS, {"format": "np"})], ids=["plain", "metadata"])
def test_what_the_library_writes_is_read(tmp_path, data):
    found = read(tmp_path, data)
    assert set(found) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_an_optional_tensor_may_be_missing(tmp_path):
    data = safetensors.numpy.save({name: ARRAYS[name] for name in "ac"})
    assert set(read(tmp_path, data, RULES, ("b", "empty"))) == {"a", "c"}
    with pytest.raises(RunError, match=r"missing tensors \['empty'\]"):
        read(tmp_path, data, RULES, ("b",))


HEADER, DATA = header_of(SOUND)


def changed(name, **entries):
    return HEADER | {name: HEADER[name] | entries}


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "ends after 0 bytes"),
        (struct.pack("<Q", 2**63) + SOUND[8:], "a header of 9,223"),
        (struct.pack("<Q", 10**5) + SOUND[8:], "ends after"),
        (file_of(b"[]", DATA), "expected an object"),
        (file_of(b'{"a": 1', DATA), "header"),
        (file_of(b'{"a": {}, "a": {}}', DATA), "twice"),
        (file_of(changed("a", dtype="F64"), DATA), "a is F64"),
        (file_of(changed("a", shape=[3, 2]), DATA), r"a is F32 \(3, 2\)"),
        (file_of(changed("a", shape=[2, 3, 1]), DATA), "the configuration requires"),
        (file_of(changed("c", shape=[-3]), DATA), "expected a shape"),
        (file_of(changed("c", shape=[2**62]), DATA), "expected a shape"),
        (file_of(changed("c", shape=[2**40]), DATA), "not where"),
        (file_of(changed("c", shape=[True]), DATA), "whole number"),
        (file_of(changed("c", shape=[10**400]), DATA), "too large"),
        (file_of(changed("c", shape=[4]), DATA), "not where"),
        (file_of(changed("a", data_offsets=HEADER["b"]["data_offsets"]), DATA), "not where"),
        (file_of(changed("a", data_offsets=[0]), DATA), "begins and ends"),
        (file_of(changed("a", odd=1), DATA), "unknown entries 'odd'"),
        (file_of(HEADER, DATA + b"x"), "its tensors end after"),
        (file_of(HEADER, DATA[:-1]), "its tensors end after"),
        (file_of({name: HEADER[name] for name in "abc"}, DATA), r"missing tensors \['empty'\]"),
        (file_of(HEADER | {"more": HEADER["a"]}, DATA), r"unexpected tensors \['more'\]"),
        (safetensors.numpy.save(ARRAYS | {"a": np.full((2, 3), np.nan, np.float32)}), "not finite"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_is_refused(tmp_path, data, complaint):
    with pytest.raises(RunError, match=complaint) as caught:
        read(tmp_path, data)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_what_the_manifest_says(tmp_path):
    snapshot = opened(tmp_path, {"file.safetensors": SOUND})
    changed = SOUND[:-1] + bytes([SOUND[-1] ^ 1])
    (tmp_path / "file.safetensors").write_bytes(changed)
    with pytest.raises(DamagedError, match="SHA-256"):
        read_tensors(snapshot.open("file.safetensors"), RULES)


def test_a_file_that_becomes_shorter_while_it_is_read(tmp_path):
    snapshot = opened(tmp_path, {"file.safetensors": SOUND})
    file = snapshot.open("file.safetensors")
    file.read(8)
    with open(tmp_path / "file.safetensors", "r+b") as other:
        other.truncate(20)
    with pytest.raises(DamagedError, match="became shorter while it was read"):
        file.skip()


@settings(max_examples=examples(300))
@given(at=st.integers(0, len(SOUND) - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_what_is_read_reads_the_same_in_the_library(tmp_path_factory, at, byte, cut):
    data = SOUND[:at] if cut else SOUND[:at] + bytes([byte]) + SOUND[at + 1 :]
    try:
        ours = read(tmp_path_factory.mktemp("tensors"), data)
    except RunError:
        return
    theirs = safetensors.numpy.load(data)
    for name in RULES:
        np.testing.assert_array_equal(ours[name], theirs[name])
