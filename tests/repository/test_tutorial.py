"""The tutorial, done: its commands in order, as a newcomer would give them, in what a clone holds."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from tests.conftest import ROOT
from tests.helpers.commands import parameters

TUTORIAL = (ROOT / "docs/tutorial.md").read_text("utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TUTORIAL, re.DOTALL)


def test_the_commands_run_in_order_and_make_the_pictures(checkout):
    setup, *steps = blocks("sh")
    assert 'pip install -e ".[plots,english]"' in setup  # what this environment has
    assert len(steps) == 6
    place = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    began = time.monotonic()
    for number, step in enumerate(steps, 1):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", step],
            cwd=checkout,
            env=place,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"step {number}: {done.stderr}"
        pictures = re.findall(rf"\(tutorial/({number}-[\w-]+\.png)\)", TUTORIAL)
        assert pictures, f"step {number} has a picture"
        for picture in pictures:
            made = checkout / "tutorial" / picture
            if not made.exists():  # one of many in the step's folder
                made = checkout / "tutorial" / str(number) / picture.partition("-")[2]
            for path in (made, ROOT / "docs/tutorial" / picture):
                with Image.open(path) as image:
                    assert np.asarray(image.convert("L")).std() > 5, path
    assert {path.name for path in (ROOT / "docs/tutorial").iterdir()} == set(
        re.findall(r"\(tutorial/(.*?)\)", TUTORIAL)
    )
    print(f"\nthe tutorial's commands took {time.monotonic() - began:.0f} seconds")
    assert time.monotonic() - began < 600
    (script,) = blocks("python")
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=checkout, env=place, capture_output=True, text=True, check=True
    ).stdout
    assert told.startswith("(15, 1, 384) ['T', 'h', 'e', ' ', 'r', 'i'] [('v', 0.")


def test_every_parameter_of_torchs_lstm_is_named():
    table = TUTORIAL.partition("torch.nn.LSTM's words")[2]
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
