"""docs/guide/serving.md against the server: its tables are complete, and its calls work."""

import ast
import configparser
import json
import re
import shutil
import subprocess

import pytest

from tests.conftest import ROOT, missing
from tests.helpers.pages import blocks, parsed
from tests.helpers.server import events, serving
from textgen.serve.fields import PROPERTIES
from textgen.serve.openapi import ROUTES
from textgen.serve.schema import words

ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def page():
    return (ROOT / "docs/guide/serving.md").read_text("utf-8")


@pytest.fixture(scope="module")
def server():
    with serving(ROOT / "checkpoints/jabez") as found:
        yield found


def rows_after(page, heading):
    """The rows of the first table after a heading: lists of cells."""
    table = page.partition(heading)[2].partition("\n|")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table.splitlines()[2:]]


def test_the_table_has_every_field_with_what_it_takes_and_its_default(page):
    rows = rows_after(page, "## The fields of a completion")
    assert [row[0] for row in rows] == [f"`{name}`" for name in PROPERTIES]
    for (name, schema), (_, takes, default, about) in zip(PROPERTIES.items(), rows, strict=True):
        assert (takes, about) == (words(schema), schema["description"]), name
        if "default" in schema:
            assert default == f"`{json.dumps(schema['default'])}`", name


def test_every_route_is_in_the_page(page):
    named = set(re.findall(r"`(GET|POST) (/\S*)`", page))
    assert {(method.upper(), path) for method, path, *_ in ROUTES} == named


def test_the_statuses_are_those_of_the_routes(page, server):
    codes = {code for row in rows_after(page, "## Errors") for code in row[0].split(", ")}
    document = server.client.get("/openapi.json").json()
    described = {code for path in document["paths"].values() for each in path.values() for code in each["responses"]}
    assert described - {"200"} <= codes


def test_the_calls_from_a_shell_work(page, server):
    if not shutil.which("curl"):
        missing("no curl")
    calls = [
        line
        for _, text in blocks(page, "bash")
        for line in text.replace("\\\n", " ").splitlines()
        if "[needs" not in line
    ]
    assert len(calls) == 7
    for line in calls:
        command = line.replace(ADDRESS, server.url)
        done = subprocess.run(["bash", "-euc", command], capture_output=True, text=True, check=True, timeout=60)
        found = list(events(done.stdout.splitlines()))
        assert found[-1] == "[DONE]" if '"stream"' in line else "error" not in found[0], line


def test_settings_of_other_programs_are_well_formed(page):
    ((_, unit),) = blocks(page, "ini")
    found = configparser.ConfigParser(strict=False, interpolation=None)
    found.read_string(unit)
    assert found.sections() == ["Unit", "Service", "Install"]
    parsed(found["Service"]["ExecStart"].split()[1:])
    ((_, proxy),) = blocks(page, "nginx")
    assert proxy.count("{") == proxy.count("}") == 2
    assert all(line.strip()[-1] in "{};" for line in proxy.splitlines())
    assert "proxy_buffering off;" in proxy
    for _, script in blocks(page, "python"):
        ast.parse(script)
