"""Fetching a file: with a bar, bounded, timed, verified, and under its name only when it is whole.

Python's own urllib does the talking: it follows redirects and goes through the proxy that the environment names. What
was looked at instead stands in docs/log.md. Knows nothing of what is fetched.
"""

import contextlib
import hashlib
import http.client
import ssl
import sys
import time
import urllib.error
import urllib.request

from tqdm import tqdm

from textgen._version import __version__
from textgen.errors import CorpusError
from textgen.system import cache
from textgen.system.files import atomic_file, storage_errors

# Seconds without a byte after which a server is given up.
PATIENCE = 20
# Bytes a second below which it is given up too.
SLOWEST = 100
CHUNK = 1 << 16


def fetch(remotes, folder, called, quiet=False):
    """Fetch files into a folder, those that are not there yet.

    Args:
        remotes: `catalogue.Remote`s.
        folder: Path, made where it is missing.
        called: what messages call the whole.
        quiet: no progress bar.

    Returns:
        their Paths.

    Raises:
        CorpusError: no network, a server that fails, is too slow, or sends something else than was promised. Nothing is
            left of the file.
        StorageError: the folder cannot be written.
    """
    missing = [remote for remote in remotes if not _is_whole(folder / remote.name, remote)]
    if missing:
        with storage_errors(folder, cache.FREE_SPACE_ADVICE):
            folder.mkdir(parents=True, exist_ok=True)
        with tqdm(
            total=sum(remote.size for remote in missing),
            desc=called,
            unit="B",
            unit_scale=True,
            file=sys.stderr,
            disable=True if quiet else None,
            leave=False,
        ) as bar:
            for remote in missing:
                _fetch(remote, folder / remote.name, called, bar)
    return [folder / remote.name for remote in remotes]


def _is_whole(path, remote):
    """Whether a file stands there; whoever fetched it verified it, so its size is enough."""
    return path.is_file() and path.stat().st_size == remote.size


def _fetch(remote, path, called, bar):
    digest, size = hashlib.sha256(), 0
    with (
        _talking(remote.url, called),
        _opened(remote.url) as answer,
        atomic_file(path, "wb", overwrite=True, advice=cache.FREE_SPACE_ADVICE) as file,
    ):
        began, before = time.monotonic(), 0
        while chunk := answer.read1(CHUNK):
            size += len(chunk)
            if time.monotonic() - began > PATIENCE:
                if size - before < SLOWEST * PATIENCE:
                    raise CorpusError(
                        f"{called}: {remote.url} sends fewer than {SLOWEST} bytes a second; try again later"
                    )
                began, before = time.monotonic(), size
            if size > remote.size:
                raise CorpusError(
                    f"{called}: {remote.url} sent more than the {remote.size:,} bytes that were promised; nothing "
                    "was kept"
                )
            digest.update(chunk)
            file.write(chunk)
            bar.update(len(chunk))
        if size < remote.size:
            raise CorpusError(f"{called}: {remote.url} broke off after {size:,} of {remote.size:,} bytes; try again")
        if digest.hexdigest() != remote.sha256:
            raise CorpusError(
                f"{called}: {remote.url} sent another text: its SHA-256 is {digest.hexdigest()[:12]}, not "
                f"{remote.sha256[:12]}; nothing was kept; the text there has changed, or something between changed it"
            )


def _opened(url):
    asked = urllib.request.Request(url, headers={"User-Agent": f"textgen/{__version__}"})
    return urllib.request.build_opener().open(asked, timeout=PATIENCE)


@contextlib.contextmanager
def _talking(url, called):
    """Turn the network's troubles into one line."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        reason, cure = (
            " ".join(str(error.reason).split()),
            "it may have moved" if error.code < 500 else "try again later",
        )
        raise CorpusError(f"{called}: {url} answers {error.code} {reason}; {cure}") from None
    except urllib.error.URLError as error:
        reason = error.reason
        if isinstance(reason, TimeoutError):
            raise CorpusError(f"{called}: {url} was silent for {PATIENCE} seconds; try again") from None
        if isinstance(reason, ssl.SSLError):
            raise CorpusError(f"{called}: {url}: no secure connection: {reason}") from None
        raise CorpusError(
            f"{called}: {url} cannot be reached: {getattr(reason, 'strerror', None) or reason}; is there a network, or "
            "does it want a proxy (https_proxy)?"
        ) from None
    except TimeoutError:
        raise CorpusError(f"{called}: {url} was silent for {PATIENCE} seconds; try again") from None
    except (http.client.HTTPException, ConnectionError) as error:
        told = " ".join("".join(filter(str.isprintable, str(error))).split()) or type(error).__name__
        raise CorpusError(f"{called}: {url} broke off: {told}; try again") from None
