"""
What happens to every request, whatever it asks: trace, size limit, safety headers, access log, and an end to surprises.

The access log knows the route's template, never the path: paths hold ids, and sometimes more than that.
"""

import traceback
from collections.abc import Callable
from logging import ERROR, WARNING
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import trouble
from shared.clock import monotonic
from shared.database import Trace
from shared.errors import Transient
from shared.http import problems
from shared.http.bodies import BodyTooLarge, limited
from shared.http.trace import trace_of

_log = structlog.get_logger()

Observe = Callable[[str, str, int, float], None]
"""Told after each request: method, route template, status, seconds."""

SAFETY_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
}
"""On every response, unless it says otherwise itself."""


def edge(app: ASGIApp, *, max_body_bytes: int, observe: Observe | None) -> ASGIApp:
    """Wrap *app*; it answers every HTTP request with something, and only that goes out."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        began, status = monotonic(), 0
        trace = trace_of(Headers(scope=scope))
        scope.setdefault("state", {})["trace"] = trace

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SAFETY_HEADERS.items():
                    headers.setdefault(name, value)
                headers["x-request-id"] = trace.correlation_id
            await send(message)

        with structlog.contextvars.bound_contextvars(correlation_id=trace.correlation_id):
            try:
                if _announced_bytes(scope) > max_body_bytes:
                    await _refuse_size(trace)(scope, receive, send_safely)
                else:
                    await app(scope, limited(receive, max_bytes=max_body_bytes), send_safely)
            except Exception as error:
                is_passing = trouble.is_passing(error)
                # Neither its message nor its locals: both may hold personal data.
                _log.log(
                    WARNING if is_passing else ERROR,
                    "request_failed",
                    error_type=type(error).__qualname__,
                    frames=_frames(error),
                )
                if status:
                    raise  # half an answer is out: only the server can break the connection off
                # Where a commit was interrupted its outcome is unknown; the Idempotency-Key makes a retry safe.
                refusal = (
                    problems.respond(trace, 503, title=Transient.__doc__)
                    if is_passing
                    else problems.respond(trace, 500)
                )
                await refusal(scope, receive, send_safely)
            finally:
                seconds, route = monotonic() - began, getattr(scope.get("route"), "path", "-")
                if observe is not None:
                    observe(scope["method"], route, status, seconds)
                _log.info(
                    "request_served",
                    method=scope["method"],
                    route=route,
                    status=status,
                    duration_ms=round(seconds * 1000, 1),
                )

    return wrapped


def _announced_bytes(scope: Scope) -> int:
    """Return the Content-Length, 0 where there is none; the server has refused one that is no number."""
    announced = Headers(scope=scope).get("content-length", "")
    return int(announced) if announced.isdecimal() else 0


def _refuse_size(trace: Trace) -> ASGIApp:
    status = problems.status_of(BodyTooLarge)
    return problems.respond(trace, status, kind=BodyTooLarge.slug(), title=BodyTooLarge.sentence())


def _frames(error: BaseException) -> list[str]:
    """Return where *error* came from, without its message: a database tells the row it stumbled over."""
    return [f"{frame.name} {frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
