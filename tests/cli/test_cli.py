"""The commands, in this process; what a shell sees of them."""

import json
import os
import re
import shutil

import pytest

from tests.conftest import TINY
from tests.helpers import forged_runs
from textgen import Generator
from textgen.cli.console import with_flags
from textgen.runs.run import load_run
from textgen.runs.verdict import Evidence, verdict

OPTIONS = [part for name, value in TINY.items() for part in (f"--{name.replace('_', '-')}", value)]


@pytest.fixture
def with_runs(empty_place, tiny_run, word_run):
    """A working directory with two runs, "tiny" the newer."""
    for run in (word_run, tiny_run):
        shutil.copytree(run, empty_place / "checkpoints" / run.name)
    os.utime(forged_runs.newest(empty_place / "checkpoints/tiny"))
    return empty_place


def spelled_verdict(run):
    from textgen.cli.train import train_command

    return with_flags(str(verdict(Evidence.of(load_run(run)))), train_command)


def test_train_then_sample_the_way_the_readme_says(command, empty_place, text_file):
    result = command("train", text_file, *OPTIONS)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "\r" not in result.stderr  # no bar where there is no terminal; one line an epoch
    lines = result.stderr.splitlines()
    assert [line.split(":")[0] for line in lines if line.startswith("epoch")] == ["epoch 1/2", "epoch 2/2"]
    best, judged, last = lines[-3:]
    assert re.search(r"best loss .* nats a character in epoch 2: as unsure as among \d.* characters$", best)
    assert judged == spelled_verdict("checkpoints/rhymes")
    assert last.endswith(" s; write with it: textgen sample checkpoints/rhymes")
    poems = command("train", text_file, *OPTIONS, "--documents", "poem", "--out", "checkpoints/poems")
    assert poems.stderr.endswith(" s; write with it: textgen poem checkpoints/poems\n")
    shutil.rmtree("checkpoints/poems")
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


def test_training_on_standard_input_quietly_into_the_folder_of_runs(command, empty_place, text_file, monkeypatch):
    monkeypatch.setenv("TEXTGEN_RUNS", str(empty_place / "home/runs"))
    result = command("train", "-", *OPTIONS, "--quiet", input=text_file.read_bytes())
    assert (result.exit_code, result.output) == (0, "")
    assert (empty_place / "home/runs/stdin/best").exists()
    assert not (empty_place / "checkpoints").exists()


def test_sample_is_the_same_for_the_same_seed(command, with_runs):
    first, again = (command("sample", "tiny", "--length", 80, "--seed", 7).stdout for _ in range(2))
    other = command("sample", "tiny", "--length", 80, "--seed", 8).stdout
    assert first == again != other


def test_sample_without_a_seed_tells_the_one_it_took(command, with_runs):
    result = command("sample", "--length", 60)
    seed = result.stderr.split("seed ")[1].strip()
    assert command("sample", "--length", 60, "--seed", seed).stdout == result.stdout


def test_several_texts_are_printed_one_after_another(command, with_runs):
    one = [command("sample", "tiny", "--length", 30, "--seed", 7, "--count", count) for count in (2, 3)]
    assert one[1].stdout.startswith(one[0].stdout)
    assert "text 3 of 3:" in one[1].stderr
    texts = Generator.load("tiny").generate_many(length=30, seed=7, count=3)
    assert one[1].stdout == "\n\n".join(texts) + "\n"


def test_json_is_an_object_a_text(command, with_runs, text_file):
    (with_runs / "prompts.txt").write_text("the hen\n\nthe fox\n")
    result = command(
        "sample", "tiny", "--prompts", "prompts.txt", "--count", 2, "--length", 25, "--seed", 7, "--json", "--top-k", 9
    )
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["prompt"], line["number"]) for line in lines] == [
        ("the hen", 0),
        ("the hen", 1),
        ("the fox", 0),
        ("the fox", 1),
    ]
    wanted = Generator.load("tiny").generate_many(["the hen", "the fox"], count=2, length=25, seed=7, top_k=9)
    assert [line["text"] for line in lines] == wanted
    one = lines[0]
    assert (one["run"], one["seed"], one["symbols"], one["ended"]) == ("checkpoints/tiny", 7, 25, "length")
    assert -5 < one["mean_log_probability"] < 0
    assert one["settings"]["top_k"] == 9
    assert one["settings"]["length"] == 25


