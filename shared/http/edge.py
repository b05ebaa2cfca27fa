"""
What happens to every request, whatever it asks: trace, size limit, safety headers, access log, and an end to surprises.

The access log knows the route's template, never the path: paths hold ids, and sometimes more than that.
"""

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import clock, logs, trouble
from shared.database import Trace
from shared.errors import Transient
from shared.http import problems
from shared.http.bodies import BodyTooLarge, announced_bytes, limited
from shared.http.trace import trace_of
from shared.metering import Metrics
from shared.metrics import HTTP_REQUESTS

_log = logs.get(__name__)

_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})

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


def edge(app: ASGIApp, *, max_body_bytes: int, metrics: Metrics | None) -> ASGIApp:
    """Wrap *app*; it answers every HTTP request with something, and only that goes out."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        began, status = clock.monotonic(), 0
        # Callers may make methods up, and each would be a new series of every metric.
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
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

        with logs.continuing(trace.correlation_id, traceparent=trace.traceparent):
            try:
                if announced_bytes(scope) > max_body_bytes:
                    await _refuse_size(trace)(scope, receive, send_safely)
                else:
                    await app(scope, limited(receive, max_bytes=max_body_bytes), send_safely)
            except Exception as error:
                answer = _answer_to(error, trace)
                if status:
                    raise  # half an answer is out: only the server can break the connection off
                await answer(scope, receive, send_safely)
            finally:
                seconds, route = clock.monotonic() - began, getattr(scope.get("route"), "path", "-")
                if metrics is not None:
                    metrics.observe(HTTP_REQUESTS, seconds, method=method, route=route, status=str(status))
                milliseconds = round(seconds * 1000, 1)
                _log.info("request_served", method=method, route=route, status=status, duration_ms=milliseconds)

    return wrapped


def _refuse_size(trace: Trace) -> ASGIApp:
    status = problems.status_of(BodyTooLarge)
    return problems.respond(trace, status, kind=BodyTooLarge.slug(), title=BodyTooLarge.sentence())


def _answer_to(error: Exception, trace: Trace) -> ASGIApp:
    """
    Log what went wrong and return what to tell about it: nothing, but how to find it in the log.

    Where a commit was interrupted its outcome is unknown; an Idempotency-Key makes a retry safe.
    """
    if trouble.is_passing(error):
        _log.warning("request_failed", exc_info=error)
        return problems.respond(trace, 503, title=Transient.__doc__)
    _log.error("request_failed", exc_info=error)
    return problems.respond(trace, 500)
