"""textgen inspect: what it writes, says and refuses."""

import os
import re
import shutil

import numpy as np
import pytest

from tests.conftest import shell
from textgen import Generator
from textgen.inspection.plots import PICTURES
from textgen.inspection.tracing import trace


@pytest.fixture
def place(tiny_run, word_run, empty_place):
    shutil.copytree(tiny_run, "checkpoints/tiny")
    shutil.copytree(word_run, "checkpoints/words")
    return empty_place


TEXT = '12: the hen went down to the barn,\n"and what did you see?" said the cow.\n'


def test_a_text_becomes_pictures_and_a_page(command, place):
    result = command("inspect", "tiny", "--text", TEXT * 3)
    assert result.exit_code == 0, result.output
    files = {path.name for path in (place / "inspect-tiny").iterdir()}
    for name in PICTURES:  # this run knows no labels
        assert any(re.fullmatch(rf"{name}(-.*)?\.png", file) for file in files) == (name != "labels"), name
    assert "index.html" in files
    assert f"pictures: {len(files) - 1} in inspect-tiny" in result.stderr
    assert "page: inspect-tiny/index.html" in result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].split() == "follows layer unit first half second half chance".split()
    assert any(line.startswith("position in the line") for line in lines)


def test_a_file_or_standard_input_is_read(command, place):
    (place / "text.txt").write_text(TEXT)
    read = command("inspect", "tiny", "text.txt", "--no-pictures", "--npz", "file.npz", "--out", "one")
    assert read.exit_code == 0, read.output
    piped = command("inspect", "tiny", "-", "--no-pictures", "--npz", "pipe.npz", "--out", "two", input=TEXT)
    assert piped.exit_code == 0, piped.output
    with np.load("file.npz") as one, np.load("pipe.npz") as two:
        seen = trace(Generator.load("tiny"), TEXT)
        np.testing.assert_array_equal(one["cell"], seen.cell)
        np.testing.assert_array_equal(two["cell"], seen.cell)
    assert [path.name for path in (place / "one").iterdir()] == ["index.html"]


def test_without_a_text_the_run_writes_one_and_the_seed_is_told(command, place):
    options = ("--length", 60, "--no-pictures", "--no-page", "--npz")
    result = command("inspect", "tiny", *options, "a.npz")
    seed = re.search(r"text: 60 characters that tiny wrote, seed (\d+)", result.stderr)[1]
    written = Generator.load("tiny").generate(length=60, temperature=0.8, seed=int(seed))
    with np.load("a.npz") as kept:
        # A boundary between documents is one symbol and two characters.
        assert "".join(kept["symbols"]) == written[:60]
    command("inspect", "tiny", *options, "b.npz", "--prompt", "the hen", "--seed", 1)
    with np.load("b.npz") as kept:
        assert "".join(kept["symbols"]).startswith("the hen")
    assert not (place / "inspect-tiny").exists()


def test_part_of_a_long_text_is_shown_and_said(command, place):
    options = ("--no-pictures", "--no-page", "--npz", "a.npz")
    result = command("inspect", "tiny", "--text", TEXT * 20, "--from", 101, "--length", 50, *options)
    assert (
        f"note: shown: characters 101 to 150 of {len(TEXT) * 20:,}; choose others with --from and --length"
        in result.stderr
    )
    with np.load("a.npz") as kept:
        assert "".join(kept["symbols"]) == (TEXT * 20)[100:150]


def test_both_kinds_of_picture(command, place):
    result = command("inspect", "words", "--text", TEXT, "--format", "svg", "--format", "png", "--no-page")
    assert result.exit_code == 0, result.output
    files = {path.name for path in (place / "inspect-words").iterdir()}
    vector, raster = ({file[:-4] for file in files if file.endswith(suffix)} for suffix in (".svg", ".png"))
    assert vector == raster
    assert {"gates-layer0.svg", "gates-layer1.png"} <= files


def test_units_that_are_asked_for_have_their_picture(command, place):
    result = command("inspect", "words", "--text", TEXT, "--unit", "1:7", "--unit", "0:3", "--no-page")
    assert result.exit_code == 0, result.output
    assert (place / "inspect-words/cells-layer1-unit7.png").exists()
    assert (place / "inspect-words/cells-layer0-unit3.png").exists()


def test_characters_never_seen_are_named(command, place):
    result = command("inspect", "tiny", "--text", "the hén, the 雞", "--no-pictures")
    assert result.exit_code == 0
    assert "read as the unknown symbol: 'é', '雞'" in result.stderr


def test_no_file_is_overwritten_unasked(command, refused, place):
    (place / "out").mkdir()
    (place / "out/mine.txt").write_text("mine")
    said = refused(5, "inspect", "tiny", "--text", TEXT, "--out", "out")
    assert "out: a folder with files in it; choose another --out, or --overwrite" in said
    assert os.listdir("out") == ["mine.txt"]
    result = command("inspect", "tiny", "--text", TEXT, "--out", "out", "--no-pictures", "--overwrite")
    assert result.exit_code == 0
    assert sorted(os.listdir("out")) == ["index.html", "mine.txt"]
    assert (place / "out/mine.txt").read_text() == "mine"
    assert "a file of that name exists" in refused(5, "inspect", "tiny", "--text", TEXT, "--out", "out/mine.txt")
    (place / "a.npz").write_text("mine")
    options = ("--no-pictures", "--no-page", "--npz", "a.npz")
    assert "a.npz: the file exists" in refused(5, "inspect", "tiny", "--text", TEXT, *options)
    assert (place / "a.npz").read_text() == "mine"


