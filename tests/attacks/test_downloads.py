"""Servers, proxies and redirects that would keep a download waiting, or that name addresses which make no sense."""

import socket
import threading
import time
from types import SimpleNamespace

import pytest

from textgen.errors import TextgenError
from textgen.system import download
from textgen.system.cache import VARIABLE
from textgen.system.remote import Remote

TEXT = b"all the world's a stage\n" * 100
HEADERS = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEADERS + b"Transfer-Encoding: chunked\r\n\r\n"
# Seconds of patience in these tests, and seconds after which a server stops dripping, so that no test waits for ever.
PATIENCE, DRIPPING = 0.3, 3


@pytest.fixture
def serve():
    """Start a server that answers each connection with a function: `address = serve(answer)`."""
    sockets, threads, stopped = [], [], threading.Event()

    def drip(connection, part, every=0.05):
        """Send something again and again, always sooner than a timeout of single reads would notice."""
        until = time.monotonic() + DRIPPING
        while time.monotonic() < until and not stopped.is_set():
            connection.sendall(part)
            stopped.wait(every)

    def handle(connection, answer):
        with connection:
            try:
                connection.recv(65536)
                answer(connection, drip)
            except OSError:
                pass

    def listen(server, answer):
        while not stopped.is_set():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=handle, args=(connection, answer)))
            threads[-1].start()

    def start(answer):
        server = socket.create_server(("127.0.0.1", 0))
        sockets.append(server)
        threads.append(threading.Thread(target=listen, args=(server, answer)))
        threads[-1].start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield start
    stopped.set()
    for server in sockets:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
    for thread in threads:
        thread.join(10)


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    """Fetch an address; how it ended, as a command would tell it."""
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", PATIENCE)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def fetch(url):
        remote = Remote(url, "play.txt", "0" * 64, len(TEXT))
        try:
            download.fetch([remote], tmp_path / "play", "corpora:play", quiet=True)
        except TextgenError as error:
            assert not list((tmp_path / "play").iterdir())
            return SimpleNamespace(exit_code=error.exit_code, stderr=str(error))
        return SimpleNamespace(exit_code=0, stderr="")

    return fetch


def dripping_header(connection, drip):
    connection.sendall(HEADERS + b"X-Long: ")
    drip(connection, b"x")


def endless_continue(connection, drip):
    drip(connection, b"HTTP/1.1 100 Continue\r\n\r\n")


def dripping_chunk_header(connection, drip):
    connection.sendall(CHUNKED + b"5;")
    drip(connection, b"x")


def dripping_after_some_text(connection, drip):
    connection.sendall(CHUNKED + b"5\r\nall t\r\n5;")
    drip(connection, b"x")


def dripping_trailer(connection, drip):
    size = len(TEXT)
    connection.sendall(CHUNKED + b"%x\r\n%s\r\n0\r\n" % (size, TEXT))
    drip(connection, b"X: y\r\n")


def dripping_page_of_a_redirect(connection, drip):
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /other\r\n\r\n")
    drip(connection, b"x")


@pytest.mark.parametrize(
    "answer",
    [
        dripping_header,
        endless_continue,
        dripping_chunk_header,
        dripping_after_some_text,
        dripping_trailer,
        dripping_page_of_a_redirect,
    ],
)
def test_a_server_that_drips(serve, fetched, ends, answer):
    result = fetched(f"http://{serve(answer)}/play")
    line = ends("6", f"fetching: {answer.__name__.replace('_', ' ')}", result, 3)
    assert f"sent nothing of the text for {PATIENCE} seconds; try again" in line


def test_a_proxy_that_drips(serve, fetched, ends, monkeypatch):
    def tunnel(connection, drip):
        connection.sendall(HEADERS)
        drip(connection, b"X: y\r\n")

    monkeypatch.setenv("https_proxy", f"http://{serve(tunnel)}")
    line = ends("6", "fetching: a proxy's tunnel drips headers", fetched("https://somewhere.invalid/play"), 3)
    assert "sent nothing of the text" in line


def test_a_handshake_that_drips(serve, fetched, ends):
    def handshake(connection, drip):
        connection.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16 KB begins
        drip(connection, b"\x02")

    line = ends("6", "fetching: a TLS handshake drips", fetched(f"https://{serve(handshake)}/play"), 3)
    assert "sent nothing of the text" in line


def test_an_endless_page_before_the_text(serve, fetched, ends):
    def flood(connection, drip):
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /other\r\n\r\n")
        for _ in range(64):  # 64 MB
            connection.sendall(bytes(1 << 20))

    line = ends("6", "fetching: 64 MB before the text", fetched(f"http://{serve(flood)}/play"), 3)
    assert "more than 1,048,576 bytes before the text" in line


BROKEN = ["http://[::1", "http://:0/", "http://a..b/", f"http://{'a' * 64}.b/", "http://127.0.0.1:99999/"]


@pytest.mark.parametrize("address", [*BROKEN, "http://127.0.0.1:1x/"])
def test_a_redirect_to_a_broken_address(serve, fetched, ends, address):
    def answer(connection, drip):
        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {address}\r\nContent-Length: 0\r\n\r\n".encode())

    line = ends("9", f"a redirect to {address[:30]}", fetched(f"http://{serve(answer)}/play"), 3)
    assert "a redirect or the proxy (https_proxy) has an address that makes no sense" in line


@pytest.mark.parametrize("address", BROKEN[1:])
def test_a_broken_proxy(fetched, ends, monkeypatch, address):
    monkeypatch.setenv("http_proxy", address)
    line = ends("9", f"a proxy {address[:30]}", fetched("http://somewhere.invalid/play"), 3)
    assert "a redirect or the proxy (https_proxy) has an address that makes no sense" in line


def test_a_redirect_to_another_protocol(serve, fetched, ends):
    def answer(connection, drip):
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1:1/play\r\nContent-Length: 0\r\n\r\n")

    line = ends("9", "a redirect to FTP", fetched(f"http://{serve(answer)}/play"), 3)
    assert "unknown url type: ftp" in line


@pytest.mark.parametrize("place", ["an answer", "a tunnel", "a redirect"])
def test_what_a_server_says_is_short_and_cannot_act(serve, fetched, ends, monkeypatch, place):
    reason = b"\x1b]0;all ok\x07\x9b31m" + b"no " * 10_000

    def answer(connection, drip):
        if place == "a redirect":
            connection.sendall(b"HTTP/1.1 302 \x1b[31m\r\nLocation: file:///\x1b[31m" + b"x" * 10_000 + b"\r\n\r\n")
        else:
            connection.sendall(b"HTTP/1.1 503 " + reason + b"\r\nContent-Length: 0\r\n\r\n")

    address, url = serve(answer), "https://somewhere.invalid/play"
    if place == "a tunnel":
        monkeypatch.setenv("https_proxy", f"http://{address}")
    else:
        url = f"http://{address}/play"
    line = ends("7", f"{place} with escape codes", fetched(url), 3)
    assert len(line) < 400
