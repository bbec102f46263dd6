"""Texts that no option may hold, an address space that is too small: one line that names the option or the need."""

import itertools
import os
import shutil
import sys

import pytest

from tests.conftest import TINY, shell
from tests.helpers.models import untaught
from textgen import TextgenError
from textgen.verse import compositions

# How Python reads an argument whose bytes are not UTF-8.
BYTES = "a\udcff"

# The options of each command that take text, with what comes before them.
OPTIONS = [
    *itertools.product([("sample", "no-run")], ["--prompt", "--stop", "--forbid", "--forbid-word", "--bias"]),
    *itertools.product([("poem", "no-run")], ["--acrostic", "--start", "--mood", "--title", "--rhyme", "--form"]),
    *itertools.product([("inspect", "no-run"), ("gradients", "no-run")], ["--text", "--prompt"]),
    *itertools.product([("write", "no-run")], ["--prompt", "--forbid"]),
    *itertools.product([("train", "no-text")], ["--note", "--form", "--author", "--field", "--encoding"]),
]


@pytest.mark.parametrize(("command_line", "option"), OPTIONS)
def test_half_a_character_is_refused_before_any_work(command_line, option, command, ends, empty_place):
    value = f"{BYTES}=1" if option == "--bias" else BYTES
    result = command(*command_line, option, value)
    line = ends("3", f"{command_line[0]} {option} with a byte that is not UTF-8", result, 2)
    assert option in line
    assert "0xFF" in line
    assert not list(empty_place.iterdir())


def test_prompts_that_are_not_utf8_are_refused(command, tiny_run, ends, empty_place):
    (empty_place / "prompts.txt").write_bytes(b"one\n\xff\n")
    line = ends(
        "3",
        "sample --prompts with a byte that is not UTF-8",
        command("sample", tiny_run, "--prompts", "prompts.txt"),
        3,
    )
    assert "prompts.txt" in line


@pytest.mark.parametrize("unit", ["1" * 5000 + ":0", "0:" + "1" * 5000, "0:" + "1" * 4000])
def test_a_unit_of_thousands_of_digits_is_refused(unit, command, tiny_run, ends, empty_place):
    result = command("inspect", tiny_run, "--text", "some text", "--unit", unit, "--no-pictures")
    line = ends("9", f"inspect --unit of {len(unit)} characters", result, 2)
    assert "--unit" in line
    assert len(line) < 300


def test_an_error_of_a_title_names_the_title(ends, command):
    poet = untaught("abc \n", documents="poem")
    with pytest.raises(TextgenError) as caught:
        compositions(poet, title="xyz", mood="abc")
    assert "`title`" in str(caught.value)
    assert "`mood`" not in str(caught.value)
    notes, _ = compositions(poet, title="abc xyz", mood="cab q")
    assert notes == ["`title` read without 'x', 'y', 'z'", "`mood` read without 'q'"]


def limited(kilobytes, *arguments, **variables):
    """Run textgen in a process that may use this much address space."""
    return shell(
        *arguments, under=["bash", "-c", f'ulimit -v {kilobytes} && exec "$@"', "-"], env=os.environ | variables
    )


ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="address space is limited by ulimit -v on Linux")


@ON_LINUX
@pytest.mark.parametrize("kilobytes", [100_000, 140_000])
def test_too_little_memory_to_write_is_told(kilobytes, tiny_run, ends):
    line = ends("11", f"sample within {kilobytes:,} kB", limited(kilobytes, "sample", tiny_run), 4)
    assert "address space" in line
    assert f"{kilobytes * 1024 // 10**6} MB" in line


@ON_LINUX
def test_little_memory_is_enough_to_write(tiny_run, ends):
    arguments = "sample", tiny_run, "--length", 20, "--seed", 1
    usual, small = shell(*arguments), limited(175_000, *arguments, OPENBLAS_NUM_THREADS="1")
    ends("11", "sample within 175,000 kB, one thread", small, 0)
    assert small.stdout == usual.stdout


@ON_LINUX
@pytest.mark.parametrize("kilobytes", [300_000, 1_000_000, 2_000_000])
def test_too_little_memory_to_train_is_told_before_anything_is_read(kilobytes, text_file, ends, empty_place):
    shutil.copy(text_file, "text.txt")
    options = [f"--{name.replace('_', '-')}={value}" for name, value in TINY.items()]
    result = limited(kilobytes, "train", "text.txt", *options)
    line = ends("11", f"train within {kilobytes:,} kB", result, 4)
    assert "TensorFlow needs about" in line
    assert f"{kilobytes * 1024 // 10**6:,} MB" in line
    assert not (empty_place / "checkpoints").exists()


def test_memory_that_runs_out_within_a_command_is_one_line(tiny_run, command, ends, monkeypatch):
    def fails(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr("textgen.writing.generator.Generator.write", fails)
    line = ends("11", "memory runs out while a text is written", command("sample", tiny_run), 4)
    assert "out of memory" in line
