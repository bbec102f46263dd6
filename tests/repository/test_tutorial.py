"""The tutorial, followed: its commands in order in a copy of the files that a clone holds, and what it says of them.

The commands run with small numbers (`tests.helpers.pages`); what the tutorial shows of the model that ships is compared
with what is printed. With TEXTGEN_TUTORIAL=as-written (make tutorial) a shell runs the commands exactly as they are
written, and what is said of the trainings is checked too. `make test-docs` follows it.
"""

import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.helpers import pages
from tests.helpers.commands import parameters
from tests.helpers.pages import Reader, is_shown
from textgen import Generator
from textgen.corpus.documents import read_for
from textgen.engine.holding import read_holds
from textgen.engine.measure import evaluate
from textgen.inspection import trace
from textgen.inspection.units import quotes
from textgen.runs.config import TrainingConfig
from textgen.runs.run import load_run
from textgen.tokens.extent import Extent
from textgen.tokens.layout import lay_out
from textgen.verse import check

TUTORIAL = (ROOT / "docs/tutorial.md").read_text("utf-8")
PROSE = " ".join(TUTORIAL.split())
BOOK = (ROOT / "corpora/ferryman.txt").read_text("utf-8")
AS_WRITTEN = os.environ.get("TEXTGEN_TUTORIAL") == "as-written"


def blocks(*languages):
    return pages.blocks(TUTORIAL, *languages)


def said(sentence):
    """Make sure that the tutorial says what is checked after this."""
    assert " ".join(sentence.split()) in PROSE, sentence


