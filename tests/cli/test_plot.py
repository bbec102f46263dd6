"""textgen plot: curves in the terminal and as a picture."""

import json
import shutil

import pytest
from PIL import Image

from textgen.cli.plot import text_chart
from textgen.runs.run import load_run


def test_a_chart_by_hand():
    lines = text_chart([[(0, 3.0), (10, 1.0)], [(10, 2.0)]], width=11, height=5)
    assert lines == [
        "3.000 |o.",
        "      |  ...",
        "2.000 |     .    x",
        "      |      ...",
        "1.000 |         .o",
        "      +-----------",
        "       0  10 steps",
    ]


def test_a_flat_line_and_a_single_point_have_charts():
    assert text_chart([[(5, 2.0)]], width=9, height=3)[0].endswith("o")
    assert len(text_chart([[(1, 2.0), (2, 2.0)]], width=9, height=3)) == 5
    assert text_chart([]) == []


@pytest.fixture
def two(tiny_run, word_run, empty_place):
    shutil.copytree(tiny_run, "checkpoints/tiny")
    shutil.copytree(word_run, "checkpoints/words")
    return empty_place


def test_runs_are_charted_with_their_best(command, two):
    result = command("plot", "tiny", "words")
    assert result.exit_code == 0, result.output
    for name, mark in (("tiny", "o"), ("words", "x")):
        best = min(line["validation_nats"] for line in load_run(name).history())
        assert f"{mark} {name}: validation {best:.4f} nats a" in result.stdout
    assert not list(two.glob("*.png"))


def test_a_picture_has_every_curve(two):
    from textgen.inspection.plots.curves import Learned, draw

    figure = draw([Learned.of(name, load_run(name)) for name in ("tiny", "words")])
    curves = [[line.get_ydata().tolist() for line in axes.lines] for axes in figure.axes]
    tiny, words = (load_run(name).history() for name in ("tiny", "words"))
    assert curves[0][:2] == [[line[f"{kind}_nats"] for line in tiny] for kind in ("training", "validation")]
    assert curves[1][3] == [line["validation_bits_per_character"] for line in words]
    assert curves[2][1] == [line["learning_rate"] for line in words]
    assert curves[3][0] == [line["gradient_norm"] for line in tiny]


@pytest.mark.parametrize("name", ["curves.png", "curves.svg"])
def test_the_picture_is_written_and_not_over_another(command, refused, two, name):
    result = command("plot", "tiny", "--out", name)
    assert result.exit_code == 0, result.output
    if name.endswith("png"):
        with Image.open(name) as picture:
            assert picture.size[0] > 1000
    before = (two / name).read_bytes()
    assert "the file exists" in refused(5, "plot", "tiny", "words", "--out", name)
    assert (two / name).read_bytes() == before
    assert command("plot", "tiny", "words", "--out", name, "--overwrite").exit_code == 0
    assert (two / name).read_bytes() != before


def test_a_run_whose_gradients_were_watched_has_two_panels_more(two):
    from textgen.inspection.plots.curves import Learned, draw

    line = {"epoch": 1, "step": 9, "weights": {"embedding": 0.5}, "distances": [1, 2, 4], "hidden": [[0.1, 0.02, 0.0]]}
    (two / "checkpoints/tiny/gradients.jsonl").write_text(json.dumps(line) + "\n")
    figure = draw([Learned.of(name, load_run(name)) for name in ("tiny", "words")])
    assert len(figure.axes) == 6
    assert figure.axes[5].lines[0].get_xdata().tolist() == [1, 2, 4]


def test_mistakes_end_in_one_line(refused, two):
    assert "a picture's name ends in .png or .svg" in refused(2, "plot", "tiny", "--out", "curves.jpg")
    assert "no such run" in refused(4, "plot", "none")
    assert "no folder" in refused(5, "plot", "tiny", "--out", "nowhere/curves.png")
    (two / "checkpoints/tiny/history.jsonl").unlink()
    assert "no history to plot" in refused(4, "plot", "tiny")


def test_without_matplotlib_the_chart_is_there_and_the_picture_names_the_extra(two, hidden):
    chart = hidden("matplotlib", "plot", "tiny")
    assert chart.returncode == 0, chart.stderr
    assert "o tiny: validation" in chart.stdout
    picture = hidden("matplotlib", "plot", "tiny", "--out", "curves.png")
    assert picture.returncode == 2
    assert picture.stderr.startswith("textgen: --out needs the extra 'plots': pip install 'matplotlib")
