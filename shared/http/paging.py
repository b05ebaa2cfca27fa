"""
Cursor pagination by keyset: the cursor is the sort key of the last row, so pages neither skip nor repeat.

A cursor is opaque but not secret: what a caller may see is decided by the query, never by the cursor.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import Invalid

Key = TypeVar("Key", bound=tuple[object, ...])
Row = TypeVar("Row")
Item = TypeVar("Item")

_ANYTHING: TypeAdapter[object] = TypeAdapter(object)


class CursorUnknown(Invalid):
    """This cursor is none of this list's; start again without one."""


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next` is the cursor of the following page, or null at the end."""

    items: list[Item]
    next: str | None = Field(description="Send it as `cursor` to read on; null when this is the last page.")


@dataclass(frozen=True, slots=True)
class Paging:
    """
    What the caller asked for, and the maker of the page.

    Query for `fetch` rows (one more than `limit`, which tells whether another page follows) whose sort key lies after
    `after(...)`, then hand them to `page`.
    """

    limit: int
    cursor: str | None
    request: Request
    response: Response

    @property
    def fetch(self) -> int:
        """The number of rows to ask the database for."""
        return self.limit + 1

    def after(self, key: TypeAdapter[Key]) -> Key | None:
        """
        Return the sort key after which the page begins, or None for the first page.

        Raises:
            CursorUnknown: the cursor does not hold such a key.
        """
        if self.cursor is None:
            return None
        padded = self.cursor + "=" * (-len(self.cursor) % 4)
        try:
            after = key.validate_json(base64.b64decode(padded, altchars=b"-_", validate=True))
        except (ValidationError, ValueError) as error:
            raise CursorUnknown from error
        if not all(map(_can_be_asked_for, after)):
            raise CursorUnknown
        return after

    def page(
        self, rows: Sequence[Row], *, key: Callable[[Row], tuple[object, ...]], show: Callable[[Row], Item]
    ) -> Page[Item]:
        """Return the page and announce the next one in the `Link` header; *key* is the sort key of a row."""
        shown = rows[: self.limit]
        if len(rows) <= self.limit:
            return Page(items=[show(row) for row in shown], next=None)
        cursor = base64.urlsafe_b64encode(_ANYTHING.dump_json(key(shown[-1]))).decode().rstrip("=")
        # A relative reference: which host and path the world sees is the proxy's affair.
        following = self.request.url.include_query_params(cursor=cursor, limit=self.limit).query
        self.response.headers["link"] = f'<?{following}>; rel="next"'
        return Page(items=[show(row) for row in shown], next=cursor)


def _can_be_asked_for(part: object) -> bool:
    """Tell whether the database can hold *part* of a sort key, which somebody may have made up."""
    match part:
        case str():
            return "\x00" not in part
        case int():
            return -(2**63) <= part < 2**63
        case datetime():
            return MINYEAR < part.year < MAXYEAR  # so that it is a day in UTC, too
        case _:
            return True


async def _paging(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=200, description="How many items a page holds at most.")] = 50,
    cursor: Annotated[
        str | None, Query(max_length=500, description="The `next` of the page before; leave out for the first page.")
    ] = None,
) -> Paging:
    return Paging(limit=limit, cursor=cursor, request=request, response=response)


Paged = Annotated[Paging, Depends(_paging)]
"""A list route's paging: `limit` and `cursor` of the query."""
