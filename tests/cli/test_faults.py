"""The matrix of faults, row by row: the command, its exit code, the one line it prints.

Run with -s, it prints the table.
"""

import gzip
import os
import shutil
import signal
import struct
import subprocess
import sys
import time

import numpy as np
import pytest
import safetensors.numpy

from tests.conftest import TINY, environment, shell, verse
from tests.helpers import forged_runs
from textgen.runs.folder import BEST, CONFIG, RESUME, TOKENIZER, WEIGHTS
from textgen.runs.run import load_run

OPTIONS = [part for name, value in TINY.items() for part in (f"--{name.replace('_', '-')}", str(value))]
BRIEFLY = ["--epochs", "1", "--sample-length", "0"]  # where a training need only begin and end


def tell(row, command, code, line):
    print(f"| {row} | `{command}` | {code} | {line} |")


@pytest.fixture
def place(empty_place, tiny_run):
    """A working directory with a text, and a run named tiny that may be damaged."""
    (empty_place / "text.txt").write_text(verse())
    shutil.copytree(tiny_run, empty_place / "checkpoints/tiny")
    return empty_place


def png():
    return b"\x89PNG\r\n\x1a\n" + os.urandom(200)


def fifo(path):
    os.mkfifo(path)


CHINESE = "床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。\n" * 60
TEXTS = [
    # row, what the file holds (bytes, or a function that makes it), options, exit code, what is said
    (1, b"", [], 3, "no text in it"),
    (1, b"\xef\xbb\xbf", [], 3, "no text in it"),
    (2, b"brief\n", [], 3, "6 characters to train on; one stretch of --sequence-length 16 needs 17: give more text"),
    (3, b"a" * 2000, [], 0, "note: the text holds a single character; there is little to learn"),
    (4, b"caf\xe9 " * 100, [], 3, "not UTF-8: byte 0xe9 at offset 3; it may be"),
    (5, verse().encode("utf-8-sig"), [], 0, "best loss"),
    (5, verse().encode("utf-16"), [], 0, "read as UTF-16-LE, as its byte-order mark says"),
    (5, verse().encode("utf-32"), [], 0, "read as UTF-32-LE, as its byte-order mark says"),
    (6, CHINESE.encode("gb18030"), [], 3, "not UTF-8: byte"),
    (6, CHINESE.encode("gb18030"), ["--encoding", "gb18030"], 0, "best loss"),
    (6, CHINESE.encode("big5"), [], 3, "it may be big5: try --encoding big5"),
    (6, CHINESE.encode("big5"), ["--encoding", "big5"], 0, "best loss"),
    (7, b"text\0text" * 100, [], 3, "looks like binary: a NUL byte at offset 4"),
    (7, png(), [], 3, "looks like binary: a PNG picture"),
    (7, b"\x1f\x8b\x08\x00" + b"\xff" * 100, [], 3, "damaged gzip"),
    (7, gzip.compress(verse().encode()), [], 0, "best loss"),
    (7, gzip.compress(verse().encode())[:-30], [], 3, "damaged gzip"),
    (8, verse().replace("\n", "\r\n").encode(), [], 0, "CR or CR LF line ends read as LF"),
    (9, ("\U0001f469\u200d\U0001f467 cafe\u0301 שלום\n" * 100).encode(), [], 0, "best loss"),
    (10, lambda path: path.mkdir(), [], 3, "a folder without text: no file in it ends in"),
    (10, lambda path: None, [], 3, "no such file"),
    (11, fifo, [], 3, "not a plain file; pipe it in and read - instead"),
]


