"""Heijastin meetings and practice meetings."""

from datetime import datetime
from uuid import UUID

from services.scheduling.domain.cases import Case
from services.scheduling.domain.meetings import Meeting
from services.scheduling.store.cases import find_and_lock_case, find_case
from services.scheduling.store.rows import Source, require_version, save, upsert
from shared.database import Transaction
from shared.errors import NotFound
from shared.sight import Sight


class UnknownMeeting(NotFound):
    """There is no such meeting, or it is not yours to see."""


_SAVE_MEETING = upsert("meetings", Meeting, key="meeting_id")
_FIND_MEETING = "SELECT * FROM meetings WHERE meeting_id = $1"
_LIST_MEETINGS = """
    SELECT * FROM meetings
    WHERE case_id = $1 AND ($2::timestamptz IS NULL OR (planned_from, meeting_id) > ($2, $3))
    ORDER BY planned_from, meeting_id LIMIT $4
"""


async def lock_meeting(
    tx: Transaction, meeting_id: UUID, yours: Sight, *, version: int | None = None
) -> tuple[Case, Meeting]:
    """
    Return a meeting and its case, whose row is the lock; *version* is the one that the caller read.

    Raises:
        UnknownMeeting: there is none that the caller may see.
        Stale: it is another version by now.
    """
    found = await _find_meeting(tx, meeting_id)
    case = await find_and_lock_case(tx, found.case_id, yours)
    if case is None:
        raise UnknownMeeting
    # Read after the lock is ours: whoever had it before may have changed the meeting.
    meeting = await _find_meeting(tx, meeting_id)
    if version is not None:
        require_version(meeting, version)
    return case, meeting


async def load_meeting(source: Source, meeting_id: UUID, yours: Sight) -> Meeting:
    """
    Return a meeting.

    Raises:
        UnknownMeeting: there is none that the caller may see.
    """
    meeting = await _find_meeting(source, meeting_id)
    if await find_case(source, meeting.case_id, yours) is None:
        raise UnknownMeeting
    return meeting


async def _find_meeting(source: Source, meeting_id: UUID) -> Meeting:
    row = await source.fetchrow(_FIND_MEETING, meeting_id)
    if row is None:
        raise UnknownMeeting
    return Meeting(**row)


async def list_meetings(
    source: Source, case_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Meeting]:
    """Return the meetings of a case by planned time, from the one after *after*; the caller has loaded the case."""
    planned_from, meeting_id = after or (None, None)
    rows = await source.fetch(
        _LIST_MEETINGS,
        case_id,
        planned_from,
        meeting_id,
        limit,
    )
    return [Meeting(**row) for row in rows]


async def save_meeting(tx: Transaction, meeting: Meeting) -> None:
    """Save a meeting whose case is locked."""
    await save(tx, _SAVE_MEETING, meeting)
