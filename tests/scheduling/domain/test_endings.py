"""The end of a case, and what lies ahead of it then. It is 15 o'clock of Tuesday 24 November 2026 in Helsinki."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.commands.cases import CloseCase
from services.scheduling.domain import endings
from services.scheduling.domain.calendar import NotYetHappened, local_date
from services.scheduling.domain.cases import CaseIsClosed, ClosedBeforeOpened
from services.scheduling.domain.endings import Booking, BookingsAhead
from services.scheduling.domain.follow_ups import FollowUp
from services.scheduling.events import CaseClosed, FollowUpCancelled, MeetingCancelled
from tests.scheduling.builders import (
    DAY,
    FOLLOW_UP_ID,
    HOUR,
    MEETING_ID,
    NOW,
    a_case,
    a_follow_up,
    a_held_follow_up,
    a_held_meeting,
    a_meeting,
)

TODAY = date(2026, 11, 24)
YESTERDAY = date(2026, 11, 23)
MIDNIGHT = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
"""The one that ended yesterday in Helsinki."""
A_MOMENT = timedelta(microseconds=1)

Choice = Literal["keep", "cancel"] | None


def a_booking(at: datetime) -> FollowUp:
    """Return a follow-up that is booked to begin then."""
    return a_follow_up(booked_from=at, booked_until=at + HOUR)


NEXT_WEEK = a_booking(NOW + 7 * DAY)
IN_TWO_WEEKS = a_meeting(planned_from=NOW + 14 * DAY, planned_until=NOW + 14 * DAY + HOUR)
DEFERRED = a_meeting(status="deferred", review_on=date(2026, 12, 8))


def lies_ahead(booking: Booking, *, of: date = TODAY) -> bool:
    """Tell whether it lies ahead of a closing on that day."""
    return bool(endings.lying_ahead([booking], closed_on=of, now=NOW))


class TestWhatLiesAhead:
    def test_of_a_closing_of_today_begins_from_now_on(self) -> None:
        """Also later today; what began this morning may have been where the case ended, and waits to be recorded."""
        assert lies_ahead(a_booking(NOW))
        assert not lies_ahead(a_booking(NOW - A_MOMENT))
        assert lies_ahead(a_meeting(planned_from=NOW, planned_until=NOW + HOUR))
        assert not lies_ahead(a_meeting(planned_from=NOW - A_MOMENT, planned_until=NOW + HOUR))

    def test_of_an_earlier_closing_begins_after_its_day_in_helsinki(self) -> None:
        """Also when it is over by now: the case had ended when it came. On the day itself it may have ended there."""
        assert lies_ahead(a_booking(MIDNIGHT), of=YESTERDAY)
        assert not lies_ahead(a_booking(MIDNIGHT - A_MOMENT), of=YESTERDAY)

    def test_goes_by_the_clock_of_the_season(self) -> None:
        """The day on which summer time ends has 25 hours."""
        midnight = datetime(2026, 10, 25, 22, 0, tzinfo=UTC)

        assert lies_ahead(a_booking(midnight), of=date(2026, 10, 25))
        assert not lies_ahead(a_booking(midnight - A_MOMENT), of=date(2026, 10, 25))

    @pytest.mark.parametrize("review_on", [date(2026, 11, 2), date(2026, 12, 8)], ids=["passed", "to come"])
    def test_is_a_deferred_heijastin_whatever_its_review_day(self, review_on: date) -> None:
        """A family that is to be looked at again is not forgotten because nobody did."""
        assert lies_ahead(replace(DEFERRED, review_on=review_on))

    @pytest.mark.parametrize(
        "booking",
        [
            replace(IN_TWO_WEEKS, is_practice=True),
            replace(DEFERRED, is_practice=True),
            replace(IN_TWO_WEEKS, status="cancelled"),
            replace(IN_TWO_WEEKS, status="retracted"),
            replace(NEXT_WEEK, status="cancelled"),
            replace(NEXT_WEEK, status="retracted"),
            a_held_meeting(),
            a_held_follow_up(),
        ],
        ids=lambda booking: f"{type(booking).__name__} {booking.status}",
    )
    def test_is_neither_practice_nor_what_is_over(self, booking: Booking) -> None:
        """Nobody is waited for."""
        assert not lies_ahead(booking, of=date(2026, 11, 2))

    def test_comes_in_the_order_of_time(self) -> None:
        """A deferred one by the day of its review; two of the same time by id."""
        another = replace(NEXT_WEEK, follow_up_id=UUID(int=1, version=4))

        ahead = endings.lying_ahead([IN_TWO_WEEKS, DEFERRED, NEXT_WEEK, another], closed_on=TODAY, now=NOW)

        assert [each.booking for each in ahead] == [another, NEXT_WEEK, DEFERRED, IN_TWO_WEEKS]


class TestAnEnd:
    def test_with_something_ahead_wants_to_know_what_becomes_of_it(self) -> None:
        """It names kind, id and local day of each, and what to say."""
        with pytest.raises(BookingsAhead) as refused:
            endings.end(a_case(), CloseCase(closed_on=TODAY), [IN_TWO_WEEKS, DEFERRED, NEXT_WEEK], now=NOW)

        assert str(refused.value) == (
            f"Ahead of this case: follow-up {FOLLOW_UP_ID} on 2026-12-01, "
            f"Heijastin {MEETING_ID}, deferred, to be reviewed on 2026-12-08, "
            f"Heijastin {MEETING_ID} on 2026-12-08; `cancel` that in `bookings_ahead`, or `keep` it where the family "
            "is met all the same. What took place already is to be recorded as held first."
        )

    def test_cancels_what_lies_ahead_before_it_closes(self) -> None:
        """Each in a fact of its own with its whole state and why; then nothing lies ahead of the closed case."""
        command = CloseCase(closed_on=TODAY, bookings_ahead="cancel")

        ending = endings.end(a_case(), command, [IN_TWO_WEEKS, NEXT_WEEK], now=NOW)

        cancelled = {"version": 2, "status": "cancelled", "cancelled_reason": "case_closed"}
        assert ending.case == a_case(version=2, closed_on=TODAY)
        assert ending.follow_ups == (replace(NEXT_WEEK, **cancelled),)
        assert ending.meetings == (replace(IN_TWO_WEEKS, **cancelled),)
        follow_up, meeting, closed = ending.facts
        assert isinstance(follow_up, FollowUpCancelled)
        assert (follow_up.follow_up_id, follow_up.version, follow_up.status) == (FOLLOW_UP_ID, 2, "cancelled")
        assert (follow_up.booked_from, follow_up.cancelled_reason) == (NEXT_WEEK.booked_from, "case_closed")
        assert isinstance(meeting, MeetingCancelled)
        assert (meeting.meeting_id, meeting.version, meeting.status) == (MEETING_ID, 2, "cancelled")
        assert (meeting.planned_from, meeting.cancelled_reason) == (IN_TWO_WEEKS.planned_from, "case_closed")
        assert isinstance(closed, CaseClosed)
        assert closed.closed_on == TODAY

    def test_takes_the_review_from_a_deferred_heijastin_that_it_cancels(self) -> None:
        """There is nobody left to look at again."""
        ending = endings.end(a_case(), CloseCase(closed_on=TODAY, bookings_ahead="cancel"), [DEFERRED], now=NOW)

        [meeting] = ending.meetings
        assert (meeting.status, meeting.review_on, meeting.cancelled_reason) == ("cancelled", None, "case_closed")

    def test_keeps_what_lies_ahead_where_that_is_said(self) -> None:
        """In time after the closing it still keeps the promise."""
        command = CloseCase(closed_on=TODAY, bookings_ahead="keep")

        ending = endings.end(a_case(), command, [IN_TWO_WEEKS, NEXT_WEEK, DEFERRED], now=NOW)

        assert (ending.meetings, ending.follow_ups) == ((), ())
        assert [type(fact) for fact in ending.facts] == [CaseClosed]

    @pytest.mark.parametrize("choice", [None, "keep", "cancel"])
    def test_with_nothing_ahead_needs_no_choice_and_takes_any(self, choice: Choice) -> None:
        """Whoever always says the same is not refused for it; this morning's follow-up stays to be recorded."""
        command = CloseCase(closed_on=TODAY, bookings_ahead=choice)

        ending = endings.end(a_case(), command, [a_follow_up()], now=NOW)

        assert (ending.case.closed_on, ending.meetings, ending.follow_ups) == (TODAY, (), ())
        assert [type(fact) for fact in ending.facts] == [CaseClosed]

    @pytest.mark.parametrize(
        "closed_on, before, refusal",
        [
            (TODAY, YESTERDAY, CaseIsClosed),
            (date(2026, 11, 25), None, NotYetHappened),
            (date(2026, 11, 1), None, ClosedBeforeOpened),
        ],
        ids=["closed", "tomorrow", "before it began"],
    )
    def test_that_makes_no_sense_is_refused_for_that_first(
        self, closed_on: date, before: date | None, refusal: type[Exception]
    ) -> None:
        """Whatever lies ahead."""
        with pytest.raises(refusal):
            endings.end(a_case(closed_on=before), CloseCase(closed_on=closed_on), [NEXT_WEEK], now=NOW)


