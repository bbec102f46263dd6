"""textgen as a real process: pipes, locales, signals, what is imported."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.conftest import environment, shell


@pytest.fixture
def place(tmp_path, tiny_run):
    shutil.copytree(tiny_run, tmp_path / "checkpoints" / "tiny")
    return tmp_path


def test_the_same_bytes_for_the_same_seed(place):
    texts = [shell("sample", "--length", 300, "--seed", seed, cwd=place).stdout for seed in (4, 4, 5)]
    assert texts[0] == texts[1] != texts[2]
    assert len(texts[0].decode()) == 301


def test_text_goes_to_standard_output_and_nothing_else_does(place):
    result = shell("sample", "tiny", "--length", 5, "--seed", 1, cwd=place)
    assert result.returncode == 0
    assert len(result.stdout) == 6
    assert result.stderr == b"run checkpoints/tiny, seed 1\n"


def test_a_reader_who_has_had_enough_is_no_error(place):
    command = f"{sys.executable} -m textgen sample --length 100000000 --seed 1 | head -c 20; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], cwd=place, capture_output=True, timeout=60, check=True)
    assert result.stdout[20:] == b"0\n"
    assert result.stderr == b"run checkpoints/tiny, seed 1\n"


def test_text_is_utf8_whatever_the_locale(tmp_path):
    from textgen import train
    from textgen.corpus.documents import Corpus

    train(Corpus("snow", ("雪\u2603é " * 300,)), tmp_path / "run", quiet=True, units=8, epochs=1, sample_length=0)
    plain = environment(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii")
    result = shell("sample", "run", "--length", 50, "--seed", 1, cwd=tmp_path, env=plain)
    assert result.returncode == 0, result.stderr
    assert set(result.stdout.decode("utf-8")) <= set("雪\u2603é \n")
    # The note on standard error may hold any character too: here a prompt's.
    result = shell("sample", "run", "--prompt", "ß", cwd=tmp_path, env=environment(PYTHONIOENCODING="ascii"))
    assert result.returncode == 3
    assert "'ß'" in result.stderr.decode("utf-8")


@pytest.fixture
def interrupted(place):
    """Run a sample that would go on for ever, press Ctrl-C once something was written; its output and errors."""

    def run(*arguments, wait):
        command = [sys.executable, "-m", "textgen", "sample", "--length", "1000000000000", "--seed", "4", *arguments]
        process = subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            seen = wait(process)
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
        assert process.returncode == 130
        assert errors.endswith(b"textgen: interrupted\n")
        assert b"Traceback" not in errors
        return seen + output

    return run


def test_interrupting_a_sample_ends_it_with_what_was_written(interrupted, place):
    def wait(process):
        seen = b""
        while len(seen) < 500:
            seen += os.read(process.stdout.fileno(), 500)
        return seen

    output = interrupted(wait=wait)
    assert output.endswith(b"\n")
    text = output[:-1].decode()
    assert len(text) >= 500
    wanted = shell("sample", "--length", len(text), "--seed", 4, cwd=place).stdout.decode()
    assert wanted[: len(text)] == text


def growing_file(place):
    """Wait until the unfinished file holds something."""

    def wait(process):
        end = time.monotonic() + 60
        while not any(path.stat().st_size > 1000 for path in place.glob("*.tmp")):
            assert time.monotonic() < end
            time.sleep(0.02)
        return b""

    return wait


def test_interrupting_keeps_the_file(interrupted, place):
    assert interrupted("--out", "long.txt", wait=growing_file(place)) == b""
    assert len((place / "long.txt").read_text()) > 1000
    assert not list(place.glob("*.tmp"))


def test_interrupting_json_gives_whole_objects(interrupted):
    def wait(process):
        assert process.stderr.readline().startswith(b"run ")
        time.sleep(0.5)
        return b""

    lines = interrupted("--json", "--count", "3", wait=wait).splitlines()
    values = [json.loads(line) for line in lines]
    assert [value["ended"] for value in values] == ["interrupted"] * 3
    assert all(value["symbols"] > 0 and value["text"] for value in values)


def test_writing_imports_no_tensorflow_and_no_keras(place):
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "textgen", "sample", "--length", "1"],
        cwd=place,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.split("|")[-1].strip() for line in result.stderr.splitlines() if "|" in line}
    assert "numpy" in imported
    assert not {name for name in imported if name.split(".")[0] in {"tensorflow", "keras", "h5py", "tqdm"}}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["train", "--help"], ["corpora", "check", "--help"], ["poem", "--help"]]
)
def test_help_imports_nothing_heavy(arguments):
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "textgen", *arguments], capture_output=True, text=True, check=True
    )
    imported = {line.split("|")[-1].strip().split(".")[0] for line in result.stderr.splitlines() if "|" in line}
    assert "click" in imported
    assert not imported & {"numpy", "tensorflow", "keras", "h5py", "tqdm", "safetensors", "threadpoolctl"}


def test_training_talks_only_of_itself(place, text_file):
    """TensorFlow's notices about devices and instructions do not reach the user; Keras imports only what it needs."""
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(sorted({'keras', 'matplotlib', 'sklearn'} & set(sys.modules))))\n"
        "from textgen.cli import main; main()"
    )
    options = ["--out", "x", "--units", "4", "--epochs", "1", "--sample-length", "0"]
    command = [sys.executable, "-c", code, "train", str(text_file), *options]
    result = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "['keras']\n"
    lines = result.stderr.splitlines()
    firsts = [line.split(":")[0].split(" ")[0] for line in lines]
    assert firsts[:8] == ["text", "size", "model", "training", "run", "starting", "epoch", "best"]
    assert "what would help most" in lines[8]
    assert "write with it: textgen sample x" in lines[9]
    assert len(lines) == 10


def test_a_place_that_cannot_be_written_or_read(place, text_file):
    # Root may write and read anywhere unless it gives that up.
    powers = "-dac_override,-dac_read_search"
    humble = ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"] if os.geteuid() == 0 else []
    if humble and not shutil.which("setpriv"):
        pytest.skip("root, and no setpriv to be less")
    locked = place / "locked"
    locked.mkdir(mode=0o500)
    result = shell("train", text_file, "--out", locked / "run", cwd=place, under=humble)
    assert result.returncode == 5
    assert b"no permission to write" in result.stderr
    secret = place / "secret.txt"
    secret.write_text("text")
    secret.chmod(0)
    result = shell("train", secret, cwd=place, under=humble)
    assert result.returncode == 3
    assert b"no permission to read" in result.stderr


@pytest.mark.interrupted
@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on a process's memory")
def test_memory_that_runs_out_is_one_line(tmp_path):
    text = tmp_path / "large.txt"
    letters = np.random.default_rng(0).choice(list(b"abcdefgh \n"), 1_200_000)
    text.write_bytes(letters.astype(np.uint8).tobytes())
    limited = "import resource, runpy; resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)); "
    limited += "runpy.run_module('textgen', run_name='__main__')"
    wanted = ["--batch-size", "1024", "--sequence-length", "1024", "--units", "2048", "--out", str(tmp_path / "run")]
    done = subprocess.run(
        [sys.executable, "-c", limited, "train", str(text), *wanted], capture_output=True, text=True, check=False
    )
    assert done.returncode == 4, done.stderr[-2000:]
    last = done.stderr.splitlines()[-1]
    assert "out of memory" in last
    assert "batches of 1024 x 1024" in last
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()
