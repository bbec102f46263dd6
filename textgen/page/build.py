"""One HTML file that holds a run's model and writes with it, offline.

The network runs in the page, in a worker: the same step as the engine's, compiled to WebAssembly (`kernel/`). The
scripts are in `scripts/`, the template and the styles in `static/`. The page makes no request, and its Content Security
Policy tells the browser to allow none.
"""

import base64
import zlib
from typing import Any

from textgen import arguments
from textgen._version import __version__
from textgen.errors import UsageError
from textgen.page.html import embedded, filled, folder, policy, script
from textgen.page.kernel import build as kernel
from textgen.page.model import page_model
from textgen.page.numbers import BITS, WHOLE
from textgen.system.keywords import answers_keywords
from textgen.writing.generator import Generator

# The modules of the worker and of the page, each after those that it imports from.
WORKER = (
    "random",
    "tokens",
    "sampling",
    "engine",
    "ending",
    "proposals",
    "writer",
    "looking",
    "hashes",
    "verse",
    "worker",
)
PAGE = ("elements", "client", "server", "settings", "writing", "together", "surprise", "inside", "poems", "main")
MAX_TITLE, MAX_PROMPT = 200, 20_000  # characters


@answers_keywords
def page(
    generator: Generator,
    name: str,
    *,
    title: str = "",
    prompt: str = "",
    bits: int = WHOLE,
    explain: bool = True,
    memory: bool = False,
) -> str:
    """A page that writes with a generator.

    Args:
        generator: of one run.
        name: the run's name, for commands.
        title: the heading; empty takes the name.
        prompt: what the texts begin with until the reader changes it.
        bits: of each stored weight: 32 keeps it, 16 and 8 make a smaller file.
        explain: whether the page shows what happens inside.
        memory: whether hashes of the lines of poems that the run learned are in the page, so that it writes none of
            them.

    Returns:
        HTML text.

    Raises:
        UsageError: a generator that mixes several runs, or has a cache; other bits.
    """
    arguments.instance("generator", generator, Generator)
    for given, value in (("name", name), ("title", title), ("prompt", prompt)):
        arguments.text(given, value)
    if arguments.whole_number("bits", bits, min(BITS), max(BITS)) not in BITS:
        raise UsageError(f"`bits={bits}` is not one of: {', '.join(map(str, BITS))}")
    explain, memory = arguments.switch("explain", explain), arguments.switch("memory", memory)
    for given, value, most in (("title", title, MAX_TITLE), ("prompt", prompt, MAX_PROMPT)):
        if len(value) > most:
            raise UsageError(f"`{given}` has {len(value):,} characters; give at most {most:,}")
    model = page_model(generator, name, bits, memory)
    values = {
        "title": title or name,
        "facts": [f"weights of {bits} bits"] if bits != WHOLE else [],
        "prompt": prompt,
        "origin": f"Made by textgen {__version__}. The model is in this file: nothing is sent anywhere.",
        "explains": explain,
        "model": model.values,
    }
    return _filled(values, model.numbers, {})


def playground() -> str:
    """The page of a server, which asks the server for its models; HTML text."""
    values = {
        "title": "",
        "facts": [],
        "prompt": "",
        "origin": f"From a server of textgen {__version__}.",
        "explains": True,
    }
    return _filled(values, b"", {"connect-src": "'self'"})


def _filled(values: dict[str, Any], numbers: bytes, more: dict[str, str]) -> str:
    """The page with its data, the numbers of its model, and more directives for its policy."""
    files = folder("textgen.page")
    static = {each.name: each.read_text("utf-8") for each in (files / "static").iterdir() if each.is_file()}
    style = static["style.css"] + static["playground.css"]
    worker, main = script(files / "scripts", WORKER), script(files / "scripts", PAGE)
    rules = {"script-src": "'wasm-unsafe-eval'", "worker-src": "blob:"}
    return filled(
        static["page.html"],
        {
            "policy": policy(style, [main], rules | more),
            "style": style,
            "poem": static["poem.html"],
            "inside": filled(static["inside.html"], {"cell": static["cell.svg"]}),
            "data": embedded(values),
            "numbers": base64.b64encode(_deflated(numbers)).decode(),
            "kernels": embedded(
                [base64.b64encode(kernel.wasm(variant).read_bytes()).decode() for variant in kernel.VARIANTS]
            ),
            "worker": worker,
            "script": main,
        },
    )


def _deflated(data: bytes) -> bytes:
    """The data as a raw DEFLATE stream (RFC 1951), which browsers decompress by themselves."""
    compressor = zlib.compressobj(zlib.Z_BEST_COMPRESSION, wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()
