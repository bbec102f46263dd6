"""The commands, in this process; what a shell sees of them."""

import json
import os
import shutil

import pytest

from tests.conftest import TINY

OPTIONS = [part for name, value in TINY.items() for part in (f"--{name.replace('_', '-')}", value)]


@pytest.fixture
def with_runs(empty_place, tiny_run, word_run):
    """A working directory with two runs, "tiny" the newer."""
    for run in (word_run, tiny_run):
        shutil.copytree(run, empty_place / "checkpoints" / run.name)
    os.utime(empty_place / "checkpoints/tiny/model.safetensors")
    return empty_place


def test_train_then_sample_the_way_the_readme_says(command, empty_place, text_file):
    result = command("train", text_file, *OPTIONS)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "epoch 2/2: training" in result.stderr
    assert "write with it: textgen sample checkpoints/rhymes" in result.stderr
    result = command("sample", "--temperature", "0.8", "--length", 40, "--seed", 3)
    assert result.exit_code == 0
    assert result.stderr == "run checkpoints/rhymes, seed 3\n"
    assert len(result.stdout) == 41
    # Trained again without being told what to do with the first: nothing changes.
    before = {path: path.read_bytes() for path in (empty_place / "checkpoints").rglob("*") if path.is_file()}
    result = command("train", text_file, *OPTIONS)
    assert result.exit_code == 5
    assert "--resume, write elsewhere with --out, or replace it with --overwrite" in result.stderr
    assert {path: path.read_bytes() for path in (empty_place / "checkpoints").rglob("*") if path.is_file()} == before


def test_training_on_standard_input_quietly(command, empty_place, text_file):
    result = command("train", "-", *OPTIONS, "--quiet", input=text_file.read_bytes())
    assert (result.exit_code, result.output) == (0, "")
    assert (empty_place / "checkpoints/stdin/config.json").exists()


def test_sample_is_the_same_for_the_same_seed(command, with_runs):
    first, again = (command("sample", "tiny", "--length", 80, "--seed", 7).stdout for _ in range(2))
    other = command("sample", "tiny", "--length", 80, "--seed", 8).stdout
    assert first == again != other


def test_sample_without_a_seed_tells_the_one_it_took(command, with_runs):
    result = command("sample", "--length", 60)
    seed = result.stderr.split("seed ")[1].strip()
    assert command("sample", "--length", 60, "--seed", seed).stdout == result.stdout


def test_sample_with_a_prompt(command, with_runs):
    shown = command("sample", "tiny", "--prompt", "the hen", "--length", 20, "--seed", 1).stdout
    assert shown.startswith("the hen")
    hidden = command("sample", "tiny", "--prompt", "the hen", "--length", 20, "--seed", 1, "--no-include-prompt").stdout
    assert shown == "the hen" + hidden


def test_info_tells_what_the_run_is(command, with_runs):
    out = command("info", "words").stdout
    history = [json.loads(line) for line in (with_runs / "checkpoints/words/history.jsonl").read_text().splitlines()]
    best = min(history, key=lambda line: line["validation_nats"])
    assert "rhymes, 7,280 characters" in out
    assert "words, a vocabulary of" in out
    assert "embedding 12, LSTM 2 x 24" in out
    assert f"validation {best['validation_nats']:.4f} nats a word" in out
    assert f"{best['validation_bits_per_character']:.4f} bits a character" in out
    # With no name: the newest.
    assert command("info").stdout.startswith("run          checkpoints/tiny")


def test_info_of_a_run_without_its_diary(command, with_runs):
    for name in ("metadata.json", "history.jsonl"):
        (with_runs / "checkpoints/tiny" / name).unlink()
    assert command("info", "tiny").exit_code == 0
    assert command("runs").exit_code == 0


def test_runs_are_listed(command, with_runs):
    lines = command("runs").stdout.splitlines()
    assert lines[0].split() == ["run", "model", "nats", "epochs", "made"]
    assert {line.split()[0] for line in lines[1:]} == {"checkpoints/tiny", "checkpoints/words"}


