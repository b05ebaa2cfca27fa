"""Changes to Heijastin meetings."""

from uuid import UUID

from services.scheduling import store
from services.scheduling.commands.meetings import (
    ConfirmMeeting,
    CorrectMeeting,
    DeferMeeting,
    HoldMeeting,
    NothingAgreed,
    RescheduleMeeting,
    ScheduleMeeting,
)
from services.scheduling.domain import closes, meetings
from services.scheduling.domain.cases import Case
from services.scheduling.domain.closes import Circumstances, Outcome
from services.scheduling.domain.meetings import Meeting
from shared import ids, outbox
from shared.database import Transaction
from shared.sight import Sight


async def schedule_meeting(command: ScheduleMeeting, case_id: UUID, *, tx: Transaction, yours: Sight) -> Meeting:
    """Give a case a meeting."""
    case = await store.lock_case(tx, case_id, yours)
    meeting, facts = meetings.schedule(command, is_practice=command.is_practice, case=case, meeting_id=ids.new_id())
    await store.save_meeting(tx, meeting)
    await outbox.append(tx, *facts)
    return meeting


async def reschedule_meeting(
    command: RescheduleMeeting, meeting_id: UUID, *, tx: Transaction, version: int, yours: Sight
) -> Meeting:
    """Give a meeting another time."""
    case, meeting = await store.lock_meeting(tx, meeting_id, yours, version=version)
    meeting, facts = meetings.reschedule(meeting, command, case=case)
    await store.save_meeting(tx, meeting)
    await outbox.append(tx, *facts)
    return meeting


async def cancel_meeting(meeting_id: UUID, *, tx: Transaction, version: int, yours: Sight) -> Meeting:
    """Say that a meeting will not be held."""
    case, meeting = await store.lock_meeting(tx, meeting_id, yours, version=version)
    meeting, facts = meetings.cancel(meeting, case=case)
    await store.save_meeting(tx, meeting)
    await outbox.append(tx, *facts)
    return meeting


async def defer_meeting(
    command: DeferMeeting, meeting_id: UUID, *, tx: Transaction, version: int, yours: Sight
) -> Meeting:
    """Put a meeting off until it is looked at again."""
    case, meeting = await store.lock_meeting(tx, meeting_id, yours, version=version)
    meeting, facts = meetings.defer(meeting, command, case=case, now=tx.now)
    await store.save_meeting(tx, meeting)
    await outbox.append(tx, *facts)
    return meeting


async def confirm_meeting(
    command: ConfirmMeeting, meeting_id: UUID, *, tx: Transaction, version: int, yours: Sight, by: str
) -> Meeting:
    """Say that a meeting is prepared; *by* is the account of who says so."""
    case, meeting = await store.lock_meeting(tx, meeting_id, yours, version=version)
    is_memo_owed = await store.is_memo_owed_before(tx, meeting)
    meeting, facts = meetings.confirm(meeting, command, case=case, is_memo_owed=is_memo_owed, by=by)
    await store.save_meeting(tx, meeting)
    await outbox.append(tx, *facts)
    return meeting


async def hold_meeting(
    command: HoldMeeting, meeting_id: UUID, *, tx: Transaction, version: int, yours: Sight
) -> Meeting:
    """Record a held meeting, and book what its close agreed."""
    case, meeting = await store.lock_meeting(tx, meeting_id, yours, version=version)
    outcome = closes.hold(meeting, command, await _circumstances(tx, case, meeting, command))
    await _save(tx, outcome)
    return outcome.meeting


async def correct_meeting(
    command: CorrectMeeting, meeting_id: UUID, *, tx: Transaction, version: int, yours: Sight
) -> Meeting:
    """Replace the record of a meeting, and book what its close agreed if that is said anew."""
    case, meeting = await store.lock_meeting(tx, meeting_id, yours, version=version)
    outcome = closes.correct(meeting, command, await _circumstances(tx, case, meeting, command))
    await _save(tx, outcome)
    return outcome.meeting


async def retract_meeting(meeting_id: UUID, *, tx: Transaction, version: int, yours: Sight) -> Meeting:
    """Say that a meeting recorded as held was not held."""
    case, meeting = await store.lock_meeting(tx, meeting_id, yours, version=version)
    meeting, facts = meetings.retract(meeting, case=case)
    await store.save_meeting(tx, meeting)
    await outbox.append(tx, *facts)
    return meeting


async def _circumstances(
    tx: Transaction, case: Case, meeting: Meeting, command: HoldMeeting | CorrectMeeting
) -> Circumstances:
    close = command.close
    named = [close.booking_owner_id] if isinstance(close, NothingAgreed) else []
    return Circumstances(
        case=case,
        now=tx.now,
        next_booked=await store.find_next_booked(
            tx, case.case_id, besides=meeting.meeting_id, after=command.held_until
        ),
        booking_owners=await store.load_named_workers(tx, named),
        new_id=ids.new_id(),
    )


async def _save(tx: Transaction, outcome: Outcome) -> None:
    await store.save_meeting(tx, outcome.meeting)
    await store.save_booked(tx, outcome.booked)
    await outbox.append(tx, *outcome.facts)
