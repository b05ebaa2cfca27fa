"""Follow-ups, and what stands in a case's calendar beside them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from services.scheduling.domain.cases import Case
from services.scheduling.domain.follow_ups import FollowUp
from services.scheduling.domain.meetings import Meeting
from services.scheduling.store.cases import find_and_lock_case, find_case
from services.scheduling.store.meetings import save_meeting
from services.scheduling.store.rows import Source, require_version, save, upsert
from shared.database import Transaction
from shared.errors import NotFound
from shared.sight import Sight


class UnknownFollowUp(NotFound):
    """There is no such follow-up, or it is not yours to see."""


_SAVE_FOLLOW_UP = upsert("follow_ups", FollowUp, key="follow_up_id")
_FIND_FOLLOW_UP = "SELECT * FROM follow_ups WHERE follow_up_id = $1"
# What was held counts as well: a close may be recorded after the next time has been.
_FIND_NEXT_BOOKED = """
    SELECT kind FROM (
        SELECT 'follow_up' AS kind, coalesce(held_from, booked_from) AS begins FROM follow_ups
        WHERE case_id = $1 AND status IN ('booked', 'held')
        UNION ALL
        SELECT 'meeting', coalesce(held_from, planned_from) FROM meetings
        WHERE case_id = $1 AND status IN ('scheduled', 'held') AND NOT is_practice AND meeting_id <> $2
    ) AS calendar
    WHERE begins >= $3
    ORDER BY begins LIMIT 1
"""


async def lock_follow_up(tx: Transaction, follow_up_id: UUID, yours: Sight, *, version: int) -> tuple[Case, FollowUp]:
    """
    Return a follow-up of the *version* that the caller read, and its case, whose row is the lock.

    Raises:
        UnknownFollowUp: there is none that the caller may see.
        Stale: it is another version by now.
    """
    found = await _find_follow_up(tx, follow_up_id)
    case = await find_and_lock_case(tx, found.case_id, yours)
    if case is None:
        raise UnknownFollowUp
    # Read after the lock is ours: whoever had it before may have changed the follow-up.
    follow_up = await _find_follow_up(tx, follow_up_id)
    require_version(follow_up, version)
    return case, follow_up


async def load_follow_up(source: Source, follow_up_id: UUID, yours: Sight) -> FollowUp:
    """
    Return a follow-up.

    Raises:
        UnknownFollowUp: there is none that the caller may see.
    """
    follow_up = await _find_follow_up(source, follow_up_id)
    if await find_case(source, follow_up.case_id, yours) is None:
        raise UnknownFollowUp
    return follow_up


async def _find_follow_up(source: Source, follow_up_id: UUID) -> FollowUp:
    row = await source.fetchrow(_FIND_FOLLOW_UP, follow_up_id)
    if row is None:
        raise UnknownFollowUp
    return FollowUp(**row)


async def list_follow_ups(source: Source, case_id: UUID, *, after: UUID | None, limit: int) -> list[FollowUp]:
    """Return the follow-ups of a case by id, from the one after *after*; the caller has loaded the case."""
    rows = await source.fetch(
        "SELECT * FROM follow_ups WHERE case_id = $1 AND ($2::uuid IS NULL OR follow_up_id > $2) "
        "ORDER BY follow_up_id LIMIT $3",
        case_id,
        after,
        limit,
    )
    return [FollowUp(**row) for row in rows]


async def find_next_booked(
    source: Source, case_id: UUID, *, besides: UUID, after: datetime
) -> Literal["follow_up", "meeting"] | None:
    """Return what begins first for the case at *after* or later, *besides* the meeting itself; None if nothing does."""
    kind: Literal["follow_up", "meeting"] | None = await source.fetchval(_FIND_NEXT_BOOKED, case_id, besides, after)
    return kind


async def save_follow_up(tx: Transaction, follow_up: FollowUp) -> None:
    """Save a follow-up whose case is locked."""
    await save(tx, _SAVE_FOLLOW_UP, follow_up)


async def save_booked(tx: Transaction, booked: FollowUp | Meeting | None) -> None:
    """Save what a close booked, if anything; its case is locked."""
    if isinstance(booked, FollowUp):
        await save_follow_up(tx, booked)
    elif booked is not None:
        await save_meeting(tx, booked)
