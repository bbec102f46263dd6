"""The ASGI application: routes, and what they share. It knows HTTP; what the routes do is in other modules."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Unpack

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from textgen import arguments
from textgen.errors import TextgenError
from textgen.serve import fields, openapi, own, playground, schema
from textgen.serve.answers import Json, rendered
from textgen.serve.completions import Completion, make_job
from textgen.serve.config import ServeConfig, ServeOptions
from textgen.serve.errors import ApiError, of_library
from textgen.serve.follow import Events, HungUpError, Progress, hang_up
from textgen.serve.guard import Guard
from textgen.serve.log import Log
from textgen.serve.metrics import Metrics
from textgen.serve.models import Model, Shelf
from textgen.serve.scheduler import Scheduler
from textgen.serve.turns import step_aside
from textgen.system.keywords import answers_keywords, lists_options, with_options
from textgen.system.safejson import json_values
from textgen.writing.generator import Generator
from textgen.writing.sampler import new_seed

Own = Callable[[Generator, dict[str, Any], int], dict[str, Any]]

# This tool's own routes: what the body may hold, and what answers it.
OWN: dict[str, tuple[schema.Schema, Own]] = {
    "score": (own.SCORE, own.score),
    "tokenize": (own.TOKENIZE, own.tokenize),
    "inspect": (own.INSPECT, own.inspect),
    "poem/check": (own.CHECK, own.poem_check),
}
# Threads for those routes, and for poems, which may take long. More of them would only wait for each other.
OWN_THREADS, POEM_THREADS = 1, 1
# Bytes of a body that is read in a thread of its own; what a shorter one takes is below a millisecond.
LARGE_BODY = 10_000
# The schema of a request without a body.
_NOTHING = schema.body_of({})


@answers_keywords
@lists_options(ServeConfig)
def app(
    generators: Sequence[Generator],
    *,
    config: ServeConfig | None = None,
    key: str | None = None,
    corpus: str = "",
    say: Callable[[str], None] | None = None,
    **options: Unpack[ServeOptions],
) -> "Server":
    """Make an ASGI application that serves some models.

    Args:
        generators: the models; requests that name none get the first.
        config: the options; those given by name override it. An ASGI server listens by itself: `host` only says which
            Host headers are answered, and `port` nothing.
        key: what clients must send as `Authorization: Bearer KEY`; None for no key.
        corpus: the text that `max_copy` protects: the text itself, not a file's name.
        say: takes the lines of the log, from any thread; None for the logger "textgen.serve".
        options: fields of ServeConfig, listed below.

    Returns:
        the application.

    Raises:
        UsageError: an option out of its range, or no generators.
    """
    wanted = "Generators, at least one"
    found = [
        arguments.instance("generators", each, Generator, wanted)
        for each in arguments.items("generators", generators, wanted)
    ]
    if not found:
        raise arguments.refused("generators", wanted, generators)
    if key is not None and not arguments.text("key", key).strip():
        raise arguments.refused("key", "text that is not blank", "")
    say = say or logging.getLogger("textgen.serve").info
    return Server(found, with_options(ServeConfig, config, options), key, arguments.text("corpus", corpus), say)


class Server:
    """The application. It starts its threads with the first request, or when an ASGI server says that it starts.

    Args as of `app`.

    Attributes:
        config: the options.
        shelf: the models.
        scheduler: writes.
    """

    def __init__(
        self,
        generators: Sequence[Generator],
        config: ServeConfig,
        key: str | None,
        corpus: str,
        say: Callable[[str], None],
    ) -> None:
        self.config, self._corpus = config, corpus
        self.log = Log(say, config.log_format == "json")
        self.metrics = Metrics()
        self.shelf = Shelf(generators, config.watch)
        self.scheduler = Scheduler(config.threads, config.queue, self.metrics, self.log.fault)
        self._pool = ThreadPoolExecutor(OWN_THREADS, "textgen-own")
        self._poem_pool = ThreadPoolExecutor(POEM_THREADS, "textgen-poem")
        self._own_waiting = 0
        self._reloading = asyncio.Lock()
        self._has_started = False
        self.is_stopping = False
        routes = [
            Route("/", self.show_page, methods=["GET"]),
            Route("/playground/model/{name:path}", self.show_page_model, methods=["GET"]),
            Route("/playground/numbers/{name:path}", self.show_page_numbers, methods=["GET"]),
            Route("/health", self.health, methods=["GET"]),
            Route("/metrics", self.show_metrics, methods=["GET"]),
            Route("/openapi.json", self.show_openapi, methods=["GET"]),
            Route("/docs", self.show_docs, methods=["GET"]),
            Route("/v1/models", self.list_models, methods=["GET"]),
            Route("/v1/models/{name:path}", self.show_model, methods=["GET"]),
            Route("/v1/completions", _Endpoint(self._completions), methods=["POST"]),
            Route("/v1/textgen/poem", _Endpoint(self._poem), methods=["POST"]),
            *(Route(f"/v1/textgen/{name}", self._own(name), methods=["POST"]) for name in OWN),
        ]
        router = Router(routes, redirect_slashes=False, lifespan=self._lifespan)
        self._guarded: ASGIApp = Guard(router, config, key, self.metrics, self.log)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; see the ASGI specification."""
        if not self._has_started and scope["type"] == "http":
            self.start()  # of an ASGI server without lifespan events
        # With an application, the router raises what it has no route for.
        await self._guarded({**scope, "app": self}, receive, send)

    def start(self) -> None:
        """Start the threads."""
        if not self._has_started:
            self._has_started = True
            self.scheduler.start()

    def stop(self) -> None:
        """Take no new work. What is being written goes on."""
        self.is_stopping = True

    @contextlib.asynccontextmanager
    async def _lifespan(self, router: Router) -> AsyncIterator[None]:
        self.start()
        yield
        self.stop()
        await asyncio.to_thread(self.scheduler.close)
        for pool in (self._pool, self._poem_pool):
            pool.shutdown(wait=False, cancel_futures=True)

    async def health(self, request: Request) -> Response:
        """Whether the server can answer."""
        _facts(request, "/health")
        state = "stopping" if self.is_stopping else "ok"
        return Json({"status": state, "models": list(self.shelf.models)}, 503 if self.is_stopping else 200)

    async def show_metrics(self, request: Request) -> Response:
        """The counters, for Prometheus."""
        _facts(request, "/metrics")
        gauges = [
            ("rows_busy", "Rows at work.", self.scheduler.busy()),
            ("queue_length", "Requests that wait for a row.", self.scheduler.waiting()),
            ("tasks", "Tasks of the event loop, this request's among them.", len(asyncio.all_tasks())),
            ("requests_running", "Completions that are not done.", self.scheduler.jobs()),
        ]
        return PlainTextResponse(self.metrics.text(gauges), media_type="text/plain; version=0.0.4")

    async def show_openapi(self, request: Request) -> Response:
        """The routes, for programs."""
        _facts(request, "/openapi.json")
        return Json(openapi.document())

    async def show_docs(self, request: Request) -> Response:
        """The routes, for people."""
        _facts(request, "/docs")
        headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
        return HTMLResponse(openapi.page(str(request.base_url).rstrip("/")), headers=headers)

    async def show_page(self, request: Request) -> Response:
        """A page that writes with the models."""
        _facts(request, "/")
        # The page's own policy says what it may load; only a header can say who may frame it.
        headers = {"Content-Security-Policy": "frame-ancestors 'none'", "Cache-Control": "no-cache"}
        return HTMLResponse(await asyncio.to_thread(playground.html), headers=headers)

    async def show_page_model(self, request: Request) -> Response:
        """What the page needs of a model but its numbers."""
        _facts(request, "/playground/model/{id}")
        model = await self._model(request.path_params["name"])
        return Json(await self._in_pool(self._pool, _NOTHING, lambda: rendered(playground.values(model))))

    async def show_page_numbers(self, request: Request) -> Response:
        """The numbers of a model, for a page in which it works."""
        _facts(request, "/playground/numbers/{id}")
        model = await self._model(request.path_params["name"])
        if request.query_params.get("version", playground.version(model)) != playground.version(model):
            raise ApiError(409, "the model was trained further since the page was opened; load the page again")
        found = await self._in_pool(self._pool, _NOTHING, playground.numbers, model)
        return Response(found, media_type="application/octet-stream")

    async def list_models(self, request: Request) -> Response:
        """All models."""
        _facts(request, "/v1/models")
        return Json({"object": "list", "data": [_model(each) for each in self.shelf.models.values()]})

    async def show_model(self, request: Request) -> Response:
        """One model."""
        _facts(request, "/v1/models/{id}")
        return Json(_model(self.shelf.find(request.path_params["name"])))

    async def _model(self, name: str | None) -> Model:
        """The model that a request names, loaded again if it was trained further. Raises ApiError."""
        model = self.shelf.find(name)
        if self.shelf.has_changed(model):
            async with self._reloading:
                if self.shelf.has_changed(model):
                    complaint = await asyncio.to_thread(self.shelf.reload, model)
                    self.log.write("loaded again" if complaint is None else "kept", model=model.name, why=complaint)
        return model

    async def _values(self, request: Request, wanted: schema.Schema) -> dict[str, Any]:
        """The body of a request, checked. Raises ApiError."""
        if self.is_stopping:
            raise ApiError(503, "the server is stopping", headers={"Retry-After": "5"})
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise ApiError(415, "the body must be JSON: send Content-Type: application/json")
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise ApiError(415, "the body must not be compressed")
        body = await request.body()
        # A large one takes time to read.
        return await asyncio.to_thread(_read, body, wanted) if len(body) > LARGE_BODY else _read(body, wanted)

    async def _completions(self, request: Request, receive: Receive, send: Send) -> None:
        facts = _facts(request, "/v1/completions")
        values = await self._values(request, fields.BODY)
        model = await self._model(values.get("model"))
        try:
            asked = fields.fields_of(values, self.config.max_length)
            generator = model.told(values)
        except TextgenError as error:
            raise of_library(error, fields.PROPERTIES, fields.API_NAMES) from None
        progress = Progress()
        facts.update(model=model.name, texts=len(asked.prompts) * asked.n, seed=asked.config.seed)
        if self.config.log_prompts:
            facts["prompt"] = str(asked.prompts)[:2_000]
        make = (asked, generator, self._corpus, self.config.max_length, progress)
        # Long prompts, the corpus of max_copy, and forbidden texts in a large vocabulary take time to read.
        is_quick = not (asked.config.max_copy or asked.config.forbid) and sum(map(len, asked.prompts)) < 10_000
        job = make_job(*make) if is_quick else await asyncio.to_thread(make_job, *make)
        self.metrics.add_symbols(0, sum(map(len, job.plan.prompts)))
        answer = Completion(self.scheduler, model, asked, job, progress, self.config.timeout)
        try:
            await answer(receive, send)
        finally:
            facts["symbols"] = sum(draft.sample.symbols for draft in job.drafts)

    def _own(self, name: str) -> Callable[[Request], Any]:
        wanted, function = OWN[name]

        async def endpoint(request: Request) -> Response:
            facts = _facts(request, f"/v1/textgen/{name}")
            values = await self._values(request, wanted)
            model = await self._model(values.get("model"))
            facts["model"] = model.name

            def answer() -> bytes:
                return rendered({"model": model.name} | function(model.told(values), values, self.config.max_length))

            return Json(await self._in_pool(self._pool, wanted, answer))

        return endpoint

    async def _in_pool(
        self, pool: ThreadPoolExecutor, wanted: schema.Schema, function: Callable[..., Any], *values: Any
    ) -> Any:
        """Call a function in a thread of a pool, for a request whose body is as wanted. Raises ApiError."""
        if self._own_waiting > self.config.queue:
            raise ApiError(429, "too many requests are waiting; try again later", headers={"Retry-After": "1"})
        self._own_waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, function, *values)
        except TextgenError as error:
            raise of_library(error, wanted["properties"], own.API_NAMES) from None
        finally:
            self._own_waiting -= 1

    async def _poem(self, request: Request, receive: Receive, send: Send) -> None:
        facts = _facts(request, "/v1/textgen/poem")
        values = await self._values(request, own.POEM)
        model = await self._model(values.get("model"))
        values.setdefault("seed", new_seed())
        facts.update(model=model.name, seed=values["seed"])
        ended = _Ended(self.config.timeout)
        gone = asyncio.ensure_future(hang_up(receive))
        gone.add_done_callback(lambda _: ended.end())
        try:
            await self._write_poems(model, values, ended, Events(send, self.config.timeout), receive, send)
        finally:
            ended.end()
            gone.cancel()

    async def _write_poems(
        self, model: Model, values: dict[str, Any], ended: "_Ended", events: Events, receive: Receive, send: Send
    ) -> None:
        notes, seed, found = await self._in_pool(
            self._poem_pool, own.POEM, lambda: own.poems(model.told(values), values, ended.check)
        )
        head = {"object": "textgen.poem", "model": model.name, "seed": seed, "notes": notes}
        written: list[dict[str, Any]] = []
        try:
            while poem := await self._in_pool(self._poem_pool, own.POEM, next, found, None):
                written.append(own.poem_values(poem))
                if values.get("stream"):
                    if not events.begun:
                        await events.begin()
                    for place, line in enumerate(poem.lines):
                        await events.send(head | {"number": poem.number, "line": place, "text": line})
                    await events.send(head | {"number": poem.number, "poem": written[-1]})
        except ApiError as error:
            if not events.begun:
                raise
            await events.send(error.body())
        if events.begun:
            await events.end()
        else:
            await Json(head | {"poems": written})({"type": "http"}, receive, send)


