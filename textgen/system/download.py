"""Downloading files: with a progress bar, size limit, timeout and checksum; a file gets its name only when it is whole.

Python's own urllib does it, bounded by `textgen.system.bounded_http`; docs/log.md says which libraries were tried.
Knows nothing of what is downloaded.
"""

import contextlib
import hashlib
import http.client
import ssl
import time
import urllib.error
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Never

from tqdm import tqdm

from textgen._version import __version__
from textgen.errors import CorpusError
from textgen.shown import one_line
from textgen.system import cache
from textgen.system.bounded_http import Patience, opened
from textgen.system.files import atomic_file
from textgen.system.remote import Remote
from textgen.system.terminal import error_stream

# Seconds without a byte of the text after which a server is given up; the speed is measured over as long a time.
TIMEOUT_SECONDS = 20
# A slower server is given up too.
MIN_BYTES_PER_SECOND = 100
CHUNK_BYTES = 1 << 16
# Characters that a message repeats of what a server or a proxy says.
MAX_QUOTED = 100


def fetch(remotes: Sequence[Remote], folder: Path, name: str, quiet: bool = False) -> list[Path]:
    """Download files into a folder, except those that are already there.

    Args:
        remotes: the files.
        folder: where to; made if it is missing.
        name: what messages call the files together.
        quiet: whether the progress bar is left out.

    Returns:
        the files' Paths.

    Raises:
        CorpusError: no network, or a server that fails, is too slow, or sends other bytes than expected. Nothing of
            the file is kept.
        StorageError: the folder cannot be written.
    """
    with cache.errors(folder):
        missing = [remote for remote in remotes if not _is_whole(folder / remote.name, remote)]
    if missing:
        cache.make(folder)
        total = sum(remote.size for remote in missing)
        with tqdm(
            total=total,
            desc=one_line(name),
            unit="B",
            unit_scale=True,
            file=error_stream().raw,  # the download goes on without its terminal
            disable=True if quiet else None,  # None: only on a terminal
            leave=False,
        ) as bar:
            for remote in missing:
                _fetch(remote, folder / remote.name, name, bar)
    return [folder / remote.name for remote in remotes]


def _is_whole(path: Path, remote: Remote) -> bool:
    """Whether the file is there. Its checksum was verified at the download, so its size is enough."""
    return path.is_file() and path.stat().st_size == remote.size


def _fetch(remote: Remote, path: Path, name: str, bar: "tqdm[Never]") -> None:
    digest, size, patience = hashlib.sha256(), 0, Patience(TIMEOUT_SECONDS)
    with (
        _network_errors(remote.url, name),
        opened(remote.url, f"textgen/{__version__}", patience) as answer,
        atomic_file(path, "wb", overwrite=True, advice=cache.FREE_SPACE_ADVICE) as file,
    ):
        for chunk in _chunks(answer, patience, remote, name):
            size += len(chunk)
            digest.update(chunk)
            file.write(chunk)
            bar.update(len(chunk))
        _verify(remote, name, size, digest.hexdigest())


def _chunks(answer: http.client.HTTPResponse, patience: Patience, remote: Remote, name: str) -> Iterator[bytes]:
    """What a server sends. Raises CorpusError if it sends too slowly or too much."""
    size, measured, began = 0, 0, time.monotonic()
    patience.renew()
    while chunk := answer.read1(CHUNK_BYTES):
        patience.renew()
        size += len(chunk)
        if time.monotonic() - began > TIMEOUT_SECONDS:
            if size - measured < MIN_BYTES_PER_SECOND * TIMEOUT_SECONDS:
                raise CorpusError(
                    f"{name}: {remote.url} sends fewer than {MIN_BYTES_PER_SECOND} bytes a second; try again later"
                )
            measured, began = size, time.monotonic()
        if size > remote.size:
            raise CorpusError(
                f"{name}: {remote.url} sent more than the expected {remote.size:,} bytes; nothing was kept"
            )
        yield chunk


def _verify(remote: Remote, name: str, size: int, sha256: str) -> None:
    """Raise CorpusError if a download is not the file that was expected."""
    if size < remote.size:
        raise CorpusError(f"{name}: {remote.url} broke off after {size:,} of {remote.size:,} bytes; try again")
    if sha256 != remote.sha256:
        raise CorpusError(
            f"{name}: {remote.url} sent another text: its SHA-256 is {sha256[:12]}, not {remote.sha256[:12]}; nothing "
            "was kept; either the text on the server has changed, or something on the way changed it"
        )


@contextlib.contextmanager
def _network_errors(url: str, name: str) -> Iterator[None]:
    """Turn errors of the network into a CorpusError of one line."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        advice = "it may have moved" if error.code < 500 else "try again later"
        raise CorpusError(f"{name}: {url} answers {error.code} {_quoted(error.reason)}; {advice}") from None
    except urllib.error.URLError as error:
        raise CorpusError(f"{name}: {url} {_unreachable(error.reason)}") from None
    except (TimeoutError, ssl.SSLError) as error:
        raise CorpusError(f"{name}: {url} {_unreachable(error)}") from None
    except (http.client.InvalidURL, ValueError, OverflowError) as error:
        raise CorpusError(
            f"{name}: {url} cannot be reached: a redirect or the proxy (https_proxy) has an address that makes no "
            f"sense: {_quoted(error)}"
        ) from None
    except (http.client.HTTPException, OSError) as error:
        raise CorpusError(f"{name}: {url} broke off: {_quoted(error)}; try again") from None


def _unreachable(reason: str | BaseException) -> str:
    """Why a server could not be reached, and what to do."""
    if isinstance(reason, TimeoutError):
        return f"sent nothing of the text for {TIMEOUT_SECONDS} seconds; try again"
    if isinstance(reason, ssl.SSLError):
        return f"offers no secure connection: {_quoted(reason)}"
    return (
        f"cannot be reached: {_quoted(getattr(reason, 'strerror', None) or reason)}; is there a network, and does it "
        "need a proxy (https_proxy)?"
    )


def _quoted(reason: object) -> str:
    """What a server, a proxy or the system says, on one short line that holds nothing but text."""
    line = " ".join("".join(each if each.isprintable() else " " for each in str(reason)).split())
    return (line if len(line) <= MAX_QUOTED else line[: MAX_QUOTED - 3] + "...") or type(reason).__name__
