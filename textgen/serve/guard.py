"""What a request must pass before it reaches a route: where it comes from, its key, the size and pace of its body.

A browser's page may talk to a server on its own machine: by CORS where the server allows it, or by a host name that
points to the machine (DNS rebinding). So Host and Origin must be on a list. This module is an ASGI middleware.
"""

import asyncio
import contextlib
import hmac
import secrets
import time
import traceback

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from textgen.serve.answers import Json
from textgen.serve.config import LOOPBACK, ServeConfig, host_name
from textgen.serve.errors import ApiError
from textgen.serve.log import Log
from textgen.serve.metrics import Metrics
from textgen.system.wording import count

# Answered without a key: they say nothing that the source code does not.
OPEN_PATHS = ("/", "/health", "/docs", "/openapi.json")

ALLOWED_HEADERS = "authorization, content-type"
# What the `openai` package sends beside those.
ALLOWED_PREFIX = "x-stainless-"
MAX_AGE = "600"  # seconds that a browser may remember a preflight's answer
UNANSWERED = 499  # what the log calls the status of a client that hung up before its answer
ALL_ADDRESSES = ("0.0.0.0", "::")
MAX_HEAD = 32 * 1024  # bytes of a request's head
# Seconds for which the rest of a refused body is thrown away: a client that sends on would lose the answer otherwise.
LINGER_SECONDS = 1.0

CLOSE = {"Connection": "close"}
# Of every answer.
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-site"),
]


