"""
Holding a Heijastin: nobody goes home before the next time is agreed, or it is said why not, who books it and by when.

The correction of a held meeting stands here too, since it may change what the close settled, or make a Heijastin of a
practice meeting, which then needs a close.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.scheduling.commands.meetings import (
    AlreadyBooked,
    BookFollowUp,
    Close,
    CorrectMeeting,
    HoldMeeting,
    NothingAgreed,
    PlanNextMeeting,
)
from services.scheduling.domain import follow_ups, meetings
from services.scheduling.domain.calendar import last_day, require_ended
from services.scheduling.domain.cases import Case
from services.scheduling.domain.follow_ups import FollowUp
from services.scheduling.domain.meetings import Meeting, MeetingNotHeld, require_waiting, tell
from services.scheduling.domain.people import Worker, require_active
from services.scheduling.events import FollowUpFact, MeetingCorrected, MeetingFact, MeetingHeld, MeetingRetracted
from shared.errors import Invalid


class CloseMissing(Invalid):
    """Say in `close` what was agreed: a follow-up, the next meeting, or why nothing was, who books and by when."""


class PracticeHasNoClose(Invalid):
    """A practice meeting has no family to agree a next time with; leave `close` out."""


class NothingBooked(Invalid):
    """Nothing is booked for this case after this meeting; book it here, or say why not."""


class NextBeforeThisOne(Invalid):
    """The next time must come after this meeting; check the days."""


class BookByTooEarly(Invalid):
    """The next time cannot be booked before this meeting; choose a day on or after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """
    What a close needs to know beside the meeting.

    `next_booked` is what is booked or held for the case after this meeting, `booking_owners` the workers whom the close
    names for that, `new_id` an unused id for what it books.
    """

    case: Case
    now: datetime
    next_booked: Literal["follow_up", "meeting"] | None
    booking_owners: Sequence[Worker]
    new_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is to be saved: the meeting and what its close booked; and the facts to tell, in their order."""

    meeting: Meeting
    booked: FollowUp | Meeting | None = None
    facts: tuple[MeetingFact | FollowUpFact, ...]


def hold(meeting: Meeting, command: HoldMeeting, given: Circumstances) -> Outcome:
    """
    Record that the meeting took place, with what its close settled; also when the case has been closed meanwhile.

    Raises:
        MeetingAlreadyHeld, MeetingWasCancelled, MeetingWasRetracted: it is not waiting to be held.
        NotYetHappened: it has not ended.
        CloseMissing, PracticeHasNoClose, NothingBooked, NextBeforeThisOne, BookByTooEarly, WorkerHasLeft,
        BookedInThePast, CaseIsClosed: its close does not hold.
    """
    require_waiting(meeting)
    held = _held(meeting, command, given)
    if held.is_practice:
        return _practised(held, command.close)
    return _settled(MeetingHeld, held, command, given)


def correct(meeting: Meeting, command: CorrectMeeting, given: Circumstances) -> Outcome:
    """
    Replace the record of the meeting; one that was retracted is held again.

    A Heijastin that becomes practice is retracted for the others; practice that becomes a Heijastin is held, late.

    Raises:
        MeetingNotHeld: there is no record.
        NotYetHappened: it has not ended.
        CloseMissing and the others: as for `hold`; only practice that becomes a Heijastin must say what was agreed, and
            of an imported one nobody knows.
    """
    if meeting.status not in {"held", "retracted"}:
        raise MeetingNotHeld
    corrected = replace(_held(meeting, command, given), is_practice=command.is_practice)
    if corrected.is_practice:
        outcome = _practised(corrected, command.close)
        if meeting.is_practice or meeting.status == "retracted":
            return outcome
        retracted = replace(meeting, version=corrected.version, status="retracted", held_from=None, held_until=None)
        return replace(outcome, facts=tell(MeetingRetracted, retracted, given.case))
    kind = MeetingHeld if meeting.is_practice else MeetingCorrected
    return _settled(kind, corrected, command, given)


def _held(meeting: Meeting, command: HoldMeeting | CorrectMeeting, given: Circumstances) -> Meeting:
    require_ended(command.held_until, now=given.now)
    return replace(
        meeting,
        version=meeting.version + 1,
        status="held",
        held_from=command.held_from,
        held_until=command.held_until,
        held_in_unit_id=meeting.held_in_unit_id or given.case.unit_id,
        review_on=None,
    )


def _practised(meeting: Meeting, close: Close | None) -> Outcome:
    if close is not None:
        raise PracticeHasNoClose
    return Outcome(meeting=meeting, facts=())


def _settled(
    kind: type[MeetingHeld] | type[MeetingCorrected],
    held: Meeting,
    command: HoldMeeting | CorrectMeeting,
    given: Circumstances,
) -> Outcome:
    booked: FollowUp | Meeting | None = None
    facts: tuple[MeetingFact | FollowUpFact, ...] = ()
    close = command.close
    if close is None:
        if held.next_agreed is None and not held.imported:
            raise CloseMissing
    elif isinstance(close, BookFollowUp):
        _require_after(command.held_until, close.booked_from)
        booked, scheduled = follow_ups.schedule(
            close, case=given.case, follow_up_id=given.new_id, meeting_id=held.meeting_id, now=given.now
        )
        facts = (scheduled,)
        held = _agreed(held, "follow_up")
    elif isinstance(close, PlanNextMeeting):
        _require_after(command.held_until, close.planned_from)
        booked, facts = meetings.schedule(close, case=given.case, meeting_id=given.new_id)
        held = _agreed(held, "meeting")
    elif isinstance(close, AlreadyBooked):
        if given.next_booked is None:
            raise NothingBooked
        held = _agreed(held, given.next_booked)
    else:
        require_active(given.booking_owners)
        if close.book_by_on < last_day(command.held_until):
            raise BookByTooEarly
        held = _not_agreed(held, close)
    return Outcome(meeting=held, booked=booked, facts=(*tell(kind, held, given.case), *facts))


def _require_after(held_until: datetime, next_from: datetime) -> None:
    if next_from < held_until:
        raise NextBeforeThisOne


def _agreed(held: Meeting, what: Literal["follow_up", "meeting"]) -> Meeting:
    return replace(held, next_agreed=what, not_agreed_reason=None, booking_owner_id=None, book_by_on=None)


def _not_agreed(held: Meeting, close: NothingAgreed) -> Meeting:
    return replace(
        held,
        next_agreed="none",
        not_agreed_reason=close.reason,
        booking_owner_id=close.booking_owner_id,
        book_by_on=close.book_by_on,
    )