def test_no_runs(command, empty_place):
    result = command("runs")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "train one: textgen train FILE.txt" in result.stderr


@pytest.mark.parametrize(
    ("code", "arguments", "complaint"),
    [
        (3, ["train", "missing.txt"], "missing.txt: no such file"),
        (3, ["train", "."], "a directory; name the text files in it"),
        (3, ["train", "empty.txt"], "empty.txt: no text in it"),
        (3, ["train", "short.txt"], "short: 10 characters to train on; one stretch of --sequence-length 64 needs 65"),
        (3, ["train", "latin.txt"], "latin.txt: not UTF-8: byte 0xe9 at offset 3"),
        (2, ["train"], "no text given"),
        (2, ["train", "short.txt", "--units", "0"], "--units takes a whole number at least 1"),
        (2, ["train", "short.txt", "--layers", "0"], "--layers takes a whole number at least 1"),
        (2, ["train", "short.txt", "--layers", "two"], "'two' is not a valid integer"),
        (2, ["train", "short.txt", "--encoder", "binary"], "'binary' is not one of 'onehot', 'embedding'"),
        (2, ["train", "short.txt", "--dropout", "1"], "--dropout takes a number at least 0 and below 1; got 1.0"),
        (2, ["train", "--resume", "x", "--units", "3"], "leave out: units"),
        (4, ["train", "--resume", "ghost"], "ghost: no such run"),
        (4, ["sample"], "no run in checkpoints/ yet; train one: textgen train FILE.txt"),
        (4, ["sample", "ghost"], "ghost: no such run; there are: none yet"),
        (4, ["sample", "folder"], "folder: not a run"),
        (4, ["sample", "short.txt"], "not a single file"),
        (4, ["info", "ghost"], "no such run"),
        (2, ["sample", "--temperature", "hot"], "'hot' is not a valid float"),
    ],
)
def test_bad_input_is_one_line_and_makes_nothing(refused, empty_place, code, arguments, complaint):
    (empty_place / "folder").mkdir()
    (empty_place / "empty.txt").write_bytes(b"")
    (empty_place / "short.txt").write_text("nine chars")
    (empty_place / "latin.txt").write_bytes("caf\u00e9 au lait".encode("latin-1"))
    before = sorted(empty_place.rglob("*"))
    assert complaint in refused(code, *arguments)
    assert sorted(empty_place.rglob("*")) == before


@pytest.mark.parametrize(
    ("code", "arguments", "complaint"),
    [
        (3, ["--prompt", "Zwölf \u2603"], "the prompt holds 4 characters the model never saw: 'Z', 'ö', 'f'"),
        (2, ["--temperature", "-1"], "--temperature takes a number at least 0 and at most 100; got -1.0"),
        (2, ["--temperature", "nan"], "got nan"),
        (2, ["--temperature", "inf"], "got inf"),
        (2, ["--length", "-1"], "--length takes a whole number at least 0 and at most 1000000000; got -1"),
        (2, ["--length", "1000000000000"], "got 1000000000000"),
        (2, ["--seed", "-1"], "--seed"),
        (4, ["nothing"], "nothing: no such run; there are: checkpoints/tiny, checkpoints/words"),
    ],
)
def test_bad_sampling_is_one_line(refused, with_runs, code, arguments, complaint):
    if "Zwölf" in arguments[-1]:
        complaint = "characters the model never saw: 'Z', "
    assert complaint in refused(code, "sample", *arguments)


def test_every_file_of_a_run_that_cannot_be_read_is_one_line(refused, with_runs):
    run = with_runs / "checkpoints/tiny"
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        data = (run / name).read_bytes()
        (run / name).write_bytes(data[:40])
        assert name in refused(4, "sample", "tiny")
        (run / name).write_bytes(data)


def test_an_option_without_a_declaration_does_not_exist(refused, with_runs):
    assert "No such option" in refused(2, "sample", "--heat", "3")


def test_version(command):
    import textgen

    assert command("--version").output == f"textgen, version {textgen.__version__}\n"
