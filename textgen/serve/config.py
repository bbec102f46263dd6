"""The options of a server, with their limits. This module knows nothing of HTTP or of models."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from textgen import arguments
from textgen.arguments import refused
from textgen.options import Config, option
from textgen.system.keywords import answers_keywords

# Names of this machine's loopback interface: what a browser on it may send as Host.
LOOPBACK = ("127.0.0.1", "localhost", "::1")

# A name, or an address: of version 6, it stands in brackets and has two colons or more.
_HOST = re.compile(r"(\[[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*\]|[a-z0-9._-]+)(?::[0-9]{1,5})?", re.IGNORECASE | re.ASCII)


def host_name(host: str) -> str | None:
    """The name or address in a host with or without a port, lower case, without brackets; None for what is none."""
    found = _HOST.fullmatch(host)
    return found[1].strip("[]").lower() if found else None


def _hosts(name: str, value: object) -> tuple[str, ...]:
    """Host names or addresses, without a port; a tuple of lower-case str. Raises UsageError."""
    hosts = []
    for host in arguments.texts(name, value):
        bare = host.lower().removeprefix("[").removesuffix("]")
        if host_name(f"[{bare}]" if ":" in bare else bare) != bare:
            raise refused(name, "a host name or an address, without a port", host)
        hosts.append(bare)
    return tuple(hosts)


def _origins(name: str, value: object) -> tuple[str, ...]:
    """Origins as browsers send them: a tuple of str such as "https://example.org:8443". Raises UsageError."""
    origins = arguments.texts(name, value)
    for origin in origins:
        scheme, _, host = origin.partition("://")
        if origin != origin.lower() or not scheme.isalpha() or host_name(host) is None:
            raise refused(name, "an origin as a browser sends it, such as https://example.org", origin)
    return origins


@answers_keywords
@dataclass(frozen=True)
class ServeConfig(Config):
    """How a server listens, what it allows, and what it never exceeds."""

    host: str = option("127.0.0.1", "Listen on this address.", metavar="ADDRESS", group="Server")
    port: int = option(8000, "Listen on this port; 0 takes a free one.", low=0, high=65535, group="Server")
    threads: int | None = option(
        None, "Write in N threads. [default: one for each core, at most 4]", low=1, high=64, group="Server"
    )
    watch: bool = option(
        False, "Before a request, load a run again that was trained further meanwhile.", group="Server"
    )
    log_format: str = option(
        "text", "Log each request as a line of text or of JSON.", choices=("text", "json"), group="Server"
    )
    log_prompts: bool = option(False, "Log prompts too; they may be private.", group="Server")
    allow_host: tuple[str, ...] = option(
        (),
        "Answer requests for this host name too, such as that of a proxy in front.",
        parse=_hosts,
        metavar="HOST",
        group="Security",
    )
    allow_origin: tuple[str, ...] = option(
        (), "Answer pages of this origin in browsers, by CORS.", parse=_origins, metavar="ORIGIN", group="Security"
    )
    max_length: int = option(
        10_000, "Read and write at most N symbols for a text.", low=1, high=10_000_000, group="Limits"
    )
    queue: int = option(
        128, "Let at most N requests wait; further ones are told to come back.", low=0, high=100_000, group="Limits"
    )
    max_body: int = option(1_000_000, "Read at most N bytes of a request's body.", low=1, high=2**31, group="Limits")
    timeout: float = option(
        300.0, "End a request after X seconds, with what is written by then.", above=0, high=1e6, group="Limits"
    )
    client_timeout: float = option(
        10.0,
        "Wait at most X seconds for a client to send a request's head, its body, or to read on in its answer.",
        above=0,
        high=1e6,
        group="Limits",
    )
    grace: float = option(
        10.0, "When told to stop, go on for X seconds with what is being written.", low=0, high=1e6, group="Limits"
    )

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can connect."""
        return self.host in LOOPBACK or self.host.startswith("127.")


class ServeOptions(TypedDict, total=False):
    """The fields of ServeConfig as keyword arguments."""

    host: str
    port: int
    threads: int | None
    watch: bool
    log_format: str
    log_prompts: bool
    allow_host: str | Sequence[str]
    allow_origin: str | Sequence[str]
    max_length: int
    queue: int
    max_body: int
    timeout: float
    client_timeout: float
    grace: float
