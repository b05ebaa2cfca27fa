"""The board."""

from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query
from pydantic import TypeAdapter

from services.scheduling import store
from services.scheduling.api.answers import Yours, on_record, page_by
from services.scheduling.consumed import MONTH_PROMISE, PROMISES_TOPIC
from services.scheduling.domain.board import Item
from shared import gate
from shared.errors import Invalid
from shared.http import Page, Paged, Reading, router

routes = router("/v1")

_PLACE: Final = TypeAdapter(tuple[date, UUID])


class NobodysBoard(Invalid):
    """Your account is no worker's; say whose board you want: `worker_id` or `team_id`."""


class Board(Page[Item]):
    """A page of the board; everything that quality said before `as_of` is on it (null: not known yet)."""

    as_of: datetime | None


@routes.get("/board")
async def show_board(
    yours: Yours,
    reading: Reading,
    paging: Paged,
    team_id: UUID | None = None,
    worker_id: UUID | None = None,
    policy: Annotated[str, Query(pattern="^[a-z][a-z_]{0,49}$")] = MONTH_PROMISE,
) -> Board:
    """Return the families to whom something is promised, by due date: of a team, of a worker, or else of the caller."""
    if team_id is None and worker_id is None:
        worker_id = yours.relations.known_as
        if worker_id is None:
            raise NobodysBoard
    found = await store.list_items(
        reading,
        yours,
        policy=policy,
        team_id=team_id,
        worker_id=worker_id,
        after=paging.after(_PLACE),
        limit=paging.fetch,
    )
    page = on_record(yours, page_by(paging, found, lambda item: item.due_on, lambda item: item.promise_id))
    return Board(items=page.items, next=page.next, as_of=await gate.complete_until(reading, [PROMISES_TOPIC]))
