"""textgen serve: a completions server for one run or several."""

import os
from typing import Any

import click

from textgen.cli.chosen import chosen_run, corpus_text
from textgen.cli.console import note, tell
from textgen.cli.options import GroupedCommand, command_option, given, options_of
from textgen.errors import StorageError, UsageError
from textgen.runs.folder import find_run
from textgen.serve.config import ServeConfig
from textgen.system import extras
from textgen.system.imports import without_collections

VARIABLE = "TEXTGEN_API_KEY"
MAX_KEY_BYTES = 4096
COMMON = ("host", "port", "max_length", "queue", "timeout")


@click.command("serve", cls=GroupedCommand)
@click.argument("run", nargs=-1)
@options_of(ServeConfig, first=COMMON)
@command_option(
    "--key-file",
    group="Security",
    metavar="FILE",
    help=f"Answer only clients that send the key in this file. [default: the key in {VARIABLE}, if there is one]",
)
@command_option(
    "--corpus",
    group="Server",
    metavar="FILE",
    multiple=True,
    help="Let requests forbid copies from this text (max_copy). Repeatable.",
)
def serve_command(run: tuple[str, ...], key_file: str | None, corpus: tuple[str, ...], **options: Any) -> None:
    """Serve runs to programs that speak the completions API, and to browsers, as a page that writes.

    A run is a folder, or a name that textgen runs lists.

    Without RUN, serve the newest. Each run is a model by its name; requests that name no model get the first. Stop the
    server with Ctrl-C. The address with / is the page, with /docs the description of all routes.

    \b
      textgen serve
      textgen serve story letters --port 9000 --watch
      textgen serve story --host 0.0.0.0 --key-file key.txt --allow-host writer.example.org
      curl http://127.0.0.1:8000/v1/completions -H "Content-Type: application/json" \\
        -d '{"prompt": "The ", "max_tokens": 200, "temperature": 0.8}'
    """
    config = ServeConfig(**given(options))
    for package in ("starlette", "uvicorn"):
        extras.check(package, "textgen serve")
    with without_collections():
        from textgen.serve.application import app  # here, since the extra may be missing
        from textgen.serve.listening import address_of, bind, check_open, listen
        from textgen.writing.generator import Generator

    key = _key(key_file)
    check_open(config.host, config.is_loopback, key is not None)
    paths = [find_run(name) for name in run] or [chosen_run(None)]
    generators = [Generator.load(path) for path in paths]
    server = app(generators, config=config, key=key, corpus=corpus_text(corpus), say=lambda line: tell(line))
    listener = bind(config.host, config.port)
    models = ", ".join(server.shelf.models)
    address = address_of(listener)
    browser = f"in a browser, {address} is a page that writes and {address}/docs describes the API"
    note(f"serving {models} at {address}/v1; {browser}; Ctrl-C stops")
    listen(server, listener)
    note("stopped")


def _key(key_file: str | None) -> str | None:
    """The key that clients must send. Raises UsageError, and StorageError for a file that cannot be read."""
    if key_file is None:
        found, where = os.environ.get(VARIABLE), VARIABLE
        if found is None:
            return None
    else:
        where = key_file
        try:
            with open(key_file, "rb") as file:
                data = file.read(MAX_KEY_BYTES + 1)
        except OSError as error:
            raise StorageError(f"{key_file}: the key cannot be read: {error.strerror}") from None
        found = data.decode("ascii", "replace").strip() if len(data) <= MAX_KEY_BYTES else ""
    found = found.strip()
    if not found or not found.isascii() or not found.isprintable() or " " in found:
        raise UsageError(f"{where}: a key is one line of printable ASCII characters without spaces")
    return found
