"""What the routes share: what is the caller's, the version in every answer, and pages."""

from collections.abc import Callable, Sequence
from typing import Annotated, Final, TypeVar
from uuid import UUID

from fastapi import Depends
from pydantic import TypeAdapter
from starlette.responses import Response

from services.scheduling import store
from services.scheduling.store import OfCase, Row, Units
from shared.http import OnRecord, Opened, Page, Paged, Who, etag
from shared.relations import Relations
from shared.sight import Sight

UNIT_GROUP = "unit"
"""The kind of group in the caller's token that lists the units they belong to."""

_ID: Final = TypeAdapter(tuple[UUID])

_Row = TypeVar("_Row", bound=Row)
_Item = TypeVar("_Item")
_OfCase = TypeVar("_OfCase", bound=OfCase)


async def _relations(who: Who, opened: Opened) -> Relations:
    units = who.belongs.get(UNIT_GROUP, frozenset())
    return await store.load_relations(opened, who.subject, roles=who.roles, units=units)


_Relations = Annotated[Relations, Depends(_relations)]


async def _yours(relations: _Relations, notes: OnRecord) -> Sight:
    return Sight.begin(relations, notes)


async def _your_units(relations: _Relations) -> Units:
    return relations.belongs


Yours = Annotated[Sight, Depends(_yours)]
"""What the caller may see; what they see of it is noted, and so each route that asks for this is on record."""

YourUnits = Annotated[Units, Depends(_your_units)]
"""The units that the caller belongs to, for what is nobody's case: a route that asks for no more is not on record."""


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


def on_record(yours: Sight, page: Page[_OfCase]) -> Page[_OfCase]:
    """Return *page*, each of whose cases is noted as shown."""
    for each in page.items:
        store.sees(yours, each)
    return page


def page_by(paging: Paged, rows: Sequence[_Item], *key: Callable[[_Item], object]) -> Page[_Item]:
    """Return a page of *rows*, which are sorted by *key*."""
    return paging.page(rows, key=lambda row: tuple(part(row) for part in key), show=lambda row: row)
