"""The champion over HTTP: MLflow's addresses and payloads, behind a token and limits, on one event loop.

Requests that wait are answered together by the `desk`. An answer leaves when it is in the spool on the disk; the
`drain` brings it to the database.
"""

import asyncio
import hmac
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from lib import arrival, gauges, payloads, specification, spool
from lib.cells import Refused
from lib.desk import Asked, Failed
from lib.drain import Drain
from lib.following import Follower

OPEN = ("/ping", "/health")
"""What answers without a token, for whoever only asks whether the server is alive."""
_logger = logging.getLogger(__name__)
JSON_HEADER = (b"content-type", b"application/json")


@dataclass(frozen=True)
class Limits:
    """What a request may be.

    Parameters
    ----------
    body_bytes : int
    seconds : float
        To arrive whole, and again from its end to its answer.
    """

    body_bytes: int = 8 * 2**20
    seconds: float = 30.0


class Server:
    """What the addresses have in common: champion, spool, drain, counts.

    Parameters
    ----------
    store : str or Path
    follower : Follower
    token : str
        What requests have to bring; empty if they need none.
    limits : Limits
    """

    def __init__(self, store: str | Path, follower: Follower, *, token: str = "", limits: Limits | None = None):
        self.follower, self.token, self.limits = follower, token, limits or Limits()
        self.gauges = gauges.Gauges()
        self.store = Path(store)
        self.writer = spool.Writer(store)
        self.drain = Drain(store, follower.model_name)
        self.is_ending = False
        self._waiting: list[tuple[Asked, asyncio.Future, float]] = []

    def start(self) -> None:
        """Start to follow the champion, and to bring answers to the database."""
        self.follower.start()
        self.drain.start()

    def stop(self, seconds: float = 10.0) -> bool:
        """End in order; return whether every answer is in the database, rather than in the spool."""
        self.is_ending = True
        self.follower.stop()
        self.writer.close()
        return self.drain.stop(seconds)

    async def ask(self, body: bytes, content_type: str) -> Asked:
        """Return a request with its answer, or with the reason why it has none."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        if not self._waiting:
            # After this round of the loop, when all that has arrived by now has been read.
            loop.call_soon(loop.call_soon, self._answer)
        self._waiting.append((Asked(body, content_type), future, loop.time() + self.limits.seconds))
        return await future

    def _answer(self) -> None:
        """Answer all that wait, and let them go when their answers are on the disk."""
        waiting, self._waiting = self._waiting, []
        now = asyncio.get_running_loop().time()
        for asked, _, deadline in waiting:
            asked.error = TimeoutError() if now > deadline else None
        in_time = [asked for asked, future, _ in waiting if asked.error is None and not future.done()]
        self._keep_answers(in_time)
        self.gauges.together.observe(len(waiting))
        for asked, future, _ in waiting:
            if not future.done():
                future.set_result(asked)

    def _keep_answers(self, asked: list[Asked]) -> None:
        """Answer requests, and write the answers down; those that cannot be kept are not given."""
        try:
            record = self.follower.desk.answer(asked)
            if record:
                self.writer.add(record)
        except OSError as error:
            for each in asked:
                each.error = each.error or error
        except Exception:  # whatever it is, nobody may be left without an answer
            _logger.exception("requests could not be answered")
            for each in asked:
                each.error = each.error or Failed()

    def observe(self, status: int, seconds: float, n_rows: int) -> None:
        """Count a request."""
        self.gauges.requests.labels(str(status)).inc()
        self.gauges.seconds.observe(seconds)
        self.gauges.rows.inc(n_rows)
        self.drain.count(status, gauges.class_of(seconds))

    def metrics(self) -> bytes:
        """Return what Prometheus asks for."""
        self.gauges.version.set(self.follower.version)
        self.gauges.changes.set(self.follower.changes)
        self.gauges.database.set(self.drain.is_reached)
        waiting = [path.stat().st_size - spool.taken(path) for path in spool.waiting(self.store)]
        self.gauges.waiting.set(sum(waiting))
        return self.gauges.text()


class Invocations:
    """The address that predicts, as a plain ASGI application: its time counts."""

    def __init__(self, server: Server):
        self.server = server

    async def __call__(self, scope, receive, send) -> None:
        """Answer one request."""
        headers, limits = dict(scope["headers"]), self.server.limits
        try:
            body = await arrival.body(headers, receive, limits.body_bytes, limits.seconds)
        except arrival.TooLarge:
            return await self._refuse(send, 413, "BAD_REQUEST", f"The body is larger than {limits.body_bytes} bytes.")
        except TimeoutError:
            message = f"The request was not whole within {limits.seconds:g} seconds."
            return await self._refuse(send, 408, "DEADLINE_EXCEEDED", message, [(b"connection", b"close")])
        started = time.perf_counter()
        if self.server.is_ending:
            return await self._refuse(send, 503, "TEMPORARILY_UNAVAILABLE", "The server is ending.")
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        asked = await self.server.ask(body, content_type)
        status, content = _outcome(asked, limits)
        self.server.observe(status, time.perf_counter() - started, len(asked.answer or ()))
        told = [(b"x-model-version", str(asked.version).encode())] if asked.version else []
        return await _send(send, status, content, [*told, (b"x-request-id", asked.id.encode())])

    async def _refuse(self, send, status: int, code: str, message: str, headers=None) -> None:
        # Counted, but not timed: how long it took says nothing of the model.
        self.server.gauges.requests.labels(str(status)).inc()
        await _send(send, status, payloads.error(code, message), headers)


async def _send(send: Callable, status: int, content: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    told = [JSON_HEADER, (b"content-length", str(len(content)).encode()), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": content})


def _outcome(asked: Asked, limits: Limits) -> tuple[int, bytes]:
    """Return status and body for a request that was dealt with; what went wrong inside stays inside."""
    error = asked.error
    if error is None:
        return 200, payloads.answer(asked.answer or [])
    if isinstance(error, Refused):
        return 422, payloads.error("INVALID_PARAMETER_VALUE", error.message, error)
    if isinstance(error, payloads.Malformed):
        return (415 if isinstance(error, payloads.Unsupported) else 400), payloads.error("BAD_REQUEST", str(error))
    if isinstance(error, TimeoutError):
        return 504, payloads.error("DEADLINE_EXCEEDED", f"No answer within {limits.seconds:g} seconds.")
    if isinstance(error, Failed):
        return 500, payloads.error("INTERNAL_ERROR", f"The model could not answer; request {asked.id}.")
    return 503, payloads.error("TEMPORARILY_UNAVAILABLE", "Answers cannot be kept at the moment.")


class Guard:
    """Lets in what brings the token; around everything else."""

    def __init__(self, app, token: str):
        self.app, self.token = app, f"Bearer {token}".encode() if token else b""

    async def __call__(self, scope, receive, send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or not self.token or scope["path"] in OPEN:
            return await self.app(scope, receive, send)
        given = dict(scope["headers"]).get(b"authorization", b"")
        if hmac.compare_digest(given, self.token):
            return await self.app(scope, receive, send)
        message = "This server asks for a token: send the header `Authorization: Bearer TOKEN`."
        content = payloads.error("UNAUTHENTICATED", message)
        return await _send(send, 401, content, [(b"www-authenticate", b"Bearer")])


def application(server: Server) -> Guard:
    """Return the ASGI application."""
    app = FastAPI(title=server.follower.model_name, docs_url=None, redoc_url=None, openapi_url=None)
    app.router.routes.append(Route("/invocations", Invocations(server), methods=["POST"]))

    @app.get("/ping")
    @app.get("/health")
    async def ping() -> Response:
        return Response("\n", media_type=payloads.JSON)

    @app.get("/version")
    async def version() -> Response:
        return Response(metadata.version("mlflow"), media_type=payloads.JSON)

    @app.get("/model")
    async def model() -> JSONResponse:
        return JSONResponse(_told(server))

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(server.metrics(), headers={"content-type": gauges.CONTENT_TYPE})

    @app.get("/openapi.json")
    async def openapi() -> JSONResponse:
        return JSONResponse(specification.openapi(server.follower.desk, token=bool(server.token)))

    @app.get("/docs")
    async def docs() -> HTMLResponse:
        return HTMLResponse(specification.page(server.follower.desk))

    @app.exception_handler(404)
    @app.exception_handler(405)
    async def unknown(request: Request, error: Any) -> Response:
        told = payloads.error("ENDPOINT_NOT_FOUND", f"There is no {request.method} {request.url.path}; see /docs.")
        return Response(told, error.status_code, headers=error.headers, media_type=payloads.JSON)

    return Guard(app, server.token)


def _told(server: Server) -> dict[str, Any]:
    answerer = server.follower.desk.answerer
    return {
        "name": answerer.champion.model_name,
        "version": answerer.champion.version,
        "task": answerer.contract["task"],
        "classes": answerer.classes,
        "columns": server.follower.desk.names,
        "trained_until": answerer.champion.info.get("trained_until"),
    }
