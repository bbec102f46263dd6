"""The architecture: where Keras may be imported, what imports cost, which names are public, how large modules are."""

import ast
import re
import subprocess
import sys

import click
import pytest

from tests.conftest import ROOT
from tests.helpers.commands import parameters

# Modules that may hold code for one Keras backend.
ONE_BACKEND = {"training/backend", "training/lstm", "training/optimizer", "training/feed"}
# What prints past the filter of what is shown.
DOORS = {"print", "click.echo", "click.secho", "click.style", "sys.stdout.write", "sys.stderr.write"}
PRINTING = {"echo", "secho", "style", "write"}
SOURCES = sorted((ROOT / "textgen").rglob("*.py"))
# Every source by its path below the package.
MODULES = [path.relative_to(ROOT / "textgen").with_suffix("").as_posix() for path in SOURCES]


def imports(module):
    """Every module that the source imports, inside functions too."""
    for node in ast.walk(ast.parse((ROOT / "textgen" / f"{module}.py").read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            yield node.module
            if node.module == "textgen":
                yield from (f"textgen.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", MODULES)
def test_keras_stays_in_training(module):
    heavy = {name for name in imports(module) if name.split(".")[0] in {"keras", "tensorflow", "jax", "torch"}}
    assert module.startswith("training/") or not heavy
    assert module in ONE_BACKEND or all(name.split(".")[0] == "keras" for name in heavy)


def modules_after(statement):
    code = f"import sys; {statement}; print(*sorted(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_importing_the_package_and_the_command_line_is_cheap():
    loaded = modules_after("import textgen.cli")
    assert not loaded & {"tensorflow", "keras", "numpy", "safetensors", "tqdm"}


def test_writing_and_planning_never_import_keras():
    loaded = modules_after("import textgen; textgen.Generator; import textgen.runs.run, textgen.runs.describe")
    assert "numpy" in loaded
    assert not loaded & {"tensorflow", "keras"}


def test_the_public_names_are_there():
    statement = (
        "from textgen import *; from textgen.writing import generator; import textgen; assert textgen.train is train"
    )
    assert "tensorflow" not in modules_after(statement)  # training imports it only when all else is settled
    import textgen

    assert set(dir(textgen)) == set(textgen.__all__)
    for name in textgen.__all__:
        assert getattr(textgen, name)


def test_modules_for_programs_are_reached_by_their_name():
    statement = "import textgen; textgen.inspection.trace, textgen.gradients.gradients, textgen.verse.compose"
    loaded = modules_after(statement + ", textgen.properties.followers, textgen.judging.judge")
    assert not loaded & {"tensorflow", "keras", "matplotlib", "sklearn"}


def test_a_name_that_is_not_there_is_an_attribute_error():
    import textgen

    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = textgen.trian


def test_every_command_explains_itself_with_an_example(command):
    from textgen.cli import COMMANDS, main

    assert command("--help").exit_code == 0
    files = {path.stem for path in (ROOT / "textgen/cli").glob("*.py")}
    shared = {"__init__", "chosen", "console", "machines", "options", "start"}
    assert {module for module, _ in COMMANDS.values()} == files - shared
    for name, (_, line) in COMMANDS.items():
        result = command(name, "--help")
        assert result.exit_code == 0
        assert f"textgen {name}" in result.output, name
        assert line in command("--help").output
        for parameter in parameters(main.get_command(None, name)):
            assert isinstance(parameter, click.Argument) or parameter.help, f"{name} {parameter.name}"


def test_python_modules_have_docstrings_and_stay_small():
    for path in SOURCES:
        source = path.read_text("utf-8")
        assert ast.get_docstring(ast.parse(source)), path
        assert len(source.splitlines()) <= 400, path


def test_commands_print_through_one_door():
    """Everything shown passes textgen.cli.console, and so the filter; nothing else prints."""
    for path in SOURCES:
        calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        names = {call.id for call in calls if isinstance(call, ast.Name)}
        names |= {f"{ast.unparse(call.value)}.{call.attr}" for call in calls if getattr(call, "attr", "") in PRINTING}
        allowed = {"cli/console": names, "cli/__init__": {"sys.stderr.write"}}
        module = path.relative_to(ROOT / "textgen").with_suffix("").as_posix()
        assert not (names & DOORS) - allowed.get(module, set()), module


def test_every_package_has_its_line_in_the_architecture_page():
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    packages = {path.parent.name for path in (ROOT / "textgen").glob("*/__init__.py")} | {
        "lazy.py",
        "shown.py",
        "errors.py",
        "arguments.py",
        "options.py",
    }
    assert packages <= set(re.findall(r"^\| `textgen/([\w.]+)` \|", page, re.MULTILINE))


def test_the_picture_of_the_architecture_can_be_drawn_again(tmp_path):
    picture = tmp_path / "architecture.svg"
    command = [sys.executable, "docs/draw_architecture.py", "--before", ROOT, "--out", picture]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    drawn = picture.read_text("utf-8")
    assert "<svg" in drawn
    for name in ("corpus", "training", "writing"):  # each text is a comment beside its outlines
        assert f"<!-- {name} -->" in drawn