@st.composite
def calendars(draw: st.DrawFn) -> list[Booking]:
    """Draw what a case may have in its calendar, around the hour of the closing and its midnights."""
    found: list[Booking] = []
    for number in range(1, draw(st.integers(0, 6)) + 1):
        at = NOW + draw(st.integers(-96, 96)) * HOUR
        if draw(st.booleans()):
            status = draw(st.sampled_from(["booked", "cancelled"]))
            found.append(replace(a_booking(at), follow_up_id=UUID(int=number, version=4), status=status))
        else:
            status = draw(st.sampled_from(["scheduled", "deferred", "cancelled"]))
            review_on = local_date(at) if status == "deferred" else None
            found.append(
                a_meeting(
                    meeting_id=UUID(int=number, version=4),
                    status=status,
                    review_on=review_on,
                    is_practice=draw(st.booleans()),
                    planned_from=at,
                    planned_until=at + HOUR,
                )
            )
    return found


def waits_after(each: Booking, closed_on: date) -> bool:
    """Tell the same as `lying_ahead`, in days instead of instants."""
    if isinstance(each, FollowUp):
        at = each.booked_from if each.status == "booked" else None
    elif each.is_practice:
        at = None
    elif each.status == "deferred":
        return True
    else:
        at = each.planned_from if each.status == "scheduled" else None
    return at is not None and (local_date(at) > closed_on or (closed_on == TODAY and at >= NOW))


