"""The documentation, followed: every command and every script of the README, the guide and the other pages.

`make test-docs` follows the pages; what is read of them without running them belongs to `make test`.
"""

import ast
import re

import pytest

from tests.conftest import ROOT
from tests.helpers.pages import SET_UP, Reader, blocks, lay_out
from textgen.cli import COMMANDS
from textgen.corpus.forms import FORMS
from textgen.corpus.forms.reading import read_forms
from textgen.sampling.transforms import TransformConfig

PAGES = [
    "README.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/guide").glob("*.md")),
    "docs/poem-example.md",
    "corpora/README.md",
]


@pytest.fixture
def reader(empty_place, monkeypatch, made_once):
    monkeypatch.setenv("TEXTGEN_CACHE", str(empty_place / "cache"))
    lay_out(empty_place)
    return Reader(empty_place, made_once)


@pytest.mark.docs
@pytest.mark.parametrize("page", PAGES)
def test_a_page_can_be_followed(page, reader):
    reader.follow((ROOT / page).read_text("utf-8"))


def test_the_sample_of_the_readme_is_what_the_shipped_model_writes(reader, capsys):
    page = (ROOT / "README.md").read_text("utf-8")
    (_, command), (_, sample) = blocks(page, "sh", "text")[:2]
    assert reader.command(command) == sample
    ((_, script),) = blocks(page, "python")
    assert len(script.strip().splitlines()) == 5
    exec(compile(script, "README.md", "exec"), {})
    assert capsys.readouterr().out + "\n" == sample


def test_the_readme_is_short_and_shows_a_picture_that_a_command_makes():
    page = (ROOT / "README.md").read_text("utf-8")
    assert len(page.splitlines()) <= 150
    of_units, of_page = re.findall(r"!\[.*?\]\((.*?)\)", page)
    assert of_units.removeprefix("docs/") in (ROOT / "docs/tutorial.md").read_text("utf-8")
    assert of_page == "docs/page/write.png"  # docs/draw_page.py makes it


def test_the_guide_has_every_transform_in_its_order():
    page = (ROOT / "docs/guide/sampling.md").read_text("utf-8")
    table = page.partition("in the order in which they are applied")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`--.*?) \|", table, re.MULTILINE)
    named = [name.replace("-", "_") for row in rows for name in re.findall(r"--([a-z-]+)", row)]
    assert [name for name in named if name != "repetition_window"] == TransformConfig.order()


def test_the_guide_has_every_command_in_its_order():
    page = (ROOT / "docs/guide/command-line.md").read_text("utf-8")
    table = page.partition("| command |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE) == list(COMMANDS)


def test_the_guide_has_every_form():
    page = (ROOT / "docs/guide/verse.md").read_text("utf-8")
    rows = re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
    assert set(FORMS) <= {name for row in rows for name in re.findall(r"`([a-z0-9-]+)`", row)}


def test_links_between_pages_lead_somewhere():
    pages = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "corpora/README.md",
        ROOT / "checkpoints/README.md",
    ]
    for page in pages:
        text = page.read_text("utf-8")
        for target in re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", text):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_every_option_that_the_pages_name_exists():
    from textgen.cli import COMMANDS, main

    def options(command):
        for each in [command, *getattr(command, "commands", {}).values()]:
            for parameter in each.params:
                yield from (*parameter.opts, *parameter.secondary_opts)

    known = {option for name in COMMANDS for option in options(main.get_command(None, name))} | {"--help"}
    for page in PAGES:
        lines = (ROOT / page).read_text("utf-8").splitlines()
        text = "\n".join(line for line in lines if not line.startswith(SET_UP))  # those have options of their own
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) <= known, page


def test_the_recipes_for_contributors_are_python():
    recipes = [text for _, text in blocks((ROOT / "CONTRIBUTING.md").read_text("utf-8"), "python")]
    assert len(recipes) == 5
    for recipe in recipes:
        ast.parse(recipe)


def test_the_recipe_for_a_form_is_one():
    ((_, recipe),) = blocks((ROOT / "CONTRIBUTING.md").read_text("utf-8"), "toml")
    assert read_forms("CONTRIBUTING.md", recipe)["tercet"].lines == 3


def test_contributors_are_told_only_of_targets_that_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    pages = ["CONTRIBUTING.md", "docs/testing.md", ".pre-commit-config.yaml", ".github/workflows/test.yml", ".ci/run"]
    for page in pages:
        for target in re.findall(r"make (?:PYTHON=\w+ )?([a-z][a-z-]+)\b", (ROOT / page).read_text("utf-8")):
            assert f"\n{target}:" in makefile, f"{page}: make {target}"