@pytest.mark.parametrize(("row", "content", "options", "code", "said"), TEXTS)
def test_texts(command, place, row, content, options, code, said):
    path = place / "file.txt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content(path)
    began = time.monotonic()
    result = command("train", "file.txt", *OPTIONS, *BRIEFLY, *options)
    assert result.exit_code == code, result.output
    (line,) = [line for line in result.stderr.splitlines() if said in line][:1]
    assert (place / "checkpoints/file").exists() == (code == 0)
    if code:
        assert result.stderr == line + "\n"
        assert time.monotonic() - began < 10
    tell(row, f"textgen train file.txt {' '.join(options)}".strip(), code, line)
    if row == 5:
        assert "\ufeff" not in load_run("file").tokenizer.symbols
    if row in (6, 9) and code == 0:
        text = CHINESE if row == 6 else content.decode()
        tokenizer = load_run("file").tokenizer
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_a_text_nobody_may_read(place):
    powers = "-dac_override,-dac_read_search"
    humble = ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"] if os.geteuid() == 0 else []
    if humble and not shutil.which("setpriv"):
        pytest.skip("root, and no setpriv to be less")
    (place / "file.txt").write_text(verse())
    (place / "file.txt").chmod(0)
    result = shell("train", "file.txt", cwd=place, under=humble)
    assert (result.returncode, result.stderr) == (3, b"textgen: file.txt: no permission to read it\n")
    tell(10, "textgen train file.txt (mode 000)", 3, result.stderr.decode().strip())
    locked = place / "locked"
    locked.mkdir(mode=0o500)
    result = shell("train", "text.txt", "--out", "locked/run", cwd=place, under=humble)
    assert result.returncode == 5
    tell(16, "textgen train text.txt --out locked/run", 5, result.stderr.decode().strip())


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs to know the most memory a process held")
def test_a_long_line_takes_bounded_memory(place):
    """40 MB on one line: what reading, encoding and laying out take beside the text and its ids."""
    (place / "line.txt").write_bytes(b"the quick brown fox jumps over the lazy dog " * 900_000)
    code = """
import re
from textgen.runs.config import *
from textgen.corpus.documents import read_corpus
from textgen.planning.plan import plan

def most():
    return int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])

base = most()
print(plan(read_corpus("line.txt"), ModelConfig(), TrainingConfig(epochs=1)).corpus.characters, most() - base)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, text=True, check=True)
    characters, kilobytes = map(int, done.stdout.split())
    assert characters == 39_600_000
    # The text and its cut, four bytes an id and their copy: no list of characters, whose every entry takes eight.
    assert 4 * characters < 1024 * kilobytes < 15 * characters
    tell(8, "planning a text of 40 MB on one line", 0, f"{kilobytes / 1024:.0f} MB of memory")


def test_output_is_utf8_in_any_locale(command, place):
    (place / "file.txt").write_text("\u96ea\u2603\u00e9 " * 300, "utf-8")
    assert command("train", "file.txt", *OPTIONS, *BRIEFLY, "--quiet").exit_code == 0
    plain = environment(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii")
    result = shell("sample", "file", "--length", 50, cwd=place, env=plain)
    assert result.returncode == 0
    assert set(result.stdout.decode("utf-8")) <= set("\u96ea\u2603\u00e9 \n")
    tell(9, "LC_ALL=C textgen sample file", 0, "valid UTF-8")


@pytest.fixture
def training(place):
    """A training in a process of its own that goes on until it is stopped, once it has saved."""
    processes = []

    def start(name="long"):
        begun = [sys.executable, "-m", "textgen", "train", "text.txt", "--out", name, *OPTIONS, "--epochs", "100000"]
        process = subprocess.Popen([*begun, "--patience", "0", "--save-every", "0"], cwd=place, stderr=subprocess.PIPE)
        processes.append(process)
        end = time.monotonic() + 120
        while not list((place / name).glob("resume/0*[0-9]")):
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < end
            time.sleep(0.02)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.interrupted
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGHUP, 129, "its terminal was closed")],
)
def test_a_signal_saves_and_tells_how_to_go_on(training, place, number, code, said):
    """SIGTERM: `test_a_folder_that_is_renamed_is_still_written`."""
    process = training()
    if number is signal.SIGHUP:
        two_trainers_one_folder(process, place)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    lines = errors.decode().splitlines()
    assert lines[-2:] == ["stopped; go on with: textgen train --resume long", f"textgen: {said}"]
    assert b"Traceback" not in errors
    tell(14, f"textgen train ... ({number.name})", code, " / ".join(lines[-2:]))
    assert load_run(place / "long").weights


@pytest.mark.interrupted
def test_a_second_interrupt_ends_at_once_without_harm(training, place):
    process = training()
    process.send_signal(signal.SIGINT)
    time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert load_run(place / "long").weights


def two_trainers_one_folder(process, place):
    """While the process trains, two others that would train in its folder are refused, and do not disturb it."""
    for options in (["text.txt", "--out", "long", "--overwrite"], ["--resume", "long"]):
        result = shell("train", *options, cwd=place)
        assert result.returncode == 5
        assert f"long: in use by process {process.pid}, which trains there".encode() in result.stderr
        tell(17, f"textgen train {' '.join(options)}", 5, result.stderr.decode().strip())
    assert process.poll() is None


def test_a_changed_corpus_is_not_resumed_on(command, place):
    before = {path: path.read_bytes() for path in (place / "checkpoints").rglob("*") if path.is_file()}
    (place / "text.txt").write_text(verse().replace("hen", "jay"))
    result = command("train", "text.txt", "--resume", "tiny", "--epochs", 1)
    assert result.exit_code == 3
    assert "differs from the text that checkpoints/tiny was trained on; nothing was changed" in result.stderr
    assert {path: path.read_bytes() for path in (place / "checkpoints").rglob("*") if path.is_file()} == before
    tell(12, "textgen train text.txt --resume tiny --epochs 1", 3, result.stderr.strip())


@pytest.mark.interrupted
def test_the_disk_is_full_in_the_middle_of_a_save(training, place):
    import resource

    process = training()
    standing = forged_runs.newest(place / "long", RESUME)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (3000, 3000))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 5
    (line,) = [line for line in errors.decode().splitlines() if line.startswith("textgen: ")]
    assert "may not grow that large: raise the limit, then train with --resume" in line
    assert forged_runs.newest(place / "long", RESUME) >= standing
    assert not list((place / "long").rglob("*.tmp"))
    assert load_run(place / "long").weights
    tell(15, "textgen train ... (files limited to 3,000 bytes in the middle)", 5, line)


@pytest.mark.interrupted
def test_a_folder_that_is_renamed_is_still_written(training, place):
    process = training()
    (place / "long").rename(place / "moved")
    saved = forged_runs.newest(place / "moved", RESUME)
    end = time.monotonic() + 60
    while forged_runs.newest(place / "moved", RESUME) == saved:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    assert b"Traceback" not in errors
    lines = errors.decode().splitlines()
    assert lines[-2:] == [f"stopped; go on with: textgen train --resume {place / 'moved'}", "textgen: terminated"]
    tell(14, "textgen train ... (SIGTERM)", 143, " / ".join(lines[-2:]))
    assert not (place / "long").exists()
    assert load_run(place / "moved").metadata["corpus"] == "text"


@pytest.mark.interrupted
def test_a_folder_that_goes_away(training, place):
    process = training()
    shutil.rmtree(place / "long", ignore_errors=True)  # a save may come in between
    shutil.rmtree(place / "long", ignore_errors=True)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 5
    line = errors.decode().splitlines()[-1]
    assert line.startswith("textgen: long")
    assert "not there, or not any more" in line
    tell(16, "textgen train ... (its folder was removed)", 5, line)


def test_a_loss_that_is_no_number_stops(command, place):
    folder = forged_runs.newest(place / "checkpoints/tiny", RESUME)
    forged_runs.tensors(folder, lambda t: t.update({n: np.full_like(t[n], 3e38) for n in t if n.startswith("weight.")}))
    kept = forged_runs.newest(place / "checkpoints/tiny")
    before = (kept / WEIGHTS).read_bytes()
    result = command("train", "text.txt", "--resume", "tiny", "--epochs", 1)
    assert result.exit_code == 4
    line = result.stderr.splitlines()[-1]
    assert "stopped being a number by step" in line
    assert (kept / WEIGHTS).read_bytes() == before
    tell(18, "textgen train ... (weights of 3e38)", 4, line)


def test_a_damaged_newest_save(command, place):
    for name, code in ((BEST, 4), (RESUME, 0)):
        folder = forged_runs.newest(place / "checkpoints/tiny", name)
        (tensors,) = folder.glob("*.safetensors")
        data = bytearray(tensors.read_bytes())
        data[-7] ^= 8
        tensors.write_bytes(data)
        if name == BEST:
            result = command("sample", "tiny")
            assert result.stderr.count("\n") == 1
            line = result.stderr.strip()
        else:
            result = command("train", "text.txt", "--resume", "tiny", "--epochs", 1)
            (line,) = [each for each in result.stderr.splitlines() if "continuing from the save before it" in each]
        assert result.exit_code == code
        assert "damaged: its SHA-256 is not the one it was saved with" in line
        tell(19, f"textgen {'sample' if code else 'train --resume'} tiny (a byte flipped)", code, line)


class Canary:
    """What a hostile pickle does when it is opened."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("name", ["model.pkl", "model.pt", "model.keras", "model.h5", "model.npz"])
