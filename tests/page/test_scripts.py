"""What the page is put together from: its scripts, its policy, its data, and the step that was built for it."""

import base64
import hashlib
import json
import re
import shutil
import subprocess

import pytest

from tests.helpers.browser import opened
from tests.page.test_writing import RUNS
from textgen.engine.compiled import VARIANTS
from textgen.engine.network import VARIABLE
from textgen.page.build import PAGE, WORKER, page, playground
from textgen.page.html import embedded, folder, policy, script
from textgen.page.kernel import build as kernel

SCRIPTS = folder("textgen.page") / "scripts"
DEFINED = re.compile(r"^(?:export )?(?:async )?(?:const|let|function\*?|class) ([\w$]+)", re.MULTILINE)
IMPORTED = re.compile(r"^import \{([^}]*)\} from \"\./([\w-]+)\.js\";$", re.MULTILINE)


def source(name):
    return (SCRIPTS / f"{name}.js").read_text("utf-8")


@pytest.mark.parametrize("names", [WORKER, PAGE], ids=["worker", "page"])
def test_modules_that_stand_in_one_script_share_no_name(names):
    defined = [(found, name) for name in names for found in DEFINED.findall(source(name))]
    twice = {found: [own for other, own in defined if other == found] for found, _ in defined}
    assert {found: own for found, own in twice.items() if len(own) > 1} == {}


@pytest.mark.parametrize("names", [WORKER, PAGE], ids=["worker", "page"])
def test_a_module_comes_after_those_that_it_imports_from(names):
    for place, name in enumerate(names):
        for imported, module in IMPORTED.findall(source(name)):
            assert module in names[:place], (name, module)
            exported = set(
                re.findall(r"^export (?:async )?(?:const|function\*?|class) ([\w$]+)", source(module), re.MULTILINE)
            )
            assert {each.strip() for each in imported.split(",")} <= exported, (name, module)
            for each in imported.split(","):
                assert len(re.findall(rf"\b{re.escape(each.strip())}\b", source(name))) > 1, (name, each)


def test_every_script_is_in_a_bundle():
    assert {each.name for each in SCRIPTS.iterdir()} == {f"{name}.js" for name in {*WORKER, *PAGE}}


@pytest.mark.parametrize("names", [WORKER, PAGE], ids=["worker", "page"])
def test_scripts_hold_nothing_that_ends_them_or_reaches_out(names):
    text = script(SCRIPTS, names)
    assert "</script" not in text
    assert not re.search(r"^import ", text, re.MULTILINE)
    for forbidden in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        'setAttribute("on',
    ):
        assert forbidden not in text, forbidden


def test_the_policy_allows_the_pages_own_script_and_no_request():
    html = page(RUNS["embedding"](), "run")
    (allowed,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    (main,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(main.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}' 'wasm-unsafe-eval'" in allowed
    assert "default-src 'none'" in allowed
    assert "connect-src" not in allowed
    assert "connect-src 'self'" in playground()
    assert not re.search(r"\son\w+=|javascript:|https?://", html.split("<script")[0])


def test_a_policy_joins_what_is_added_to_a_directive():
    assert "script-src 'sha256-" in policy("a{}", ["x"], {"script-src": "'wasm-unsafe-eval'"})
    assert policy("a{}", ["x"], {"worker-src": "blob:"}).endswith("worker-src blob:")


@pytest.mark.parametrize("text", ["</script>", "<!--", "\u2028\u2029", "&lt;", "\udc80", "\u202e", 'a"b\\'])
def test_data_holds_no_tag_and_comes_back(text):
    data = embedded({text: [text]})
    assert data.isascii()
    assert not set(data) & set("<>&\n")
    assert json.loads(data) == {text: [text]}


def test_the_built_step_is_that_of_its_sources():
    record = json.loads(kernel.RECORD.read_text("utf-8"))
    assert record["sha256"] == {variant: kernel.hash_of(kernel.wasm(variant)) for variant in kernel.VARIANTS}
    assert record["sources_sha256"] == kernel.hash_of(*kernel.SOURCES), "run make kernel"
    assert all(kernel.wasm(variant).stat().st_size < 20_000 for variant in kernel.VARIANTS)


@pytest.mark.parametrize("variant", kernel.VARIANTS)
def test_the_step_is_built_again(tmp_path, variant):
    if not kernel.has_tools():
        pytest.skip("no ziglang in this environment")
    kernel.build(variant, tmp_path / "kernel.wasm")
    record = json.loads(kernel.RECORD.read_text("utf-8"))
    built = (tmp_path / "kernel.wasm").read_bytes()
    assert built[:4] == b"\0asm"
    if record["compiler"] == kernel.compiler():
        assert hashlib.sha256(built).hexdigest() == record["sha256"][variant]


def test_the_plain_variant_writes_the_same(browser, tmp_path, monkeypatch):
    """That of browsers without relaxed vectors; its sums are rounded as those of the engine's variant sse2."""
    if "sse2" not in VARIANTS:
        pytest.skip("not the processor that has this variant")
    monkeypatch.setenv(VARIABLE, "sse2")
    generator = RUNS["shipped"]()
    path = tmp_path / "page.html"
    fused = base64.b64encode(kernel.wasm("fused").read_bytes()).decode()
    path.write_text(page(generator, "run").replace(f'"{fused}",', ""), encoding="utf-8")
    with opened(browser, path, "#seed=7&length=1000&prompt=The+river+") as tab:
        tab.wait_for_selector("html[data-written]")
        assert tab.text_content("#texts .text") == generator.generate("The river ", seed=7, length=1000)


def test_the_scripts_are_read_by_node():
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine")
    for names in (WORKER, PAGE):
        checked = subprocess.run([node, "--check", "-"], input=script(SCRIPTS, names), text=True, capture_output=True)
        assert checked.returncode == 0, checked.stderr


def test_the_page_is_small():
    html = {bits: page(RUNS["shipped"](), "jabez", bits=bits) for bits in (8, 16)}
    assert len(html[8].encode()) <= 1_000_000
    assert len(html[16].encode()) <= 2_000_000