def test_prompts_from_standard_input(command, with_runs):
    result = command("sample", "tiny", "--prompts", "-", "--length", 0, input="the hen\nthe fox\n")
    assert result.stdout == "the hen\n\nthe fox\n"


def test_a_prompt_that_is_read_otherwise_is_shown_as_given(command, with_runs):
    result = command("sample", "tiny", "--prompt", "The h\u00e9n", "--unknown", "nearest", "--length", 5, "--seed", 1)
    assert "prompt read as 'the hen'" in result.stderr
    assert result.stdout.startswith("The h\u00e9n")
    plain = command("sample", "tiny", "--prompt", "the hen", "--length", 5, "--seed", 1).stdout
    assert result.stdout[7:] == plain[7:]


def test_a_file_gets_what_standard_output_would(command, with_runs):
    options = ["sample", "tiny", "--length", 50, "--seed", 7]
    printed = command(*options).stdout
    result = command(*options, "--out", "new.txt")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (with_runs / "new.txt").read_bytes() == printed.encode()
    assert command(*options, "--out", "new.txt").exit_code == 5
    assert command(*options, "--seed", 8, "--out", "new.txt", "--overwrite").exit_code == 0
    assert (with_runs / "new.txt").read_text() != printed


def test_options_with_backslashes(command, with_runs):
    text = command("sample", "tiny", "--length", 300, "--seed", 1, "--stop", r"\n").stdout
    assert text.count("\n") == 1
    text = command("sample", "tiny", "--length", 300, "--seed", 1, "--forbid", r"\n", "--bias", r"\\=1").stderr
    assert "the model has no character '\\\\'" in text


def test_a_temperature_along_the_text(command, with_runs):
    cold = command("sample", "tiny", "--length", 120, "--seed", 1, "--temperature", "0:0").stdout
    assert cold == command("sample", "tiny", "--length", 120, "--temperature", "0").stdout
    both = command("sample", "tiny", "--length", 120, "--seed", 1, "--temperature", "0:3").stdout
    assert both[:2] == cold[:2]
    assert both != cold


def test_two_runs_write_together(command, with_runs):
    shutil.copytree("checkpoints/tiny", "checkpoints/twin")
    result = command("sample", "tiny", "twin", "--mix", "0.7,0.3", "--length", 40, "--seed", 2)
    assert result.exit_code == 0
    assert "run checkpoints/tiny + checkpoints/twin, seed 2" in result.stderr
    assert len(result.stdout) >= 41
    line = json.loads(command("sample", "tiny", "twin", "--length", 5, "--json").stdout)
    assert line["run"] == ["checkpoints/tiny", "checkpoints/twin"]


def test_score_by_line_in_colour_and_as_json(command, with_runs):
    (with_runs / "line.txt").write_text("the hen w\u00e9nt\n")
    result = command("score", "tiny", "line.txt")
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert "".join(eval(symbol) for _, symbol in lines) == "the hen w\u00e9nt\n"
    bits = sum(float(number) for number, _ in lines)
    assert result.stderr.startswith("13 characters, 1 never seen: ")
    assert float(result.stderr.split(" bits;")[0].split()[-1]) == pytest.approx(bits, abs=0.02)
    values = json.loads(command("score", "tiny", "line.txt", "--json").stdout)
    assert "".join(values["symbols"]) == "the hen w\u00e9nt\n"
    assert values["unknown"] == [9]
    assert values["total_bits"] == pytest.approx(bits, abs=0.01)
    assert values["total_bits"] == pytest.approx(sum(values["nats"]) / 0.6931471805599453, rel=1e-5)
    assert command("score", "tiny", "--text", "the hen w\u00e9nt\n").output == result.output
    coloured = command("score", "tiny", "line.txt", "--color").stdout
    assert "\x1b[48;5;177m\u00e9\x1b[0m" in coloured
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured).replace("\u21b5", "")
    assert stripped == "the hen w\u00e9nt\n\n"


def test_other_encodings_wherever_a_text_is_read(command, with_runs):
    (with_runs / "plain.txt").write_text("the hen went; caf\u00e9\n" * 9)
    (with_runs / "wide.txt").write_text("the hen went; caf\u00e9\n" * 9, encoding="utf-16-be")
    for name in ("score", "evaluate"):
        wanted = command(name, "tiny", "plain.txt", "--json").stdout
        assert command(name, "tiny", "wide.txt", "--json", "--encoding", "utf-16-be").stdout == wanted
        assert command(name, "tiny", "wide.txt", "--json").exit_code == 3