class _Ended:
    """Ends the writing of poems: when the client hangs up, or the time is over."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._is_ended = False

    def end(self) -> None:
        self._is_ended = True

    def check(self) -> None:
        step_aside()
        if self._is_ended:
            raise ApiError(499, "the client hung up")
        if time.monotonic() > self._until:
            raise ApiError(503, "no poem within the time that this server gives a request; ask for less")


class _Endpoint:
    """An endpoint that sends its answer itself, and so hears of a client that hangs up meanwhile."""

    def __init__(self, answer: Callable[[Request, Receive, Send], Any]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(HungUpError):
            await self._answer(Request(scope, receive), receive, send)


def _facts(request: Request, route: str) -> dict[str, Any]:
    """What the log says of a request, to which its route may add."""
    facts: dict[str, Any] = request.scope["state"]["facts"]
    facts["route"] = route
    return facts


def _model(model: Model) -> dict[str, Any]:
    return {"id": model.name, "object": "model", "created": model.created, "owned_by": "textgen"}


def _read(body: bytes, wanted: schema.Schema) -> dict[str, Any]:
    """The values of a body that fits a schema. Raises ApiError."""
    try:
        values = json_values(body.decode("utf-8"))
    except ValueError as error:
        raise ApiError(400, f"the body is not JSON that this server reads: {_short(error)}") from None
    return schema.read(values, wanted)


def _short(error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1:,} is not UTF-8"
    return arguments.short(str(error))
