"""Request bodies: JSON, strict, and no larger than agreed."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Message, Receive, Scope

from shared.errors import Invalid, Refusal

MAX_BODY_BYTES: Final = 64 * 1024  # commands are some dozens of fields; what needs more asks for more


class BodyTooLarge(Refusal):
    """The body is larger than we take; send less at a time."""


class BodyNotJson(Refusal):
    """Send the body as JSON, with `Content-Type: application/json`."""


class BodyNotReadable(Refusal):
    """Send JSON in UTF-8, not nested by the thousand, and with no number of thousands of digits."""


class BodyWithNul(Invalid):
    """Remove the NUL characters from the body; no text can hold one here."""


class FieldTwice(Invalid):
    """Say each field once; the body says one of them again, and nobody could tell which is meant."""


def announced_bytes(scope: Scope) -> int:
    """Return the Content-Length, 0 where there is none; the server has refused one that is no number."""
    announced = Headers(scope=scope).get("content-length", "")
    return int(announced) if announced.isdecimal() else 0


def limited(receive: Receive, *, max_bytes: int) -> Receive:
    """
    Return *receive* that stops in the middle of a body which turns out too large.

    Raises (when called):
        BodyTooLarge: more than *max_bytes* have come.
    """
    so_far = 0

    async def receive_within_limit() -> Message:
        nonlocal so_far
        message = await receive()
        so_far += len(message.get("body", b""))
        if so_far > max_bytes:
            raise BodyTooLarge
        return message

    return receive_within_limit


async def read_json(request: Request) -> None:
    """
    Read the whole body into memory, so that no database connection waits for a slow sender.

    Raises:
        BodyTooLarge, BodyNotJson, BodyWithNul, FieldTwice: it is refused before anybody looks into it.
    """
    body = await request.body()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and media_type != "application/json":
        raise BodyNotJson
    if b"\\u0000" in body:
        raise BodyWithNul
    with contextlib.suppress(ValueError, RecursionError):  # what cannot be read is told of by who reads it for good
        json.loads(body, object_pairs_hook=_each_field_once)


def _each_field_once(fields: Sequence[tuple[str, object]]) -> None:
    if len({name for name, _ in fields}) < len(fields):
        raise FieldTwice


def loose_objects(schema: Mapping[str, Any]) -> list[str]:
    """Return the names of the objects in a JSON *schema* that would take unknown fields without a word."""
    found: list[str] = []
    for name, part in [("the body", schema), *cast("Mapping[str, Any]", schema.get("$defs", {})).items()]:
        if "properties" in part and part.get("additionalProperties") is not False:
            found.append(str(part.get("title", name)))
    return found
