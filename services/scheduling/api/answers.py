"""What the routes share: whose units the caller may act in, the version in every answer, and pages by id."""

from collections.abc import Callable, Sequence
from typing import Annotated, Final, TypeVar
from uuid import UUID

from fastapi import Depends
from pydantic import TypeAdapter
from starlette.responses import Response

from services.scheduling.store import Row, Units
from shared.http import Page, Paged, Who, etag

UNIT_GROUP = "unit"
"""The kind of group in the caller's token that lists the units they belong to."""

_ID: Final = TypeAdapter(tuple[UUID])

_Row = TypeVar("_Row", bound=Row)
_Item = TypeVar("_Item")


async def _yours(who: Who) -> Units:
    return who.belongs.get(UNIT_GROUP, frozenset())


Yours = Annotated[Units, Depends(_yours)]
"""The units that the caller belongs to; what is in no unit of theirs is not there for them."""


def tagged(response: Response, row: _Row, *, location: str | None = None) -> _Row:
    """Return *row*, with its version as the ETag of *response*, and the place of what was created."""
    response.headers["etag"] = etag(row.version)
    if location is not None:
        response.headers["location"] = location
    return row


def after_id(paging: Paged) -> UUID | None:
    """Return the id after which a page of things in the order of their ids begins; None for the first page."""
    after = paging.after(_ID)
    return after[0] if after else None


def page_by(paging: Paged, rows: Sequence[_Item], *key: Callable[[_Item], object]) -> Page[_Item]:
    """Return a page of *rows*, which are sorted by *key*."""
    return paging.page(rows, key=lambda row: tuple(part(row) for part in key), show=lambda row: row)
