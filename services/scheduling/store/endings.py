"""What may lie ahead of a case when it is closed, and what was cancelled with it."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import TypeAdapter

from services.scheduling.domain.endings import Booking, Ending
from services.scheduling.domain.follow_ups import FollowUp
from services.scheduling.domain.meetings import Meeting
from services.scheduling.store.cases import save_case
from services.scheduling.store.rows import Source, upsert_all
from shared.database import Transaction

_MEETINGS = TypeAdapter(Sequence[Meeting])
_FOLLOW_UPS = TypeAdapter(Sequence[FollowUp])
_SAVE_CANCELLED = f"""
    WITH saved_meetings AS ({upsert_all("meetings", Meeting, key="meeting_id", rows="$1")})
    {upsert_all("follow_ups", FollowUp, key="follow_up_id", rows="$2")}
"""


async def list_waiting(source: Source, case_id: UUID) -> list[Booking]:
    """Return what of a case is neither held nor cancelled; the caller has locked the case."""
    meetings = await source.fetch(
        "SELECT * FROM meetings WHERE case_id = $1 AND status IN ('scheduled', 'deferred')", case_id
    )
    follow_ups = await source.fetch("SELECT * FROM follow_ups WHERE case_id = $1 AND status = 'booked'", case_id)
    return [*(Meeting(**row) for row in meetings), *(FollowUp(**row) for row in follow_ups)]


async def save_ending(tx: Transaction, ending: Ending) -> None:
    """Save a closed case, which is locked, and what was cancelled with it."""
    await save_case(tx, ending.case)
    if ending.meetings or ending.follow_ups:
        await tx.execute(
            _SAVE_CANCELLED,
            _MEETINGS.dump_json(ending.meetings).decode(),
            _FOLLOW_UPS.dump_json(ending.follow_ups).decode(),
        )