@pytest.mark.parametrize(
    ("code", "options", "complaint"),
    [
        (3, ["--text", ""], "the text is empty"),
        (3, ["--text", "abc", "--from", "9"], "the text has 3 characters"),
        (2, ["--text", "the hen", "--unit", "3:1"], "--unit 3:1: this run has one layer, 0"),
        (2, ["--text", "the hen", "--unit", "0:24"], "--unit 0:24: each layer of this run has units 0 to 23"),
        (2, ["--text", "the hen", "--unit", "seven"], "--unit takes LAYER:UNIT"),
        (2, ["--text", "the hen", "--unit", "0:-1"], "--unit takes LAYER:UNIT"),
        (2, ["--text", "the hen", "--length", "0"], "0 is not in the range"),
        (2, ["--text", "the hen", "--length", "99999"], "99999 is not in the range"),
        (2, ["--text", "the hen", "--format", "jpg"], "'jpg' is not one of"),
        (2, ["--text", "the hen", "--gradients", "the cow"], "give either --gradients TEXT or another text"),
        (3, ["--gradients", "abc"], "3 characters: too short"),
        (3, ["none.txt"], "none.txt: no such file"),
        (2, ["--temperature", "-1"], "--temperature takes a number from 0 to 100"),
        (3, ["--prompt", "雞"], "never saw"),
    ],
)
def test_mistakes_end_in_one_line(refused, place, code, options, complaint):
    assert complaint in refused(code, "inspect", "tiny", *options, "--out", "out")
    assert not (place / "out").exists() or not os.listdir("out")


def test_two_texts_and_no_run_are_refused(refused, place):
    (place / "text.txt").write_text(TEXT)
    for name in ("inspect", "gradients"):
        assert "give either FILE or --text" in refused(2, name, "tiny", "text.txt", "--text", TEXT)
    assert "no such run" in refused(4, "inspect", "none", "--text", TEXT)
    (place / "empty.txt").write_text("")
    assert "empty.txt" in refused(3, "inspect", "tiny", "empty.txt")


def test_gradients_are_printed_and_drawn(command, place):
    text = (TEXT * 6).strip()
    result = command("gradients", "words", "--text", text)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["steps", "back", "layer", "0", "held", "0.5", "layer", "1", "held", "0.5"]
    assert [line.split()[0] for line in lines[1:-1]] == ["1", "2", "4", "8", "16", "32", "64"]
    assert re.fullmatch(r"loss: [\d.]+ nats, [\d.]+ with the forget gates held at 0.5", lines[-1])
    assert [path.name for path in (place / "gradients-words").iterdir()] == ["gradients.png"]
    assert result.stderr == "picture: gradients-words/gradients.png\n"
    (place / "text.txt").write_text(text)
    again = command("gradients", "words", "text.txt", "--no-pictures")
    assert (again.stdout, again.stderr) == (result.stdout, "")


def test_the_older_spelling_of_gradients_does_the_same(command, place):
    (place / "text.txt").write_text(TEXT)
    for older, newer in (
        (["inspect", "tiny", "text.txt", "--gradients"], ["gradients", "tiny", "text.txt"]),
        (["inspect", "tiny", "--gradients", TEXT], ["gradients", "tiny", "--text", TEXT]),
        (["inspect", "tiny", "--seed", 3, "--gradients"], ["gradients", "tiny", "--seed", 3]),
    ):
        first, second = (command(*arguments, "--overwrite") for arguments in (older, newer))
        assert first.exit_code == 0, first.output
        assert (first.stdout, first.stderr) == (second.stdout, second.stderr)
        assert "picture: gradients-tiny/gradients.png" in first.stderr


def test_without_matplotlib_one_line_names_the_extra_and_the_page_is_made(place, hidden):
    refused = hidden("matplotlib", "inspect", "tiny", "--text", TEXT)
    assert refused.returncode == 2
    assert refused.stderr.startswith(
        "textgen: drawing pictures (--no-pictures leaves them out) needs the extra 'plots': pip install 'matplotlib"
    )
    assert not (place / "inspect-tiny").exists()
    made = hidden("matplotlib", "inspect", "tiny", "--text", TEXT, "--no-pictures", "--npz", "a.npz")
    assert made.returncode == 0, made.stderr
    assert (place / "inspect-tiny/index.html").exists()
    assert (place / "a.npz").exists()


def test_inspecting_imports_no_keras(place):
    import subprocess
    import sys

    code = "from textgen.cli import main; import sys\ntry: main()\nfinally: print(*sorted(sys.modules))"
    arguments = ["inspect", "tiny", "--text", TEXT]
    result = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    loaded = set(result.stdout.splitlines()[-1].split())
    assert "matplotlib.figure" in loaded
    assert not loaded & {"tensorflow", "keras", "h5py", "matplotlib.pyplot"}


def test_a_full_disk_ends_in_one_line(place):
    """A file may grow to 40 KB: the page of this model is larger, and so is what coverage would note of the process."""
    limited = ["bash", "-c", 'ulimit -f 40; exec "$@"', "bash"]
    arguments = ["inspect", "words", "--length", 400, "--no-pictures"]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    result = shell(*arguments, cwd=place, under=limited, env=plain)
    assert result.returncode == 5, result.stderr
    assert b"the file may not grow that large" in result.stderr.splitlines()[-1]
    assert os.listdir("inspect-words") == []
