"""textgen page: what the command writes, and what it refuses."""

import base64
import json
import re
import zlib

import pytest

from textgen import Generator
from textgen.page.model import page_model
from textgen.runs.run import load_run


def data_of(html):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', html)[1])


def test_a_page_is_written(command, tiny_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = command("page", tiny_run)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert re.search(r"page: tiny\.html, [0-9,]+ bytes; open it in a browser", result.stderr)
    data = data_of((tmp_path / "tiny.html").read_text("utf-8"))
    assert (data["title"], data["prompt"], data["explains"]) == ("tiny", "", True)


def test_options_are_in_the_page(command, tiny_run, tmp_path):
    out = tmp_path / "a.html"
    result = command(
        "page", tiny_run, "--out", out, "--title", "A <b>", "--prompt", "The ", "--bits", 8, "--no-explain"
    )
    assert result.exit_code == 0, result.stderr
    data = data_of(out.read_text("utf-8"))
    assert (data["title"], data["prompt"], data["explains"], data["model"]["bits"]) == ("A <b>", "The ", False, 8)
    assert data["facts"] == ["weights of 8 bits"]


def test_the_numbers_in_the_page_are_the_runs(command, tiny_run, tmp_path):
    out = tmp_path / "a.html"
    command("page", tiny_run, "--out", out)
    stored = re.search(r'<script type="text/plain" id="numbers">(.*?)</script>', out.read_text("utf-8"))[1]
    numbers = zlib.decompress(base64.b64decode(stored), wbits=-zlib.MAX_WBITS)
    assert numbers == page_model(Generator.load(tiny_run), "tiny").numbers
    # Each weight once, of four bytes.
    assert len(numbers) == 4 * sum(array.size for array in load_run(tiny_run).weights.values())


def test_the_learned_text_is_not_in_the_page(command, tiny_run, text_file, tmp_path):
    out = tmp_path / "a.html"
    command("page", tiny_run, "--out", out)
    html = out.read_text("utf-8")
    lines = [line for line in text_file.read_text("utf-8").split("\n") if len(line) > 20]
    assert lines
    assert not any(line in html for line in lines)
    assert text_file.name not in html


def test_an_existing_file_is_kept(command, refused, tiny_run, tmp_path):
    out = tmp_path / "a.html"
    out.write_text("mine")
    assert "--overwrite" in refused(5, "page", tiny_run, "--out", out)
    assert out.read_text() == "mine"
    assert command("page", tiny_run, "--out", out, "--overwrite").exit_code == 0
    assert out.read_text("utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("code", "arguments", "said"),
    [
        (4, ["no-such-run"], "no-such-run"),
        (2, ["RUN", "--title", "x" * 300], "--title"),
        (5, ["RUN", "--out", "no/such/folder/a.html"], "no/such/folder"),
    ],
)
def test_what_cannot_be_done_is_one_line(refused, tiny_run, code, arguments, said):
    given = [str(tiny_run) if each == "RUN" else each for each in arguments]
    assert said in refused(code, "page", *given)


def test_other_bits_are_a_usage_error(command, tiny_run):
    result = command("page", tiny_run, "--bits", 7)
    assert result.exit_code == 2
    assert "'32', '16', '8'" in result.stderr
