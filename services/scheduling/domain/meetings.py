"""
Heijastin meetings before and after they are held. How one is held, with its close, stands in `closes`.

A practice meeting lives the same life, but nothing of it is ever published: its changes give no facts.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, TypeVar
from uuid import UUID

from services.scheduling.commands.fields import PlannedTimes
from services.scheduling.commands.meetings import (
    ConfirmMeeting,
    DeferMeeting,
    NotAgreedReason,
    OverrideReason,
    RescheduleMeeting,
)
from services.scheduling.domain.calendar import last_day, local_date
from services.scheduling.domain.cases import Case, require_open
from services.scheduling.events import (
    CancelledReason,
    MeetingCancelled,
    MeetingDeferred,
    MeetingFact,
    MeetingRescheduled,
    MeetingRetracted,
    MeetingScheduled,
    PreparationCompleted,
)
from shared.errors import Conflict, Invalid

_Fact = TypeVar("_Fact", bound=MeetingFact)

Facts = tuple[MeetingFact, ...]


class MeetingAlreadyHeld(Conflict):
    """The meeting is recorded as held; correct or retract that record instead."""


class MeetingNotHeld(Conflict):
    """The meeting has not been recorded as held, so there is no record to correct or retract."""


class MeetingWasCancelled(Conflict):
    """The meeting is cancelled; schedule a new one."""


class MeetingWasRetracted(Conflict):
    """The record of this meeting was retracted; correct it if it was held after all, or schedule a new meeting."""


class ReviewNotAhead(Invalid):
    """A deferred meeting is looked at again on a later day; choose one after today."""


class MeetingIsDeferred(Conflict):
    """The meeting is put off and has no time to confirm; reschedule it first."""


class MeetingAlreadyConfirmed(Conflict):
    """The meeting is confirmed for this time already."""


class PreviousMemoNotReviewed(Conflict):
    """The family has not gone through the memo of the Heijastin before; do that, or give an `override_reason`."""


class NothingToOverride(Conflict):
    """Nothing keeps this meeting from being confirmed; leave `override_reason` out."""


_REFUSALS = {"held": MeetingAlreadyHeld, "cancelled": MeetingWasCancelled, "retracted": MeetingWasRetracted}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """
    A Heijastin of a case, or a practice meeting. Periods are half-open, UTC.

    What its close settled is kept through a retraction, so that a correction need not say it again. `held_in_unit_id`
    is the unit that had the case when the meeting was first recorded as held, and stays when the case moves.
    `overridden_by` is the account of whoever confirmed it with an `override_reason`.
    """

    meeting_id: UUID
    case_id: UUID
    version: int
    status: Literal["scheduled", "cancelled", "deferred", "held", "retracted"]
    is_practice: bool
    planned_from: datetime
    planned_until: datetime
    held_from: datetime | None = None
    held_until: datetime | None = None
    held_in_unit_id: UUID | None = None
    next_agreed: Literal["follow_up", "meeting", "none"] | None = None
    not_agreed_reason: NotAgreedReason | None = None
    booking_owner_id: UUID | None = None
    book_by_on: date | None = None
    review_on: date | None = None
    confirmed: bool = False
    override_reason: OverrideReason | None = None
    overridden_by: str | None = None
    cancelled_reason: CancelledReason | None = None
    imported: bool = False


def schedule(times: PlannedTimes, *, is_practice: bool = False, case: Case, meeting_id: UUID) -> tuple[Meeting, Facts]:
    """
    Give a case a meeting; a time in the past is for entering late what nobody had scheduled.

    Raises:
        CaseIsClosed: nothing is scheduled for a closed case.
    """
    require_open(case)
    meeting = Meeting(
        meeting_id=meeting_id,
        case_id=case.case_id,
        version=1,
        status="scheduled",
        is_practice=is_practice,
        planned_from=times.planned_from,
        planned_until=times.planned_until,
    )
    return meeting, tell(MeetingScheduled, meeting, case)


def reschedule(meeting: Meeting, command: RescheduleMeeting, *, case: Case) -> tuple[Meeting, Facts]:
    """
    Give the meeting another time, which is to be confirmed anew; a deferred one is taken up again.

    Raises:
        MeetingAlreadyHeld, MeetingWasCancelled, MeetingWasRetracted: it is not waiting to be held.
    """
    require_waiting(meeting)
    meeting = replace(
        _unconfirmed(meeting),
        version=meeting.version + 1,
        status="scheduled",
        planned_from=command.planned_from,
        planned_until=command.planned_until,
        review_on=None,
    )
    return meeting, tell(MeetingRescheduled, meeting, case)


def cancel(meeting: Meeting, *, case: Case, reason: CancelledReason | None = None) -> tuple[Meeting, Facts]:
    """
    Say that the meeting will not be held; with a *reason* where that follows from something else.

    Raises:
        MeetingAlreadyHeld, MeetingWasCancelled, MeetingWasRetracted: it is not waiting to be held.
    """
    require_waiting(meeting)
    meeting = replace(meeting, version=meeting.version + 1, status="cancelled", review_on=None, cancelled_reason=reason)
    return meeting, tell(MeetingCancelled, meeting, case)


def defer(meeting: Meeting, command: DeferMeeting, *, case: Case, now: datetime) -> tuple[Meeting, Facts]:
    """
    Put the meeting off until it is looked at again; nobody is told why.

    Raises:
        MeetingAlreadyHeld, MeetingWasCancelled, MeetingWasRetracted: it is not waiting to be held.
        ReviewNotAhead: the day is today or has passed.
    """
    require_waiting(meeting)
    if command.review_on <= local_date(now):
        raise ReviewNotAhead
    meeting = replace(
        _unconfirmed(meeting), version=meeting.version + 1, status="deferred", review_on=command.review_on
    )
    return meeting, tell(MeetingDeferred, meeting, case)


def confirm(
    meeting: Meeting, command: ConfirmMeeting, *, case: Case, is_memo_owed: bool, by: str
) -> tuple[Meeting, Facts]:
    """
    Say that the meeting is prepared and takes place as planned.

    *is_memo_owed*: the family has not gone through the memo of its previous Heijastin; *by* is the account of who asks.
    Practice has no family to owe anything to.

    Raises:
        MeetingAlreadyHeld, MeetingWasCancelled, MeetingWasRetracted, MeetingIsDeferred: it has no time to come.
        MeetingAlreadyConfirmed: nothing would change.
        PreviousMemoNotReviewed: a memo is owed, and no reason is given to go on all the same.
        NothingToOverride: a reason is given, and nothing is owed.
    """
    require_waiting(meeting)
    if meeting.status == "deferred":
        raise MeetingIsDeferred
    if meeting.confirmed:
        raise MeetingAlreadyConfirmed
    is_overridden = command.override_reason is not None
    if is_memo_owed and not meeting.is_practice:
        if not is_overridden:
            raise PreviousMemoNotReviewed
    elif is_overridden:
        raise NothingToOverride
    meeting = replace(
        meeting,
        version=meeting.version + 1,
        confirmed=True,
        override_reason=command.override_reason,
        overridden_by=by if is_overridden else None,
    )
    return meeting, tell(PreparationCompleted, meeting, case)


def _unconfirmed(meeting: Meeting) -> Meeting:
    return replace(meeting, confirmed=False, override_reason=None, overridden_by=None)


def retract(meeting: Meeting, *, case: Case) -> tuple[Meeting, Facts]:
    """
    Say that a meeting recorded as held was not held.

    Raises:
        MeetingNotHeld: there is no record that it was.
    """
    if meeting.status != "held":
        raise MeetingNotHeld
    meeting = replace(meeting, version=meeting.version + 1, status="retracted", held_from=None, held_until=None)
    return meeting, tell(MeetingRetracted, meeting, case)


def require_waiting(meeting: Meeting) -> None:
    """
    Accept a meeting that is scheduled or deferred.

    Raises:
        MeetingAlreadyHeld, MeetingWasCancelled, MeetingWasRetracted: it is something else, and stays so.
    """
    if refusal := _REFUSALS.get(meeting.status):
        raise refusal


def tell(kind: type[_Fact], meeting: Meeting, case: Case) -> tuple[_Fact, ...]:
    """Return the fact of this *kind* that states the meeting as it now is; none if it is practice."""
    if meeting.is_practice:
        return ()
    is_held = meeting.status == "held"
    return (
        kind(
            case_id=case.case_id,
            case_code=case.code,
            unit_id=case.unit_id,
            team_id=case.team_id,
            responsible_worker_ids=case.responsible_worker_ids,
            meeting_id=meeting.meeting_id,
            version=meeting.version,
            status=meeting.status,
            planned_from=meeting.planned_from,
            planned_until=meeting.planned_until,
            held=is_held,
            held_from=meeting.held_from,
            held_until=meeting.held_until,
            held_on=last_day(meeting.held_until) if meeting.held_until else None,
            held_in_unit_id=meeting.held_in_unit_id if is_held else None,
            next_agreed=meeting.next_agreed if is_held else None,
            not_agreed_reason=meeting.not_agreed_reason if is_held else None,
            booking_owner_id=meeting.booking_owner_id if is_held else None,
            book_by_on=meeting.book_by_on if is_held else None,
            review_on=meeting.review_on,
            confirmed=meeting.confirmed,
            override_reason=meeting.override_reason,
            cancelled_reason=meeting.cancelled_reason,
            imported=meeting.imported,
        ),
    )