def shell(place):
    """A function that runs the lines of a step in a shell, and returns what they print."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def run(line):
        command = ["bash", "-euo", "pipefail", "-c", line]
        done = subprocess.run(
            command, cwd=place, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        return done.stdout + done.stderr

    return run


def assert_is_a_picture(path):
    with Image.open(path) as image:
        assert np.asarray(image.convert("L")).std() > 5, path


class Followed:
    """The tutorial in a folder, its commands run once.

    Attributes:
        place: the folder.
        printed: a command line to what it printed.
        seconds: what all commands took.
    """

    def __init__(self, place, made_once):
        self.place, self.printed = place, {}
        run = shell(place) if AS_WRITTEN else Reader(place, made_once).command
        began = time.monotonic()
        for language, text in blocks("sh", "text")[1:]:  # the first installs
            lines = text.splitlines()
            if language == "sh":
                step = {line: run(line) for line in lines}
                self.printed |= step
                continue
            # What a training leads to differs between machines, and here it has small numbers.
            is_fixed = not any("train" in line for line in step) or "jabez" in "".join(step)
            if is_fixed or AS_WRITTEN:
                assert is_shown(text, "".join(step.values())), text
        self.seconds = time.monotonic() - began

    def of(self, words):
        """What the only command with these words printed."""
        (found,) = (printed for line, printed in self.printed.items() if words in line)
        return found


@pytest.mark.docs
def test_the_tutorial_can_be_followed(checkout, made_once, monkeypatch, capsys):
    """One test, since its commands take half a minute: all that is checked of them follows."""
    monkeypatch.chdir(checkout)
    followed, shipped = Followed(checkout, made_once), Generator.load("jabez")
    the_pictures(followed)
    step_1(followed, shipped)
    step_2(followed, shipped)
    step_3(followed)
    held_gates(followed, shipped)
    step_5(followed)
    step_6(followed)
    if AS_WRITTEN:
        the_trainings(followed)
    capsys.readouterr()
    ((_, script),) = blocks("python")
    exec(compile(script, "tutorial.md", "exec"), {})
    assert capsys.readouterr().out.startswith("(15, 1, 384) ['T', 'h', 'e', ' ', 'r', 'i'] [('v', 0.")


def the_pictures(followed):
    setup, *steps = (text for _, text in blocks("sh"))
    assert 'pip install -e ".[plots,english]"' in setup  # this environment has these extras
    assert len(steps) == 7  # the third has two
    for number in range(1, 7):
        pictures = re.findall(rf"\(tutorial/({number}-[\w-]+\.png)\)", TUTORIAL)
        assert pictures, f"step {number} has a picture"
        for picture in pictures:
            made = followed.place / "tutorial" / picture
            if not made.exists():  # one of many in the step's folder
                made = followed.place / "tutorial" / str(number) / picture.partition("-")[2]
            assert_is_a_picture(made)
            assert_is_a_picture(ROOT / "docs/tutorial" / picture)
    shown = {path.name for path in (ROOT / "docs/tutorial").iterdir()}
    assert shown == set(re.findall(r"\(tutorial/(.*?)\)", TUTORIAL))


def step_1(followed, shipped):
    text = re.search(r'--text "(.*?)" --out tutorial/1', TUTORIAL)[1]
    seen = trace(shipped, text)
    steps, vocabulary, features, units = len(seen), seen.logits.shape[1], 48, seen.cell.shape[2]
    assert shipped.engine.named_weights()["embedding"].shape == (vocabulary, features)
    for name, shape in {
        "ids": f"(1, {steps})",
        "one-hot": f"(1, {steps}, {vocabulary})",
        "input of the LSTM: features": f"(1, {steps}, {features})",
        "output of the LSTM": f"(1, {steps}, {units})",
        "logits": f"(1, {steps}, {vocabulary})",
    }.items():
        assert re.search(rf"^\| {name} \|.*\| {re.escape(shape)} \|$", TUTORIAL, re.MULTILINE), name
    said(f"the lower left shows {features} numbers per symbol")
    said(f"{steps} characters are too few for such a table, and textgen says so")
    said("the **batch** is 32 streams of text in parallel")
    assert TrainingConfig().batch_size == 32
    said("marks what it found as `not confirmed` where the second half of the text disagrees")
    assert "not confirmed" in followed.of("--out tutorial/1")


def step_2(followed, shipped):
    seen = trace(shipped, BOOK[:20_000])
    said(f"Each of the layer's {seen.cell.shape[2]} **units** keeps one number")
    open_share = seen.forget_gate[:, 0].mean(axis=0)
    said("the rows at the top stay bright")
    assert open_share.max() > 0.95
    said("The rows at the bottom go dark at almost every symbol.")
    assert open_share.min() < 0.2
    rows = re.findall(r"^[a-z ]+ +(\d+) +(\d+) .*$", followed.of("--out tutorial/2"), re.MULTILINE)
    said("here all six agree")
    assert len(rows) == 6
    assert "not confirmed" not in followed.of("--out tutorial/2")
    said("The second of these, unit 290,")
    assert rows[1] == ("0", "290")
    said("it is blue inside them and red outside")  # blue stands for numbers below 0
    inside, cell = quotes(seen.symbols).astype(bool), seen.cell[:, 0, 290]
    assert np.median(cell[inside]) < 0 < np.median(cell[~inside])


def step_3(followed):
    printed = followed.of("gradients jabez")
    rows = {
        int(back): (float(own), float(held))
        for back, own, held in re.findall(r"(\d+) +(\S+e-\d+) +(\S+e-\d+)", printed)
    }
    said("Up to 16 steps back, about the length of three words, the two are within a factor of four.")
    words = re.findall(r"\S+\s", BOOK)
    assert 14 < 3 * sum(map(len, words)) / len(words) < 18
    assert all(1 / 4 < own / held < 4 for back, (own, held) in rows.items() if back <= 16)
    said("From there on, the held network loses a quarter of its gradient at each step")
    assert 0.7 < (rows[128][1] / rows[16][1]) ** (1 / 112) < 0.8
    said("Training cuts the text into 32 streams. A training step reads the next 64 symbols of each stream")
    assert (TrainingConfig().batch_size, TrainingConfig().sequence_length) == (32, 64)
    said("A tenth of the text is held out")
    assert TrainingConfig().validation == 0.1


def held_gates(followed, shipped):
    free, held = (
        printed.partition("\nrun ")[0] for line, printed in followed.printed.items() if "--length 150 --seed 6" in line
    )
    assert free != held
    assert all(text in TUTORIAL for text in (free, held))
    said("a unit has lost 94% of what it knew after four symbols")
    assert round(1 - 0.5**4, 2) == 0.94
    run = load_run("jabez")

    def nats(texts, *hold):
        engine = shipped.engine.held(read_holds(hold, run.model))
        return evaluate(engine, lay_out(run.tokenizer, texts), Extent.of(texts)).nats

    unseen = read_for(run.training, ["corpora/ferryman.txt"]).split(run.training.validation)[1]
    said(f"its loss rises from {nats(unseen):.3f} nats a character to {nats(unseen, 'forget=0.5'):.3f}")
    other = read_for(run.training, ["corpora/lamplighter.txt"], whole=True).documents
    own = nats(other)
    said(f"where it has less to remember, from {own:.3f} to {nats(other, 'forget=0.5'):.3f}")
    said(f"always open (`output=1`) {nats(other, 'output=1'):.3f}, worse than not reading at all")
    assert nats(other, "output=1") > math.log(shipped.tokenizer.vocabulary_size)
    if AS_WRITTEN:
        said(
            f"(`--hold forget=0`) {nats(other, 'forget=0'):.3f}, always open (`forget=1`) {nats(other, 'forget=1'):.3f}"
        )
        said(f"(`input=1`) {nats(other, 'input=1'):.3f}; output gates")
        said(f"`--hold output:0:290=0`, costs {nats(other, 'output:0:290=0') - own:.3f}")


def step_5(followed):
    cold, _, hot = (
        followed.of(f"--temperature {temperature} --length 200").partition("\nrun ")[0]
        for temperature in (0.2, 0.8, 1.5)
    )
    known = set(re.findall(r"[\w']+", BOOK))

    def strange(text):
        return set(re.findall(r"[\w']+", text)[:-1]) - known  # the last may be cut off

    said('at 0.2 every word is a word of the book, and the text soon repeats itself ("the boat" three times)')
    assert not strange(cold)
    assert cold.count("the boat") == 3
    said('words fall apart: "enfetterly"')
    assert "enfetterly" in strange(hot)
    assert len(strange(hot)) >= 5


def step_6(followed):
    poems = (ROOT / "corpora/haiku.txt").read_text("utf-8").strip().split("\n\n")
    said(f"The network learned {len(poems)} small poems")
    said("here 5, 7 and 5 syllables to a line")
    written = (followed.place / "tutorial/haiku.txt").read_text("utf-8").strip().split("\n\n")
    shown = re.findall(r"(?:^> .*\n)+", TUTORIAL, re.MULTILINE)
    said("These are three of one training")
    assert (len(written), len(shown)) == (5, 3)
    for poem in [*written, *(re.sub(r"^> |\\\\$", "", each, flags=re.MULTILINE).strip() for each in shown)]:
        assert check(poem.splitlines(), "haiku").holds, poem
        assert poem not in poems


def the_trainings(followed):
    small, stacked = (load_run(followed.place / "checkpoints" / name) for name in ("small", "stacked"))
    losses = [(line["training_nats"], line["validation_nats"]) for line in small.history()]
    said("after five passes over the text both still fall")
    assert len(losses) == 5
    assert all(
        later < earlier for pair in zip(losses[1:], losses, strict=False) for later, earlier in zip(*pair, strict=True)
    )
    said('the last lines of the training say "still learning"')
    assert "still learning" in followed.of("--out checkpoints/small")
    said("Two layers take longer to learn than one, and learn a little more from the same text")
    best = [min(line["validation_nats"] for line in run.history()) for run in (small, stacked)]
    assert best[0] - 0.1 < best[1] < best[0]
    assert stacked.history()[-1]["seconds"] > small.history()[-1]["seconds"]
    minutes = re.search(r"all steps together took (\w+) minutes", PROSE)[1]
    assert followed.seconds < 2 * 60 * {"three": 3, "four": 4, "five": 5}[minutes]


def test_every_parameter_of_torchs_lstm_is_named():
    table = TUTORIAL.partition("words of torch.nn.LSTM")[2]
    names = "input_size hidden_size num_layers bias batch_first dropout bidirectional proj_size h_0 c_0 h_n c_n".split()
    for name in names:
        assert f"`{name}`" in table, name


def test_every_option_that_is_named_exists():
    from textgen.cli import COMMANDS, main

    there = {
        spelling
        for name in COMMANDS
        for parameter in parameters(main.get_command(None, name))
        for spelling in (*parameter.opts, *parameter.secondary_opts)
    }
    assert set(re.findall(r"--[a-z][a-z-]*", TUTORIAL)) <= there
