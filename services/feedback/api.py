"""What people and programs can ask of feedback, and who may: windows that were told of, never one that is open."""

from datetime import date
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends
from pydantic import TypeAdapter

from services.feedback import store
from services.feedback.store import ToldWindow
from shared.http import OnRecord, Page, Paged, Reading, Rules, Who, allow, create_app, router

routes = router("/v1")

_CARE = ("coordinator", "consulting_social_worker", "responsible_social_worker", "family_therapist", "team_lead")
_reads = allow(*_CARE, "quality_manager")

RULES: Final[Rules] = {
    "GET /v1/windows": _reads,
    "GET /v1/windows/{window_id}": _reads,
    # What families wrote may name somebody, so each reading of it is on record. Figures are not: they are published.
    "GET /v1/windows/{window_id}/open-answers": allow("team_lead", "quality_manager"),
}
"""One line per route: who may. A route that is missing here keeps the service from starting."""

_PLACE: Final = TypeAdapter(tuple[date, UUID])


async def _yours(who: Who) -> frozenset[UUID]:
    return who.belongs.get("unit", frozenset())


Yours = Annotated[frozenset[UUID], Depends(_yours)]
"""The units that the caller belongs to; what is in no unit of theirs is not there for them."""


@routes.get("/windows")
async def list_windows(yours: Yours, reading: Reading, paging: Paged, unit_id: UUID | None = None) -> Page[ToldWindow]:
    """Return windows with their figures, and those held back as such, by the day they last reached."""
    units = yours if unit_id is None else yours & {unit_id}
    found = await store.list_told(reading, units, after=paging.after(_PLACE), limit=paging.fetch)
    return paging.page(found, key=lambda window: (window.until_on, window.window_id), show=lambda window: window)


@routes.get("/windows/{window_id}")
async def show_window(window_id: UUID, yours: Yours, reading: Reading) -> ToldWindow:
    """Return a window with its figures, or as held back."""
    return await store.load_told(reading, window_id, yours)


@routes.get("/windows/{window_id}/open-answers")
async def list_open_answers(window_id: UUID, yours: Yours, reading: Reading, notes: OnRecord) -> list[str]:
    """Return what families wrote in a window that has closed, in no order. It is on record who read it."""
    return await store.load_open_answers(reading, window_id, yours, notes)


app = partial(create_app, title="Heijastin feedback", routers=(routes,), rules=RULES)
"""The application; without trust and database it can only be described."""
