"""A file on a server, as the catalogue names it and the download verifies it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Remote:
    """A file on a server.

    Attributes:
        url: its address.
        name: its name in the cache folder.
        sha256: SHA-256 of its bytes, hex.
        size: its bytes.
    """

    url: str
    name: str
    sha256: str
    size: int
