"""Downloading files: with a progress bar, size limit, timeout and checksum; a file gets its name only when it is whole.

Python's own urllib does it: it follows redirects and uses the proxy that the environment names. docs/log.md says which
libraries were tried. Knows nothing of what is downloaded.
"""

import contextlib
import hashlib
import http.client
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Never

from tqdm import tqdm

from textgen._version import __version__
from textgen.errors import CorpusError
from textgen.system import cache
from textgen.system.files import atomic_file, storage_errors
from textgen.system.remote import Remote
from textgen.system.terminal import error_stream, one_line

# Seconds without a byte after which a server is given up; the speed is measured over as long a time.
TIMEOUT_SECONDS = 20
# A slower server is given up too.
MIN_BYTES_PER_SECOND = 100
CHUNK_BYTES = 1 << 16


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
    missing = [remote for remote in remotes if not _is_whole(folder / remote.name, remote)]
    if missing:
        with storage_errors(folder, cache.FREE_SPACE_ADVICE):
            folder.mkdir(parents=True, exist_ok=True)
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
    digest, size = hashlib.sha256(), 0
    with (
        _network_errors(remote.url, name),
        _opened(remote.url) as answer,
        atomic_file(path, "wb", overwrite=True, advice=cache.FREE_SPACE_ADVICE) as file,
    ):
        for chunk in _chunks(answer, remote, name):
            size += len(chunk)
            digest.update(chunk)
            file.write(chunk)
            bar.update(len(chunk))
        _verify(remote, name, size, digest.hexdigest())


def _chunks(answer: http.client.HTTPResponse, remote: Remote, name: str) -> Iterator[bytes]:
    """What a server sends. Raises CorpusError if it sends too slowly or too much."""
    size, measured, began = 0, 0, time.monotonic()
    while chunk := answer.read1(CHUNK_BYTES):
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


def _opened(url: str) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers={"User-Agent": f"textgen/{__version__}"})
    answer: http.client.HTTPResponse = urllib.request.build_opener().open(request, timeout=TIMEOUT_SECONDS)
    return answer


@contextlib.contextmanager
def _network_errors(url: str, name: str) -> Iterator[None]:
    """Turn errors of the network into a CorpusError of one line."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        reason = " ".join(str(error.reason).split())
        advice = "it may have moved" if error.code < 500 else "try again later"
        raise CorpusError(f"{name}: {url} answers {error.code} {reason}; {advice}") from None
    except urllib.error.URLError as error:
        raise CorpusError(f"{name}: {url} {_unreachable(error.reason)}") from None
    except TimeoutError as error:
        raise CorpusError(f"{name}: {url} {_unreachable(error)}") from None
    except (http.client.HTTPException, ConnectionError) as error:
        reason = " ".join("".join(filter(str.isprintable, str(error))).split()) or type(error).__name__
        raise CorpusError(f"{name}: {url} broke off: {reason}; try again") from None


def _unreachable(reason: str | BaseException) -> str:
    """Why a server could not be reached, and what to do."""
    if isinstance(reason, TimeoutError):
        return f"sent nothing for {TIMEOUT_SECONDS} seconds; try again"
    if isinstance(reason, ssl.SSLError):
        return f"offers no secure connection: {reason}"
    return (
        f"cannot be reached: {getattr(reason, 'strerror', None) or reason}; is there a network, and does it need a "
        "proxy (https_proxy)?"
    )