@pytest.mark.parametrize(
    ("code", "arguments", "complaint"),
    [
        (3, ["tiny", "missing.txt"], "missing.txt: no such file"),
        (4, ["ghost", "missing.txt"], "ghost: no such run"),
        (2, ["tiny"], "give a FILE (- is standard input) or --text"),
        (2, ["tiny", "missing.txt", "--text", "the hen"], "give either FILE or --text, not both"),
    ],
)
def test_bad_scoring_is_one_line(refused, with_runs, code, arguments, complaint):
    assert complaint in refused(code, "score", *arguments)


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
    for options in ([], ["--json"]):
        assert command("info", "tiny", *options).exit_code == 0
        assert command("runs", *options).exit_code == 0


def test_runs_and_info_as_json(command, with_runs):
    one, run = json.loads(command("info", "words", "--json").stdout), load_run("checkpoints/words")
    model = json.loads(json.dumps(run.model.to_json()))
    assert (one["run"], one["symbol"], one["model"]) == ("checkpoints/words", "word", model)
    assert one["best"]["validation_nats"] == min(line["validation_nats"] for line in run.history())
    assert set(one["verdict"]) == {"level", "reason", "advice"}
    several = [json.loads(line) for line in command("runs", "--json").stdout.splitlines()]
    assert one in several
    assert len(several) == 2
    assert [each["run"] for each in several] == re.findall(r"^checkpoints/\w+", command("runs").stdout, re.MULTILINE)


def test_runs_are_listed(command, with_runs):
    lines = command("runs").stdout.splitlines()
    assert re.split(r"  +", lines[0]) == ["run", "model", "nats", "unsure among", "epochs", "made"]
    assert {line.split()[0] for line in lines[1:]} == {"checkpoints/tiny", "checkpoints/words"}


def test_no_runs(command, empty_place):
    result = command("runs")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "train one: textgen train FILE.txt" in result.stderr


@pytest.mark.parametrize(
    ("code", "arguments", "complaint"),
    [
        (3, ["train", "missing.txt"], "missing.txt: no such file"),
        (3, ["train", "folder"], "folder: a folder without text: no file in it ends in"),
        (3, ["train", "empty.txt"], "empty.txt: no text in it"),
        (3, ["train", "short.txt"], "short: 10 characters to train on; one stretch of --sequence-length 64 needs 65"),
        (3, ["train", "latin.txt"], "latin.txt: not UTF-8: byte 0xe9 at offset 3"),
        (2, ["train"], "no text given"),
        (2, ["train", "short.txt", "--units", "0"], "--units takes a whole number at least 1"),
        (2, ["train", "short.txt", "--layers", "0"], "--layers takes a whole number at least 1"),
        (2, ["train", "short.txt", "--layers", "two"], "'two' is not a valid integer"),
        (2, ["train", "short.txt", "--encoder", "binary"], "'binary' is not one of 'onehot', 'embedding'"),
        (2, ["train", "short.txt", "--dropout", "1"], "--dropout takes a number at least 0 and below 1; got 1.0"),
        (2, ["train", "--resume", "x", "--units", "3"], "--units"),
        (4, ["train", "--resume", "ghost"], "ghost: no such run"),
        (4, ["sample", "ghost"], "ghost: no such run here or in {place}/checkpoints; there are: jabez, wyatt"),
        (4, ["sample", "jabes"], "jabes: no such run here or in {place}/checkpoints; did you mean 'jabez'?"),
        (4, ["sample", "folder"], "nothing in best/; no run of that name in {place}/checkpoints"),
        (4, ["sample", "short.txt"], "not a single file; no run of that name in {place}/checkpoints"),
        (4, ["info", "ghost"], "no such run"),
        (2, ["sample", "--temperature", "hot"], "--temperature takes a number from 0 to 100"),
        (2, ["smaple"], "No such command 'smaple'; did you mean 'sample'?"),
        (2, ["xyz"], "No such command 'xyz'; there are: train, sample"),
    ],
)
def test_bad_input_is_one_line_and_makes_nothing(refused, empty_place, code, arguments, complaint):
    (empty_place / "folder").mkdir()
    (empty_place / "empty.txt").write_bytes(b"")
    (empty_place / "short.txt").write_text("nine chars")
    (empty_place / "latin.txt").write_bytes("caf\u00e9 au lait".encode("latin-1"))
    before = sorted(empty_place.rglob("*"))
    assert complaint.format(place=empty_place) in refused(code, *arguments)
    assert sorted(empty_place.rglob("*")) == before


