"""Requests to a server by hand, good ones and hostile ones, as the pieces that are sent one after another."""

import json

from tests.helpers.raw_http import request

KEY, PROMPT, MAX_BODY = "k3y-of-the-test", "zebra-of-the-prompts", 1_000_000
GIGABYTE = 10**9


def post(body, **options):
    """A completions request with a body: JSON values, or bytes as they are."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return [request(data, key=options.pop("key", KEY), **options)]


def get(path="/v1/models", **options):
    return [request(path=path, method="GET", key=options.pop("key", KEY), **options)]


def bare(*lines, body=b""):
    """A head of these lines, and a body."""
    return ["\r\n".join([*lines, "", ""]).encode("latin-1") + body]


def chunked(body, *extra, version="1.1"):
    lines = (f"POST /v1/completions HTTP/{version}", "Host: localhost", "Content-Type: application/json")
    return bare(*lines, f"Authorization: Bearer {KEY}", "Transfer-Encoding: chunked", *extra, body=body)


def chunk(data):
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def endless(pieces):
    """A body by chunks of 64 KB, at most a gigabyte."""
    yield from pieces
    each = chunk(b" " * 65536)
    for _ in range(GIGABYTE // 65536):
        yield each


def drops(data, pause=0.05, number=200):
    """Data, a byte at a time, and then more of the last one."""
    for at in range(number):
        yield data[min(at, len(data) - 1) :][:1]
        yield pause


def host(value):
    return get(headers=[("Host", None), ("Host", value)])


def origin(value, **options):
    return get(headers={"Origin": value}, **options)


def preflight(site, **headers):
    headers = {"Origin": site, "Access-Control-Request-Method": "POST", **headers}
    return [request(path="/v1/completions", method="OPTIONS", headers=headers)]


def field(**values):
    return post({"prompt": "The ", "max_tokens": 1} | values)


SMALL = {"prompt": "The ", "max_tokens": 1}
WHOLE = json.dumps(SMALL).encode()
LENGTH = f"Content-Length: {len(WHOLE)}"
# Of each row: its number in the table, what is sent, the status that is right.
