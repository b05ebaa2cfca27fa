"""
Problem details (RFC 9457): the one shape in which we say no.

Whatever ends other than well becomes a status code here and nowhere else. Nothing the caller sent is said back, but
the names of fields: what was refused may be personal data, and problems end up in logs and screenshots.
"""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Literal, cast

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from shared.database import Trace
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale
from shared.http.access import NotSignedIn
from shared.http.bodies import BodyNotJson, BodyNotReadable, BodyTooLarge
from shared.http.idempotency import IdempotencyKeyMissing
from shared.http.versions import VersionMissing

MEDIA_TYPE: Final = "application/problem+json"

_STATUS: Final[Mapping[type[Exception], HTTPStatus]] = {
    IdempotencyKeyMissing: HTTPStatus.BAD_REQUEST,
    NotSignedIn: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Stale: HTTPStatus.PRECONDITION_FAILED,
    BodyNotReadable: HTTPStatus.BAD_REQUEST,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    BodyNotJson: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    VersionMissing: HTTPStatus.PRECONDITION_REQUIRED,
    Refusal: HTTPStatus.CONFLICT,
}

_HEADERS: Final[Mapping[int, Mapping[str, str]]] = {
    401: {"www-authenticate": "Bearer"},
    503: {"retry-after": "1"},
}

# pydantic's own words already name the fix, but for these: too short, or telling what was sent.
_FIXES: Final[Mapping[str, str]] = {
    "missing": "Add this field.",
    "extra_forbidden": "Remove this field; it is not known here.",
    "model_attributes_type": "Send a JSON object here.",
    "model_type": "Send a JSON object here.",
    "tuple_type": "Send a list here.",
    "uuid_parsing": "Send a UUID, such as 00000000-0000-4000-8000-000000000000.",
    "timezone_aware": "Add the offset from UTC, such as 2027-01-31T09:00:00+02:00.",
}
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_-]{0,49}")


class FieldProblem(BaseModel):
    """One value that was refused."""

    where: Literal["body", "query", "path", "header", "cookie"]
    pointer: str = Field(description="JSON pointer (RFC 6901, as a fragment) into that part of the request.")
    message: str = Field(description="What to send instead.")


class Problem(BaseModel):
    """What was refused or went wrong (RFC 9457)."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": True})

    type: str = Field(description="Stable name of this kind of problem; `about:blank` where the status says it all.")
    title: str
    status: int
    detail: str | None = None
    trace_id: str = Field(description="Tell this when you ask about it; our logs carry the same.")
    errors: list[FieldProblem] | None = None


def status_of(kind: type[Exception]) -> int:
    """Return the status of a *kind* of exception: that of the nearest base that has one."""
    return int(next((_STATUS[base] for base in kind.__mro__ if base in _STATUS), HTTPStatus.INTERNAL_SERVER_ERROR))


def respond(
    trace: Trace,
    status: int,
    *,
    kind: str | None = None,
    title: str | None = None,
    detail: str | None = None,
    errors: Sequence[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the response of a problem; *kind* is a slug, without one the status says it all."""
    problem = Problem(
        type="about:blank" if kind is None else f"urn:problem:{kind}",
        title=title or HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        trace_id=trace.correlation_id,
        errors=None if errors is None else list(errors),
    )
    return Response(
        problem.model_dump_json(exclude_none=True),
        status,
        {**_HEADERS.get(status, {}), **(headers or {})},
        MEDIA_TYPE,
    )


async def on_refusal(request: Request, error: Exception) -> Response:
    """Answer an expected no."""
    refusal = cast("Refusal", error)
    title, detail = refusal.sentence(), str(refusal)
    status = status_of(type(refusal))
    return respond(
        request.state.trace, status, kind=refusal.slug(), title=title, detail=None if detail == title else detail
    )


async def on_http(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses: no such path or method, an unreadable body."""
    refused = cast("HTTPException", error)
    if refused.status_code == HTTPStatus.BAD_REQUEST:
        return await on_refusal(request, BodyNotReadable())
    headers = refused.headers
    if refused.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # The framework names only the first route of the path.
        here = (route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE)
        headers = {"allow": ", ".join(sorted({method for route in here for method in route.methods}))}
    return respond(request.state.trace, refused.status_code, headers=headers)


async def on_invalid(request: Request, error: Exception) -> Response:
    """Answer a request that does not fit its declared shape, field by field."""
    refused = cast("RequestValidationError", error)
    return respond(
        request.state.trace,
        422,
        kind="request-not-valid",
        title="The request does not have the form that is asked for; `errors` tells what to change.",
        errors=[_field_problem(found) for found in refused.errors()],
    )


HANDLERS: Final[Mapping[type[Exception], Any]] = {
    Refusal: on_refusal,
    HTTPException: on_http,
    RequestValidationError: on_invalid,
}


def _field_problem(found: Mapping[str, Any]) -> FieldProblem:
    where, *path = cast("tuple[Any, ...]", found["loc"])
    kind: str = found["type"]
    if kind == "json_invalid":
        return FieldProblem(where="body", pointer="#", message=f"Send JSON; it stops making sense at byte {path[0]}.")
    if kind == "union_tag_invalid":
        message = f"Use one of {found['ctx']['expected_tags']}."
    else:
        message = _FIXES.get(kind) or str(found["msg"]).removeprefix("Value error, ")
    pointer = "".join(f"/{_step(step)}" for step in path)
    return FieldProblem(where=where, pointer=f"#{pointer}", message=message)


def _step(step: str | int) -> str:
    """Return one step of a pointer; a key that does not look like a field's name is not said back."""
    return str(step) if isinstance(step, int) or _FIELD_NAME.fullmatch(step) else "*"