def test_hostile_models_are_not_opened(refused, place, name):
    import pickle

    canary = place / "canary"
    pickle.loads(pickle.dumps(Canary(canary))).close()
    assert canary.exists()  # it would have
    canary.unlink()
    (place / name).write_bytes(pickle.dumps(Canary(canary)))
    for command in (["sample", name], ["train", "text.txt", "--from", name], ["score", name, "text.txt"]):
        line = refused(4, *command)
        assert "unsupported" in line
    assert not canary.exists()
    tell(20, f"textgen sample {name}", 4, line)


def sealed(place, name, data):
    forged_runs.replace(forged_runs.newest(place / "checkpoints/tiny"), name, data)


def tensors(place, change):
    folder = forged_runs.newest(place / "checkpoints/tiny")
    values = safetensors.numpy.load_file(folder / WEIGHTS)
    change(values)
    sealed(place, WEIGHTS, safetensors.numpy.save(values))


def config(change):
    def apply(place):
        forged_runs.edit(forged_runs.newest(place / "checkpoints/tiny"), CONFIG, change)

    return apply


def symbols(change):
    def apply(place):
        forged_runs.edit(forged_runs.newest(place / "checkpoints/tiny"), TOKENIZER, change)

    return apply


def link(place):
    path = forged_runs.newest(place / "checkpoints/tiny") / WEIGHTS
    path.unlink()
    path.symlink_to("/etc/passwd")


