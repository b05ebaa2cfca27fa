"""Versions over HTTP: `ETag` tells the version of what was read, `If-Match` which version a change was made from."""

import re
from typing import Annotated, Final

from fastapi import Depends, Header
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import Refusal

ETAG_PATTERN: Final = r'"(0|[1-9][0-9]{0,17})(\.[0-9]{1,19})?"'


class VersionMissing(Refusal):
    """Say which version you read: send its ETag as `If-Match`."""


def etag(version: int, *, beside: int | None = None) -> str:
    """
    Return the entity tag of a row's *version*.

    *beside* is the version of what is shown with the row and changes by itself: whoever has the one may not have the
    other, but a change of the row is made from the row's version alone.
    """
    return f'"{version}"' if beside is None else f'"{version}.{beside}"'


async def _version_read(
    if_match: Annotated[
        str | None,
        Header(description='The ETag of what you read, such as `"3"`; the change is refused if it moved on.'),
    ] = None,
) -> int:
    tag = re.fullmatch(ETAG_PATTERN, (if_match or "").strip())
    if tag is None:  # nothing, `*` (whatever it is now), or no tag of ours
        raise VersionMissing
    return int(tag[1])


VersionRead = Annotated[int, Depends(_version_read)]
"""The version the caller read, from `If-Match`; compare it after locking, and raise `shared.errors.Stale`."""


def unless_known(request: Request, response: Response) -> Response:
    """Return 304 without a body when the caller already has what *response* carries, else *response*."""
    tag = response.headers.get("etag")
    known = [candidate.strip().removeprefix("W/") for candidate in request.headers.get("if-none-match", "").split(",")]
    if tag is None or (tag not in known and known != ["*"]):
        return response
    return Response(status_code=304, headers={"etag": tag})
