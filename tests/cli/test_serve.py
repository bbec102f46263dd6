"""textgen serve: what it refuses before it listens."""

import os
import socket

import pytest

from tests.conftest import ROOT

RUN = ROOT / "checkpoints/jabez"
NO_KEY = "a key is one line of printable ASCII characters without spaces"


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv("TEXTGEN_API_KEY", raising=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "server.example.org"])
def test_a_server_that_others_reach_needs_a_key(host, refused):
    line = refused(2, "serve", RUN, "--host", host)
    mend = "give --key-file, or set TEXTGEN_API_KEY"
    assert line == f"textgen: --host {host} lets other machines in, and there is no key: {mend}"


@pytest.mark.parametrize(
    "data",
    [b"", b" \n", b"\xff\xfe\x00key", b"one\ntwo\n", b"two words", b"a" * 5000, "ключ".encode(), b"\x1b[31m"],
    ids=["empty", "blank", "binary", "two lines", "two words", "huge", "not ASCII", "control characters"],
)
def test_a_file_that_holds_no_key_is_refused(data, tmp_path, refused):
    (tmp_path / "key").write_bytes(data)
    assert refused(2, "serve", RUN, "--key-file", tmp_path / "key") == f"textgen: {tmp_path}/key: {NO_KEY}"


@pytest.mark.parametrize(("name", "why"), [("none", "No such file or directory"), ("", "Is a directory")])
def test_a_key_file_that_cannot_be_read_is_refused(name, why, tmp_path, refused):
    line = refused(5, "serve", RUN, "--key-file", tmp_path / name)
    assert line == f"textgen: {tmp_path / name}: the key cannot be read: {why}"


@pytest.mark.parametrize("key", ["", " ", "two words", "a\nb", "ключ"])
def test_a_variable_that_holds_no_key_is_refused(key, refused, monkeypatch):
    monkeypatch.setitem(os.environ, "TEXTGEN_API_KEY", key)
    assert refused(2, "serve", RUN) == f"textgen: TEXTGEN_API_KEY: {NO_KEY}"


@pytest.mark.parametrize("host", ["http://x", "a:80", "a b", "a/b", "*", "me@a", "ü"])
def test_allow_host_takes_names_only(host, refused):
    line = refused(2, "serve", RUN, "--allow-host", host)
    assert line.startswith("textgen: --allow-host takes a host name or an address, without a port; got ")


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "example.org",
        "https://",
        "https://x/",
        "https://x/a",
        "https://x y",
        "https://me@x",
        "https://*.x",
    ],
)
def test_allow_origin_takes_what_browsers_send(origin, refused):
    line = refused(2, "serve", RUN, "--allow-origin", origin)
    assert line.startswith(
        "textgen: --allow-origin takes an origin as a browser sends it, such as https://example.org; got "
    )


def test_a_port_in_use_is_told(refused):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused(5, "serve", RUN, "--port", port)
    assert line.startswith(
        f"textgen: cannot listen on 127.0.0.1 port {port}: Address already in use; give another --port"
    )


@pytest.mark.parametrize(
    ("option", "value"), [("--port", 65536), ("--max-body", 0), ("--client-timeout", 0), ("--queue", -1)]
)
def test_limits_have_limits(option, value, refused):
    assert f"{option} takes" in refused(2, "serve", RUN, option, value)
