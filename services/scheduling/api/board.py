"""The board."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from services.scheduling import store
from services.scheduling.api.answers import Yours, page_by
from services.scheduling.consumed import MONTH_PROMISE, PROMISES_TOPIC
from services.scheduling.domain.board import Item
from shared import gate
from shared.http import Page, Paged, Reading, Who, router

routes = router("/v1")

_PLACE: Final = TypeAdapter(tuple[date, UUID])


class Board(Page[Item]):
    """A page of the board; everything that quality said before `as_of` is on it (null: not known yet)."""

    as_of: datetime | None


@routes.get("/board")
async def show_board(
    who: Who,
    yours: Yours,
    reading: Reading,
    paging: Paged,
    team_id: UUID | None = None,
    worker_id: UUID | None = None,
    policy: str = MONTH_PROMISE,
) -> Board:
    """Return the families to whom something is promised, by due date: of a team, of a worker, or else of the caller."""
    if team_id is None and worker_id is None:
        worker_id = await store.load_worker_id(reading, who.subject)
    found = await store.list_items(
        reading,
        yours,
        policy=policy,
        team_id=team_id,
        worker_id=worker_id,
        after=paging.after(_PLACE),
        limit=paging.fetch,
    )
    page = page_by(paging, found, lambda item: item.due_on, lambda item: item.promise_id)
    return Board(items=page.items, next=page.next, as_of=await gate.complete_until(reading, [PROMISES_TOPIC]))
