"""Changes to follow-ups."""

from uuid import UUID

from services.scheduling import store
from services.scheduling.commands.follow_ups import (
    CorrectFollowUp,
    HoldFollowUp,
    RecordFollowUp,
    RescheduleFollowUp,
    ScheduleFollowUp,
)
from services.scheduling.domain import follow_ups
from services.scheduling.domain.follow_ups import FollowUp
from shared import ids, outbox
from shared.database import Transaction
from shared.sight import Sight


async def schedule_follow_up(command: ScheduleFollowUp, case_id: UUID, *, tx: Transaction, yours: Sight) -> FollowUp:
    """Book a follow-up for a case."""
    case = await store.lock_case(tx, case_id, yours)
    follow_up, scheduled = follow_ups.schedule(command, case=case, follow_up_id=ids.new_id(), now=tx.now)
    await store.save_follow_up(tx, follow_up)
    await outbox.append(tx, scheduled)
    return follow_up


async def record_follow_up(command: RecordFollowUp, case_id: UUID, *, tx: Transaction, yours: Sight) -> FollowUp:
    """Record a follow-up that took place without having been booked."""
    case = await store.lock_case(tx, case_id, yours)
    follow_up, held = follow_ups.record(command, case=case, follow_up_id=ids.new_id(), now=tx.now)
    await store.save_follow_up(tx, follow_up)
    await outbox.append(tx, held)
    return follow_up


async def reschedule_follow_up(
    command: RescheduleFollowUp, follow_up_id: UUID, *, tx: Transaction, version: int, yours: Sight
) -> FollowUp:
    """Give a booked follow-up another time."""
    case, follow_up = await store.lock_follow_up(tx, follow_up_id, yours, version=version)
    follow_up, rescheduled = follow_ups.reschedule(follow_up, command, case=case, now=tx.now)
    await store.save_follow_up(tx, follow_up)
    await outbox.append(tx, rescheduled)
    return follow_up


async def cancel_follow_up(follow_up_id: UUID, *, tx: Transaction, version: int, yours: Sight) -> FollowUp:
    """Say that a booked follow-up will not be held."""
    case, follow_up = await store.lock_follow_up(tx, follow_up_id, yours, version=version)
    follow_up, cancelled = follow_ups.cancel(follow_up, case=case)
    await store.save_follow_up(tx, follow_up)
    await outbox.append(tx, cancelled)
    return follow_up


async def hold_follow_up(
    command: HoldFollowUp, follow_up_id: UUID, *, tx: Transaction, version: int, yours: Sight
) -> FollowUp:
    """Record that a booked follow-up took place."""
    case, follow_up = await store.lock_follow_up(tx, follow_up_id, yours, version=version)
    follow_up, held = follow_ups.hold(follow_up, command, case=case, now=tx.now)
    await store.save_follow_up(tx, follow_up)
    await outbox.append(tx, held)
    return follow_up


async def correct_follow_up(
    command: CorrectFollowUp, follow_up_id: UUID, *, tx: Transaction, version: int, yours: Sight
) -> FollowUp:
    """Replace the record of a follow-up."""
    case, follow_up = await store.lock_follow_up(tx, follow_up_id, yours, version=version)
    follow_up, corrected = follow_ups.correct(follow_up, command, case=case, now=tx.now)
    await store.save_follow_up(tx, follow_up)
    await outbox.append(tx, corrected)
    return follow_up


async def retract_follow_up(follow_up_id: UUID, *, tx: Transaction, version: int, yours: Sight) -> FollowUp:
    """Say that a follow-up recorded as held was not held."""
    case, follow_up = await store.lock_follow_up(tx, follow_up_id, yours, version=version)
    follow_up, retracted = follow_ups.retract(follow_up, case=case)
    await store.save_follow_up(tx, follow_up)
    await outbox.append(tx, retracted)
    return follow_up
