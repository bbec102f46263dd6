"""The page in Firefox: `make test-firefox`, which needs Firefox, node and npm, runs this."""

import json
import os
import shutil
import subprocess
from urllib.parse import urlencode

import pytest

from tests.conftest import ROOT
from tests.page.test_writing import PROMPTS, RUNS
from textgen.page.build import page

NODE_PATH = "TEXTGEN_FIREFOX"  # a folder in which npm installed puppeteer-core
FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)

pytestmark = pytest.mark.skipif(NODE_PATH not in os.environ, reason="make test-firefox runs this")


@pytest.mark.parametrize("name", RUNS)
def test_a_seed_writes_in_firefox_what_it_writes_in_python(tmp_path, name):
    assert FIREFOX, "no Firefox on this machine"
    generator, prompt = RUNS[name](), PROMPTS.get(name, "")
    path = tmp_path / "page.html"
    path.write_text(page(generator, name), encoding="utf-8")
    shutil.copy(ROOT / "tests" / "page" / "firefox.mjs", os.environ[NODE_PATH])
    address = f"{path.as_uri()}#{urlencode({'prompt': prompt, 'seed': 7, 'length': 300})}"
    command = ["node", "firefox.mjs", FIREFOX, address]
    done = subprocess.run(command, cwd=os.environ[NODE_PATH], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["errors"] == []
    assert seen["text"] == generator.generate(prompt, seed=7, length=300)
    assert seen["steps"] == len(generator.read_prompt(prompt, "skip"))