class Guard:
    """Passes on the requests that are allowed, counts and logs all of them.

    Args:
        app: what answers them.
        config: the lists and limits.
        key: the key that clients must give; None for none.
        metrics, log: take what was answered.
    """

    def __init__(self, app: ASGIApp, config: ServeConfig, key: str | None, metrics: Metrics, log: Log) -> None:
        self._app, self._config, self._metrics, self._log = app, config, metrics, log
        self._key = key.encode() if key else None
        own = () if config.host in ALL_ADDRESSES else (config.host.lower(),)
        self._hosts = {*LOOPBACK, *own, *config.allow_host}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, request_id = time.monotonic(), UNANSWERED, f"req-{secrets.token_hex(8)}"
        origin = _header(scope, b"origin")
        cors = self._cors(origin)
        scope["state"] = {**scope.get("state", {}), "facts": {}}

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                extra = [(b"x-request-id", request_id.encode()), *SECURITY_HEADERS, *cors]
                message = {**message, "headers": [*message.get("headers", ()), *extra]}
            await send(message)

        try:
            self._check_framing(scope)
            self._check(scope, origin)
            if scope["method"] == "OPTIONS" and origin and _header(scope, b"access-control-request-method"):
                response = self._preflight(scope)
            else:
                await self._app(scope, self._bounded(scope, receive), answer)
                return
            await response(scope, receive, answer)
        except ClientDisconnect:
            pass
        except Exception as error:
            known = error if isinstance(error, ApiError) else self._known(scope, error)
            if status == UNANSWERED:
                await error_response(known)(scope, receive, _lingering(receive, answer) if known.closes else answer)
        finally:
            facts = scope["state"]["facts"]
            self._metrics.add_request(facts.pop("route", "other"), status)
            self._log.write(
                "request",
                id=request_id,
                client=(scope.get("client") or ("-",))[0],
                method=scope["method"][:20],
                path=scope["path"][:200],
                status=status,
                seconds=round(time.monotonic() - began, 4),
                **facts,
            )

    def _known(self, scope: Scope, error: Exception) -> ApiError:
        """The answer to an error of the router, or of the server itself."""
        if not isinstance(error, HTTPException):
            self._log.fault("".join(traceback.format_exception(error)))
            return ApiError(500, "the server failed; its log says why")
        if error.status_code == 405:
            message = f"this path takes {error.headers['Allow'] if error.headers else 'another method'}"
        elif scope["path"].endswith("/chat/completions"):
            message = "these models complete text and do not chat: use /v1/completions"
        else:
            message = "no such path; /docs lists them"
        return ApiError(error.status_code, message, headers=dict(error.headers or {}))

    def _check_framing(self, scope: Scope) -> None:
        """Raise ApiError for a head that a proxy in front may have read in another way, and for one that is too large.

        RFC 9112, section 6.1: what has both lengths, or chunks in HTTP/1.0, may be an attempt to smuggle a request.
        """
        names = [name for name, _ in scope["headers"]]
        if scope["http_version"] not in ("1.0", "1.1", "2"):
            raise ApiError(505, "this server speaks HTTP/1.1", headers=CLOSE)
        if b"transfer-encoding" in names and (b"content-length" in names or scope["http_version"] == "1.0"):
            raise ApiError(400, "a request has either Content-Length or Transfer-Encoding", headers=CLOSE)
        if sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > MAX_HEAD:
            raise ApiError(431, "the head of the request is too large", headers=CLOSE)

    def _check(self, scope: Scope, origin: str | None) -> None:
        """Raise ApiError for a request that may not come in."""
        hosts = _headers(scope, b"host")
        if len(hosts) != 1 or (name := host_name(hosts[0])) is None:
            raise ApiError(400, "a request has one Host header, with a name or an address")
        if name not in self._hosts:
            raise ApiError(403, "this host name is not on the server's list; it is started with allow_host for more")
        if origin is not None and not self._allows(origin, hosts[0], scope["scheme"]):
            raise ApiError(
                403, "pages of this origin may not use this server; it is started with allow_origin for more"
            )
        if self._key and scope["path"] not in OPEN_PATHS and scope["method"] != "OPTIONS":
            given = _headers(scope, b"authorization")
            kind, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
            found = key.strip().encode("latin-1") if kind.lower() == "bearer" else b""
            if not hmac.compare_digest(found, self._key):
                raise ApiError(
                    401,
                    "a key is needed: Authorization: Bearer KEY" if not given else "the key is not the server's",
                    code="invalid_api_key",
                    headers={"WWW-Authenticate": "Bearer"},
                )

    def _allows(self, origin: str, host: str, scheme: str) -> bool:
        """Whether a page of an origin may send requests: one of the list, or a page of this server."""
        return origin in self._config.allow_origin or origin.lower() == f"{scheme}://{host}".lower()

    def _cors(self, origin: str | None) -> list[tuple[bytes, bytes]]:
        """The headers that let a browser show an answer to a page of an origin."""
        if origin not in self._config.allow_origin:
            return [(b"vary", b"Origin")] if self._config.allow_origin else []
        return [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"Origin")]

    def _preflight(self, scope: Scope) -> Response:
        asked = (_header(scope, b"access-control-request-headers") or "").lower()
        names = [name.strip() for name in asked.split(",")]
        more = [name for name in names if name.startswith(ALLOWED_PREFIX) and len(name) < 100][:20]
        headers = {
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": ", ".join([ALLOWED_HEADERS, *more]),
            "Access-Control-Max-Age": MAX_AGE,
        }
        return Response(status_code=204, headers=headers)

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """A `receive` that counts the bytes of the body as they arrive, and does not wait for ever."""
        config = self._config
        declared = _header(scope, b"content-length")
        seen, until, is_whole = 0, time.monotonic() + config.client_timeout, False

        async def bounded() -> Message:
            nonlocal seen, is_whole
            if is_whole:
                return await receive()
            if declared is not None and declared.isdecimal() and int(declared[:20]) > config.max_body:
                raise _too_large(config.max_body)
            try:
                message = await asyncio.wait_for(receive(), max(until - time.monotonic(), 0.001))
            except TimeoutError:
                raise ApiError(408, "the body of the request did not arrive in time", headers=CLOSE) from None
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                is_whole = not message.get("more_body")
                if seen > config.max_body:
                    raise _too_large(config.max_body)
            return message

        return bounded


def error_response(error: ApiError) -> Response:
    """The answer that tells of an error."""
    return Json(error.body(), error.status, error.headers)


def _too_large(most: int) -> ApiError:
    return ApiError(413, f"the body is larger than {count(most, 'byte')}", headers=CLOSE)


def _lingering(receive: Receive, send: Send) -> Send:
    """A `send` that reads what the client still sends, for a moment, before the last of the answer closes the line."""

    async def sent(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        await send({**message, "more_body": True})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while (await receive()).get("more_body"):
                    pass
        await send({"type": "http.response.body", "body": b""})

    return sent


def _headers(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _header(scope: Scope, name: bytes) -> str | None:
    return next(iter(_headers(scope, name)), None)