class TestAnyCalendar:
    @given(calendars(), st.integers(0, 3), st.sampled_from([None, "keep", "cancel"]))
    def test_ends_with_nothing_ahead_but_what_was_kept(
        self, calendar: list[Booking], days_ago: int, choice: Choice
    ) -> None:
        """All that lies ahead is cancelled, all is kept, or nothing happens; and nothing else is touched."""
        closed_on = TODAY - days_ago * DAY
        ahead = [each for each in calendar if waits_after(each, closed_on)]
        command = CloseCase(closed_on=closed_on, bookings_ahead=choice)
        if ahead and choice is None:
            with pytest.raises(BookingsAhead):
                endings.end(a_case(), command, calendar, now=NOW)
            return

        ending = endings.end(a_case(), command, calendar, now=NOW)

        versions = {(each.case_id, id_of(each)): each.version for each in (*ending.meetings, *ending.follow_ups)}
        touched = ahead if choice == "cancel" else []
        assert versions == {(each.case_id, id_of(each)): each.version + 1 for each in touched}
        *cancelled, closed = ending.facts
        assert (closed.subject_version(), len(cancelled)) == (2, len(touched))
        after = [*ending.meetings, *ending.follow_ups, *(each for each in calendar if each not in touched)]
        left = endings.lying_ahead(after, closed_on=closed_on, now=NOW)
        assert len(left) == (len(ahead) if choice == "keep" else 0)


def id_of(each: Booking) -> UUID:
    """Return the id of a meeting or follow-up."""
    return each.follow_up_id if isinstance(each, FollowUp) else each.meeting_id
