"""
The end of a case: what lies ahead of it is cancelled or kept, and never forgotten.

Practice is left alone: it invites no family, and nobody outside hears of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from services.scheduling.commands.cases import CloseCase
from services.scheduling.domain import cases, follow_ups, meetings
from services.scheduling.domain.calendar import end_of, local_date
from services.scheduling.domain.cases import Case
from services.scheduling.domain.follow_ups import FollowUp
from services.scheduling.domain.meetings import Meeting
from services.scheduling.events import CaseFact, FollowUpFact, MeetingFact
from shared.errors import Conflict

Booking = Meeting | FollowUp


class BookingsAhead(Conflict):
    """Something lies ahead of this case; say in `bookings_ahead` whether to `cancel` it or to `keep` it."""

    def __init__(self, ahead: "Sequence[Ahead]") -> None:
        super().__init__(
            f"{named(ahead)}; `cancel` that in `bookings_ahead`, or `keep` it where the family is met all the same. "
            "What took place already is to be recorded as held first."
        )


@dataclass(frozen=True, slots=True)
class Ahead:
    """Something that lies ahead of a closing: `at` it begins or, deferred, the day begins on which it is reviewed."""

    booking: Booking
    at: datetime

    @property
    def id(self) -> UUID:
        """The id of the meeting or of the follow-up."""
        return self.booking.follow_up_id if isinstance(self.booking, FollowUp) else self.booking.meeting_id

    def __str__(self) -> str:
        """Name it by kind, id and local day, and nobody."""
        day = local_date(self.at).isoformat()
        if isinstance(self.booking, FollowUp):
            return f"follow-up {self.id} on {day}"
        if self.booking.status == "deferred":
            return f"Heijastin {self.id}, deferred, to be reviewed on {day}"
        return f"Heijastin {self.id} on {day}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is to be saved: the closed case and what was cancelled with it; and the facts to tell, in their order."""

    case: Case
    meetings: tuple[Meeting, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    facts: tuple[MeetingFact | FollowUpFact | CaseFact, ...]


def end(case: Case, command: CloseCase, waiting: Iterable[Booking], *, now: datetime) -> Ending:
    """
    Record that the case ended; *waiting* is, or holds, what of it is neither held nor cancelled.

    What is cancelled is told before the closing, so whoever hears that a case is closed knows nothing ahead of it but
    what was kept. A case that is reopened gets none of it back: it is booked anew.

    Raises:
        CaseIsClosed, NotYetHappened, ClosedBeforeOpened: see `cases.close`.
        BookingsAhead: something lies ahead, and it is not said what becomes of it.
    """
    closed, told_last = cases.close(case, command, now=now)
    ahead = lying_ahead(waiting, closed_on=command.closed_on, now=now)
    if ahead and command.bookings_ahead is None:
        raise BookingsAhead(ahead)
    cancelled: list[Booking] = []
    facts: list[MeetingFact | FollowUpFact | CaseFact] = []
    for each in ahead if command.bookings_ahead == "cancel" else ():
        booking, told = _cancel(each.booking, case)
        cancelled.append(booking)
        facts += told
    return Ending(
        case=closed,
        meetings=tuple(each for each in cancelled if isinstance(each, Meeting)),
        follow_ups=tuple(each for each in cancelled if isinstance(each, FollowUp)),
        facts=(*facts, told_last),
    )


def lying_ahead(waiting: Iterable[Booking], *, closed_on: date, now: datetime) -> list[Ahead]:
    """
    Return what of *waiting* lies ahead of a closing on a day, in the order of time.

    A day has no instant, so the closing's is the midnight that ends it in Helsinki or, while that has not come, *now*.
    What was to begin before then may have taken place and wait to be recorded: often it is where the case ended.
    What was to begin later lies ahead also when it is over by *now*: the case had ended when it came. A deferred
    Heijastin lies ahead whatever its review day, since it has no time that could have passed.
    """
    closing = min(now, end_of(closed_on))
    ahead = [
        Ahead(each, at)
        for each in waiting
        if (at := _comes_at(each)) is not None and (at >= closing or each.status == "deferred")
    ]
    return sorted(ahead, key=lambda each: (each.at, each.id))


def named(ahead: Sequence[Ahead]) -> str:
    """Return the beginning of a sentence that names what lies *ahead*."""
    return f"Ahead of this case: {', '.join(map(str, ahead))}"


def _comes_at(booking: Booking) -> datetime | None:
    """Return when something is to begin, or to be reviewed; None of what is not to come, and of practice."""
    match booking:
        case FollowUp(status="booked"):
            return booking.booked_from
        case Meeting(status="scheduled", is_practice=False):
            return booking.planned_from
        case Meeting(status="deferred", is_practice=False, review_on=date() as review_on):
            return end_of(review_on - timedelta(days=1))
        case _:
            return None


def _cancel(booking: Booking, case: Case) -> tuple[Booking, tuple[MeetingFact | FollowUpFact, ...]]:
    if isinstance(booking, Meeting):
        return meetings.cancel(booking, case=case, reason="case_closed")
    follow_up, cancelled = follow_ups.cancel(booking, case=case, reason="case_closed")
    return follow_up, (cancelled,)
