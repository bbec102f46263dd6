"""Downloads from a server on this machine that fails in every way that servers do.

Run with -s, it prints a table: the fault, what the user sees, what stays on the disk.
"""

import contextlib
import gzip
import hashlib
import resource
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from textgen.corpus import catalogue
from textgen.errors import CorpusError, StorageError
from textgen.system import download
from textgen.system.cache import VARIABLE
from textgen.system.download import fetch
from textgen.system.remote import Remote

TEXT = "".join(f"{number}: all the world's a stage\n" for number in range(8000)).encode()
SHA256 = hashlib.sha256(TEXT).hexdigest()


class Server(BaseHTTPRequestHandler):
    """Answers /good correctly and other pages as their names say. Used as a proxy, it is asked for whole URLs."""

    asked: ClassVar = []

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.asked.append((self.path, self.headers["User-Agent"]))
        with contextlib.suppress(ConnectionError):
            getattr(self, "do_" + self.path.rsplit("/", 1)[1])()

    def answer(self, body, length=None, code=200, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        if length is not False:
            self.send_header("Content-Length", len(body) if length is None else length)
        self.end_headers()
        self.wfile.write(body)

    def do_good(self):
        self.answer(TEXT)

    def do_cut(self):
        self.answer(TEXT[:70_000], len(TEXT))
        self.close_connection = True

    def do_other(self):
        self.answer(TEXT.upper())

    def do_missing(self):
        self.send_error(404)

    def do_broken(self):
        self.send_error(503)

    def do_moved(self):
        self.send_response(302)
        self.send_header("Location", "/good")
        self.end_headers()

    def do_round(self):
        self.send_response(302)
        self.send_header("Location", "/round")
        self.end_headers()

    def do_larger(self):
        self.send_response(200)
        self.end_headers()
        for _ in range(10_000):  # two gigabytes, if all were read
            self.wfile.write(TEXT)

    def do_silent(self):
        self.send_response(200)
        self.send_header("Content-Length", len(TEXT))
        self.end_headers()
        self.wfile.flush()
        self.server.patience.wait(20)

    def do_deaf(self):
        self.server.patience.wait(20)

    def do_slow(self):
        self.send_response(200)
        self.send_header("Content-Length", len(TEXT))
        self.end_headers()
        for _ in range(200):
            self.wfile.write(b"x")
            self.wfile.flush()
            if self.server.patience.wait(0.1):
                return

    def do_garbage(self):
        self.wfile.write(b"\0\1\2 no HTTP at all\r\n\r\n")
        self.close_connection = True


@pytest.fixture
def server():
    """The address of a server that stops after the test."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        server.patience, server.daemon_threads = threading.Event(), True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.patience.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


def remote(server, page):
    return Remote(f"{server}/{page}", "play.txt", SHA256, len(TEXT))


def left(folder):
    return sorted(path.name for path in folder.rglob("*")) if folder.exists() else []


FAULTS = [
    ("cut", "broke off after 70,000 of "),
    ("other", f"sent another text: its SHA-256 is {hashlib.sha256(TEXT.upper()).hexdigest()[:12]}, not {SHA256[:12]}"),
    ("missing", "answers 404 Not Found; it may have moved"),
    ("broken", "answers 503 Service Unavailable"),
    ("round", "answers 302 "),
    ("larger", f"sent more than the expected {len(TEXT):,} bytes; nothing was kept"),
    ("silent", "nothing of the text for 1 seconds; try again"),
    ("deaf", "nothing of the text for 1 seconds; try again"),
    ("slow", "sends fewer than 100 bytes a second; try again later"),
    ("garbage", "broke off: "),
]


@pytest.mark.parametrize(("page", "complaint"), FAULTS)
def test_faults_give_one_line_and_leave_no_file(server, cache, monkeypatch, page, complaint):
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 1)
    began = time.monotonic()
    with pytest.raises(CorpusError) as caught:
        fetch([remote(server, page)], cache / "corpora" / "play", "corpora:play", quiet=True)
    told = str(caught.value)
    print(f"| {page} | {told.replace(server, 'http://server')} | {left(cache / 'corpora' / 'play') or 'nothing'} |")
    assert told.startswith("corpora:play: ")
    assert complaint in told
    assert "\n" not in told
    assert left(cache / "corpora" / "play") == []
    assert time.monotonic() - began < 8


def test_no_server(cache):
    with pytest.raises(CorpusError, match="cannot be reached: Connection refused; is there a network"):
        fetch([remote("http://127.0.0.1:9", "good")], cache / "play", "corpora:play", quiet=True)
    with pytest.raises(CorpusError, match=r"cannot be reached: .*; is there a network"):
        fetch([remote("http://no-such-host.invalid", "good")], cache / "play", "corpora:play", quiet=True)


@pytest.mark.parametrize("page", ["good", "moved"])
def test_a_text_is_downloaded_once_and_verified(server, cache, page, capsys):
    wanted = [remote(server, page)]
    (path,) = fetch(wanted, cache / "play", "corpora:play")
    assert path.read_bytes() == TEXT
    assert left(cache / "play") == ["play.txt"]
    asked = len(Server.asked)
    assert fetch(wanted, cache / "play", "corpora:play") == [path]
    assert len(Server.asked) == asked
    assert Server.asked[-1][1].startswith("textgen/")
    # An incomplete file is downloaded again.
    path.write_bytes(TEXT[:100])
    fetch(wanted, cache / "play", "corpora:play", quiet=True)
    assert path.read_bytes() == TEXT


def test_a_proxy_of_the_environment_is_used(server, cache, monkeypatch):
    monkeypatch.setenv("http_proxy", server)
    (path,) = fetch([remote("http://somewhere.invalid", "good")], cache / "play", "corpora:play", quiet=True)
    assert path.read_bytes() == TEXT
    assert Server.asked[-1][0] == "http://somewhere.invalid/good"


def test_a_cache_that_cannot_be_written(server, cache):
    cache.mkdir()
    (cache / "play").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match="play"):
        fetch([remote(server, "good")], cache / "play", "corpora:play", quiet=True)


def test_a_full_cache_leaves_nothing(server, cache):
    """A limit on the size of files acts as a full disk: the file system refuses in the middle."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(StorageError, match=f"make room, then .*{VARIABLE}|may not grow"):
            fetch([remote(server, "good")], cache / "play", "corpora:play", quiet=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert left(cache / "play") == []


def test_only_missing_files_are_downloaded(server, cache):
    wanted = [Remote(f"{server}/good", f"{number}.txt", SHA256, len(TEXT)) for number in range(3)]
    fetch(wanted[:1], cache / "plays", "corpora:plays", quiet=True)
    asked = len(Server.asked)
    assert [path.name for path in fetch(wanted, cache / "plays", "x", quiet=True)] == ["0.txt", "1.txt", "2.txt"]
    assert len(Server.asked) == asked + 2


@pytest.fixture
def play(server, monkeypatch, cache):
    """A catalogue with one more text, which the server has."""
    entry = catalogue.Entry("play", "a play", "none", download=lambda: (remote(server, "good"),))
    monkeypatch.setattr(catalogue, "CATALOGUE", (*catalogue.CATALOGUE, entry))
    return entry


def test_a_catalogue_name_works_like_a_path(play, command, empty_place):
    result = command("corpora", "check", "corpora:play")
    assert result.exit_code == 0, result.output
    assert f"{len(TEXT):,} characters" in result.stdout
    trained = command("train", "corpora:play", "--epochs", 1, "--units", 8, "--sample-length", 0)
    assert trained.exit_code == 0, trained.output
    assert (empty_place / "checkpoints" / "play").is_dir()
    again = command("train", "--resume", "play", "--epochs", 1)
    assert again.exit_code == 0, again.output


def test_the_command_downloads_and_shows(play, command):
    before = command("corpora", "show", "play")
    assert "not here yet: textgen corpora fetch play" in before.stderr
    assert "corpora:play" in command("corpora", "list").stdout
    fetched = command("corpora", "fetch", "play")
    assert fetched.exit_code == 0
    assert fetched.stdout.strip().endswith("cache/corpora/play/play.txt")
    assert "0: all the world's a stage" in command("corpora", "show", "play", "--lines", 1).stdout


def test_a_compressed_text_is_kept_as_it_is(server, cache):
    """The file has exactly the bytes whose checksum is known."""
    packed = gzip.compress(TEXT, mtime=0)
    Server.do_packed = lambda self: self.answer(packed)
    one = Remote(f"{server}/packed", "play.txt.gz", hashlib.sha256(packed).hexdigest(), len(packed))
    assert fetch([one], cache / "play", "x", quiet=True)[0].read_bytes() == packed
