"""What a request continues: W3C `traceparent` and `X-Request-Id`, read with suspicion, or begun here."""

import re

from starlette.datastructures import Headers

from shared import ids
from shared.database import Trace

_TRACEPARENT = re.compile(r"00-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
# Only what a machine would make up: a name or a number of a person put there must not travel into logs and events.
_REQUEST_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def trace_of(headers: Headers) -> Trace:
    """Return the trace the caller handed in, as far as it is well-formed, else a new one."""
    traceparent = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    request_id = _REQUEST_ID.fullmatch(headers.get("x-request-id", ""))
    begun = traceparent["trace"] if traceparent else ids.new_id().hex
    correlation_id = request_id[0] if request_id else begun
    return Trace(correlation_id=correlation_id, traceparent=traceparent[0] if traceparent else _begun(correlation_id))


def _begun(correlation_id: str) -> str:
    """Return the traceparent of a trace that begins here, so that the next service has something to continue."""
    return f"00-{correlation_id.replace('-', '')}-{ids.new_id().hex[:16]}-00"
