"""The tutorial, followed: its commands in order in a copy of the files that a clone holds.

The commands run with small numbers (`tests.helpers.pages`). With TEXTGEN_TUTORIAL=as-written (make tutorial) a shell
runs them exactly as they are written.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from tests.conftest import ROOT
from tests.helpers import pages
from tests.helpers.commands import parameters
from tests.helpers.pages import Reader

TUTORIAL = (ROOT / "docs/tutorial.md").read_text("utf-8")
AS_WRITTEN = os.environ.get("TEXTGEN_TUTORIAL") == "as-written"


def blocks(language):
    return [text for _, text in pages.blocks(TUTORIAL, language)]


def shell(place):
    """A function that runs a step in a shell."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def run(step):
        command = ["bash", "-euo", "pipefail", "-c", step]
        done = subprocess.run(
            command, cwd=place, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{step}\n{done.stderr}"

    return run


def assert_is_a_picture(path):
    with Image.open(path) as image:
        assert np.asarray(image.convert("L")).std() > 5, path


def test_the_commands_run_in_order_and_make_the_pictures(checkout, monkeypatch, capsys):
    monkeypatch.chdir(checkout)
    setup, *steps = blocks("sh")
    assert 'pip install -e ".[plots,english]"' in setup  # this environment has these extras
    assert len(steps) == 6
    reader = Reader(checkout, {}, checkout / "kept")
    run = shell(checkout) if AS_WRITTEN else reader.commands
    began = time.monotonic()
    for number, step in enumerate(steps, 1):
        run(step)
        pictures = re.findall(rf"\(tutorial/({number}-[\w-]+\.png)\)", TUTORIAL)
        assert pictures, f"step {number} has a picture"
        for picture in pictures:
            made = checkout / "tutorial" / picture
            if not made.exists():  # one of many in the step's folder
                made = checkout / "tutorial" / str(number) / picture.partition("-")[2]
            assert_is_a_picture(made)
            assert_is_a_picture(ROOT / "docs/tutorial" / picture)
    shown = {path.name for path in (ROOT / "docs/tutorial").iterdir()}
    assert shown == set(re.findall(r"\(tutorial/(.*?)\)", TUTORIAL))
    if AS_WRITTEN:
        assert time.monotonic() - began < 600
    (script,) = blocks("python")
    capsys.readouterr()
    exec(compile(script, "tutorial.md", "exec"), {})
    assert capsys.readouterr().out.startswith("(15, 1, 384) ['T', 'h', 'e', ' ', 'r', 'i'] [('v', 0.")


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