HOSTILE = [
    (21, "header of 2^63 bytes", lambda p: sealed(p, WEIGHTS, struct.pack("<Q", 2**63) + b"{}"), "damaged"),
    (
        21,
        "a tensor too many",
        lambda p: tensors(p, lambda t: t.update(x=np.zeros(3, np.float32))),
        "unexpected tensors",
    ),
    (21, "a tensor missing", lambda p: tensors(p, lambda t: t.pop("output.bias")), "missing tensors ['output.bias']"),
    (
        21,
        "wrong dtype",
        lambda p: tensors(p, lambda t: t.update({"output.bias": t["output.bias"].astype("f8")})),
        "F64",
    ),
    (21, "NaN", lambda p: tensors(p, lambda t: t["output.bias"].fill(np.nan)), "not finite"),
    (22, "units 10^9", config(lambda v: v["model"].update(units=10**9)), "units takes a whole number"),
    (22, "units 65536", config(lambda v: v["model"].update(units=65536)), "requires F32"),
    (22, "a key twice", lambda p: sealed(p, CONFIG, b'{"format": 1, "format": 1}'), "a key appears twice"),
    (22, "a path in it", config(lambda v: v["model"].update(weights="../../x")), "unknown entries 'weights'"),
    (22, "a symbolic link", link, "a symbolic link in place of a plain file; remove it"),
    (22, "a future format", config(lambda v: v.update(format=9, textgen="4.0")), "it needs textgen 4.0 or newer"),
    (22, "nested deeply", lambda p: sealed(p, CONFIG, b"[" * 10**6), "damaged: not JSON"),
    (
        23,
        "another vocabulary size",
        config(lambda v: v["model"].update(vocabulary_size=30)),
        "names a char vocabulary of 30",
    ),
    (23, "a symbol twice", symbols(lambda v: v["symbols"].append(v["symbols"][0])), "twice"),
    (23, "a lone surrogate", symbols(lambda v: v["symbols"].append("\ud800")), "surrogate"),
]


@pytest.mark.parametrize(("row", "what", "spoil", "said"), HOSTILE, ids=[each[1] for each in HOSTILE])
def test_hostile_run_folders(refused, place, row, what, spoil, said):
    spoil(place)
    began = time.monotonic()
    line = refused(4, "sample", "tiny", "--length", 1)
    assert time.monotonic() - began < 1
    assert said in line
    tell(row, f"textgen sample tiny ({what})", 4, line)


@pytest.mark.parametrize(
    ("row", "options", "code", "said"),
    [
        (24, ["--temperature", "-1"], 2, "--temperature takes a number from 0 to 100"),
        (24, ["--temperature", "nan"], 2, "got 'nan'"),
        (24, ["--temperature", "inf"], 2, "got 'inf'"),
        (24, ["--length", "-1"], 2, "--length takes a whole number at least 0"),
        (24, ["--top-p", "2"], 2, "--top-p takes a number above 0 and at most 1"),
        (25, ["--prompt", "Ünseen"], 3, "never saw: 'Ü'; change the prompt, or read it with --unknown skip"),
    ],
)
def test_bad_sampling(refused, place, row, options, code, said):
    line = refused(code, "sample", "tiny", *options)
    assert said in line
    tell(row, f"textgen sample tiny {' '.join(options)}", code, line)


@pytest.mark.parametrize(
    ("row", "options"),
    [(24, ["--temperature", "0"]), (25, ["--prompt", ""]), (25, ["--prompt", "Ü", "--unknown", "skip"])],
)
def test_good_sampling(command, place, row, options):
    result = command("sample", "tiny", "--length", 5, *options)
    assert result.exit_code == 0
    tell(row, f"textgen sample tiny {' '.join(options)}", 0, result.stderr.splitlines()[-1])


def test_a_reader_who_has_had_enough(place):
    piped = (
        f"{sys.executable} -m textgen sample tiny --length 1000000000000 --seed 1 | head -1; exit ${{PIPESTATUS[0]}}"
    )
    result = subprocess.run(["bash", "-c", piped], cwd=place, capture_output=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, b"run checkpoints/tiny, seed 1\n")
    tell(25, "textgen sample tiny --length 1000000000000 | head -1", 0, "(quiet)")