@pytest.mark.parametrize(
    ("code", "arguments", "complaint"),
    [
        (3, ["--prompt", "Zwölf \u2603"], "the prompt holds 4 characters the model never saw: 'Z', 'ö', 'f'"),
        (2, ["--temperature", "-1"], "--temperature takes a number from 0 to 100, several taken in turn"),
        (2, ["--temperature", "nan"], "got 'nan'"),
        (2, ["--temperature", "inf"], "got 'inf'"),
        (2, ["--temperature", ","], "got ','"),
        (2, ["--temperature", ""], "got ''"),
        (2, ["--length", "-1"], "--length takes a whole number at least 0"),
        (2, ["--length", "1" + "0" * 30], "got 1000000000000000000000000000000"),
        (2, ["--seed", "-1"], "--seed"),
        (2, ["--top-p", "0"], "--top-p takes a number above 0 and at most 1; got 0.0"),
        (2, ["--top-p", "1.1"], "--top-p takes a number above 0 and at most 1; got 1.1"),
        (2, ["--top-k", "0"], "--top-k takes a whole number at least 1; got 0"),
        (2, ["--min-p", "2"], "--min-p takes a number above 0 and at most 1; got 2.0"),
        (2, ["--bias", "~=1"], "--bias: the model has no character '~'"),
        (2, ["--bias", "e"], "--bias takes a symbol and a number to add to its logit, as in e=-1.5; got 'e'"),
        (2, ["--stop", ""], "--stop takes a text that is not empty"),
        (2, ["--documents", "2"], "--documents: this run learned whole files"),
        (2, ["--max-copy", "5"], "--max-copy and --corpus go together"),
        (2, ["--mix", "0.5,0.5"], "--mix takes one weight for each of two or more runs; got 2 for 0 runs"),
        (2, ["tiny", "tiny", "--mix", "1,2,3"], "got 3 for 2 runs"),
        (2, ["tiny", "tiny", "--mix", "1,x"], "--mix takes numbers separated by commas, one for each run; got '1,x'"),
        (2, ["tiny", "tiny", "--mix", "0,0"], "--mix takes weights of 0 or more, not all 0"),
        (2, ["tiny", "words"], "one run writes characters, another words"),
        (2, ["--prompt", "a", "--prompts", "-"], "give either --prompt or --prompts, not both"),
        (3, ["--prompts", "missing.txt"], "missing.txt: no such file"),
        (3, ["--prompts", "latin.txt"], "latin.txt: not UTF-8"),
        (3, ["--prompts", "blank.txt"], "blank.txt: no prompt in it"),
        (3, ["--max-copy", "5", "--corpus", "missing.txt"], "missing.txt: no such file"),
        (5, ["--out", "blank.txt"], "blank.txt: the file exists"),
        (5, ["--out", "/dev/null", "--overwrite"], "/dev/null: not a plain file"),
        (5, ["--out", "no/where.txt"], "no/where.txt: no folder no"),
        (4, ["nothing"], "checkpoints; there are: tiny, words, jabez, wyatt"),
    ],
)
def test_bad_sampling_is_one_line(refused, with_runs, code, arguments, complaint):
    (with_runs / "blank.txt").write_text("\n\n")
    (with_runs / "latin.txt").write_bytes("caf\u00e9".encode("latin-1"))
    if "Zwölf" in arguments[-1]:
        complaint = "characters the model never saw: 'Z', "
    assert complaint in refused(code, "sample", *arguments)


def test_every_file_of_a_run_that_cannot_be_read_is_one_line(refused, with_runs):
    run = forged_runs.newest(with_runs / "checkpoints/tiny")
    for name in ("config.json", "tokenizer.json", "model.safetensors", "manifest.json"):
        data = (run / name).read_bytes()
        (run / name).write_bytes(data[:40])
        assert name in refused(4, "sample", "tiny")
        (run / name).write_bytes(data)


def test_an_option_without_a_declaration_does_not_exist(refused, with_runs):
    assert "No such option" in refused(2, "sample", "--heat", "3")


def test_version(command):
    import textgen

    assert command("--version").output == f"textgen, version {textgen.__version__}\n"
