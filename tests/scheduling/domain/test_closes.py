from datetime import date, timedelta

import pytest

from services.scheduling.commands.meetings import Close, CorrectMeeting, HoldMeeting
from services.scheduling.domain import closes
from services.scheduling.domain.calendar import NotYetHappened
from services.scheduling.domain.cases import CaseIsClosed
from services.scheduling.domain.closes import (
    BookByTooEarly,
    CloseMissing,
    NextBeforeThisOne,
    NothingBooked,
    PracticeHasNoClose,
)
from services.scheduling.domain.follow_ups import BookedInThePast
from services.scheduling.domain.meetings import (
    Meeting,
    MeetingAlreadyHeld,
    MeetingNotHeld,
    MeetingWasCancelled,
    MeetingWasRetracted,
)
from services.scheduling.domain.people import WorkerHasLeft
from services.scheduling.events import (
    FollowUpScheduled,
    MeetingCorrected,
    MeetingHeld,
    MeetingRetracted,
    MeetingScheduled,
)
from tests.scheduling.builders import (
    DAY,
    HOUR,
    MEETING_ID,
    NEW_ID,
    NOW,
    OTHER_UNIT_ID,
    UNIT_ID,
    WORKER_ID,
    a_case,
    a_follow_up,
    a_held_meeting,
    a_meeting,
    a_worker,
    agreed_before,
    agreed_follow_up,
    agreed_meeting,
    agreed_nothing,
    given,
    held,
)

CLOSED = a_case(version=2, closed_on=date(2026, 11, 23))
MOVED = a_case(version=2, unit_id=OTHER_UNIT_ID)


def hold(close: Close | None = None) -> HoldMeeting:
    return HoldMeeting(**held(), close=close)


def correct(close: Close | None = None, *, is_practice: bool = False) -> CorrectMeeting:
    return CorrectMeeting(**held(NOW - 6 * HOUR, NOW - 5 * HOUR), is_practice=is_practice, close=close)


class TestHold:
    def test_books_the_follow_up_that_was_agreed(self) -> None:
        """The next time is in the calendar before the family leaves: both facts, the meeting first."""
        outcome = closes.hold(a_meeting(), hold(agreed_follow_up()), given())

        assert outcome.meeting == a_held_meeting()
        assert outcome.booked == a_follow_up(
            follow_up_id=NEW_ID,
            meeting_id=MEETING_ID,
            booked_from=NOW + 14 * DAY,
            booked_until=NOW + 14 * DAY + HOUR,
        )
        meeting_held, scheduled = outcome.facts
        assert isinstance(meeting_held, MeetingHeld)
        assert (meeting_held.version, meeting_held.held, meeting_held.next_agreed) == (2, True, "follow_up")
        assert (meeting_held.held_from, meeting_held.held_until) == (NOW - 4 * HOUR, NOW - 2 * HOUR)
        assert isinstance(scheduled, FollowUpScheduled)
        assert (scheduled.follow_up_id, scheduled.meeting_id) == (NEW_ID, MEETING_ID)

    def test_schedules_the_next_meeting_that_was_agreed(self) -> None:
        """A later Heijastin also counts as having met."""
        outcome = closes.hold(a_meeting(), hold(agreed_meeting()), given())

        assert outcome.meeting == a_held_meeting(next_agreed="meeting")
        assert outcome.booked == a_meeting(
            meeting_id=NEW_ID, planned_from=NOW + 14 * DAY, planned_until=NOW + 14 * DAY + 2 * HOUR
        )
        assert [type(fact) for fact in outcome.facts] == [MeetingHeld, MeetingScheduled]

    @pytest.mark.parametrize("found", ["follow_up", "meeting"])
    def test_finds_the_next_time_in_the_calendar(self, found: str) -> None:
        """What was booked before need not be booked twice."""
        outcome = closes.hold(a_meeting(), hold(agreed_before()), given(next_booked=found))

        assert (outcome.meeting.next_agreed, outcome.booked) == (found, None)
        assert [type(fact) for fact in outcome.facts] == [MeetingHeld]

    def test_refuses_a_calendar_without_a_next_time(self) -> None:
        """Nobody goes home on a belief."""
        with pytest.raises(NothingBooked):
            closes.hold(a_meeting(), hold(agreed_before()), given())

    def test_takes_a_reason_with_who_books_and_by_when(self) -> None:
        """Not agreed is allowed; not known is not."""
        outcome = closes.hold(a_meeting(), hold(agreed_nothing()), given(booking_owners=[a_worker()]))

        assert outcome.meeting == a_held_meeting(
            next_agreed="none",
            not_agreed_reason="calendars_open",
            booking_owner_id=WORKER_ID,
            book_by_on=date(2026, 12, 1),
        )
        assert [type(fact) for fact in outcome.facts] == [MeetingHeld]

    def test_lets_it_be_booked_the_same_day(self) -> None:
        """The day of the meeting is early enough."""
        close = agreed_nothing(book_by_on=date(2026, 11, 24))

        outcome = closes.hold(a_meeting(), hold(close), given(booking_owners=[a_worker()]))

        assert outcome.meeting.book_by_on == date(2026, 11, 24)

    def test_refuses_a_day_before_the_meeting(self) -> None:
        """By when, counted from the close."""
        close = agreed_nothing(book_by_on=date(2026, 11, 23))

        with pytest.raises(BookByTooEarly):
            closes.hold(a_meeting(), hold(close), given(booking_owners=[a_worker()]))

    def test_refuses_an_owner_who_has_left(self) -> None:
        """Somebody must be there to book."""
        with pytest.raises(WorkerHasLeft):
            closes.hold(a_meeting(), hold(agreed_nothing()), given(booking_owners=[a_worker(is_active=False)]))

    def test_refuses_a_close_that_says_nothing(self) -> None:
        """The family hears before the end when they meet next; that is the promise's first half."""
        with pytest.raises(CloseMissing):
            closes.hold(a_meeting(), hold(), given())

    @pytest.mark.parametrize("close", [agreed_follow_up, agreed_meeting])
    def test_refuses_a_next_time_that_begins_before_the_end(self, close: type) -> None:
        """A meeting never keeps its own promise."""
        until = NOW + timedelta(seconds=40)
        command = HoldMeeting(**held(NOW - HOUR, until), close=close(until - timedelta(microseconds=1)))

        with pytest.raises(NextBeforeThisOne):
            closes.hold(a_meeting(), command, given())

    @pytest.mark.parametrize("close", [agreed_follow_up, agreed_meeting])
    def test_takes_a_next_time_that_begins_at_the_end(self, close: type) -> None:
        """Periods are half-open."""
        until = NOW + timedelta(seconds=40)

        outcome = closes.hold(a_meeting(), HoldMeeting(**held(NOW - HOUR, until), close=close(until)), given())

        assert outcome.booked is not None

    def test_refuses_to_book_in_the_past(self) -> None:
        """As everywhere a follow-up is booked."""
        with pytest.raises(BookedInThePast):
            closes.hold(a_meeting(), hold(agreed_follow_up(NOW - 2 * HOUR)), given())

    def test_books_nothing_for_a_closed_case_but_records_the_meeting(self) -> None:
        """What happened is recorded whatever became of the case."""
        with pytest.raises(CaseIsClosed):
            closes.hold(a_meeting(), hold(agreed_follow_up()), given(case=CLOSED))

        ended = hold(agreed_nothing(reason="case_ends"))
        assert closes.hold(a_meeting(), ended, given(case=CLOSED, booking_owners=[a_worker()])).meeting.status == "held"

    def test_refuses_what_has_not_ended(self) -> None:
        """Planned is not held."""
        command = HoldMeeting(**held(NOW, NOW + HOUR), close=agreed_follow_up())

        with pytest.raises(NotYetHappened):
            closes.hold(a_meeting(), command, given())

    def test_takes_a_deferred_meeting_that_was_held_after_all(self) -> None:
        """It needs no review any more."""
        deferred = a_meeting(status="deferred", review_on=date(2026, 12, 8))

        assert closes.hold(deferred, hold(agreed_follow_up()), given()).meeting == a_held_meeting()

    @pytest.mark.parametrize(
        "meeting, refusal",
        [
            (a_held_meeting(), MeetingAlreadyHeld),
            (a_meeting(status="cancelled"), MeetingWasCancelled),
            (a_meeting(status="retracted"), MeetingWasRetracted),
        ],
        ids=["held", "cancelled", "retracted"],
    )
    def test_refuses_what_is_not_waiting(self, meeting: Meeting, refusal: type[Exception]) -> None:
        """A second record would be a second anchor, and the family's month would start again."""
        with pytest.raises(refusal):
            closes.hold(meeting, hold(agreed_follow_up()), given())

    def test_names_the_unit_that_has_the_case(self) -> None:
        """The rules of that unit hold for this promise, wherever the case goes."""
        outcome = closes.hold(a_meeting(), hold(agreed_follow_up()), given(case=MOVED))

        assert outcome.meeting.held_in_unit_id == OTHER_UNIT_ID

    def test_of_practice_is_told_to_nobody(self) -> None:
        """No family, no promise, no fact."""
        outcome = closes.hold(a_meeting(is_practice=True), hold(), given())

        assert (outcome.meeting.status, outcome.meeting.version) == ("held", 2)
        assert (outcome.booked, outcome.facts) == (None, ())

    def test_of_practice_has_no_close(self) -> None:
        """There is no family to agree a next time with."""
        with pytest.raises(PracticeHasNoClose):
            closes.hold(a_meeting(is_practice=True), hold(agreed_follow_up()), given())


class TestCorrect:
    def test_moves_the_times_and_keeps_the_close(self) -> None:
        """Only what is said again changes."""
        outcome = closes.correct(a_held_meeting(), correct(), given())

        assert outcome.meeting == a_held_meeting(version=3, held_from=NOW - 6 * HOUR, held_until=NOW - 5 * HOUR)
        (event,) = outcome.facts
        assert isinstance(event, MeetingCorrected)
        assert (event.version, event.held_until, event.next_agreed) == (3, NOW - 5 * HOUR, "follow_up")

    def test_replaces_the_close(self) -> None:
        """What was settled may have been recorded wrongly too."""
        outcome = closes.correct(a_held_meeting(), correct(agreed_nothing()), given(booking_owners=[a_worker()]))

        assert (outcome.meeting.next_agreed, outcome.meeting.booking_owner_id) == ("none", WORKER_ID)

    def test_forgets_the_reason_when_something_is_agreed(self) -> None:
        """A next time and a reason why there is none exclude each other."""
        settled = closes.correct(
            a_held_meeting(), correct(agreed_nothing()), given(booking_owners=[a_worker()])
        ).meeting

        meeting = closes.correct(settled, correct(agreed_follow_up()), given()).meeting

        assert (meeting.next_agreed, meeting.not_agreed_reason) == ("follow_up", None)
        assert (meeting.booking_owner_id, meeting.book_by_on) == (None, None)

    def test_makes_a_retracted_meeting_held_again(self) -> None:
        """Nothing is lost for good by a retraction."""
        retracted = a_held_meeting(version=3, status="retracted", held_from=None, held_until=None)

        outcome = closes.correct(retracted, correct(), given())

        assert (outcome.meeting.status, outcome.meeting.version) == ("held", 4)
        assert [(type(fact), fact.held) for fact in outcome.facts] == [(MeetingCorrected, True)]

    def test_keeps_the_unit_in_which_it_was_held(self) -> None:
        """The case has moved; the promise's unit has not."""
        outcome = closes.correct(a_held_meeting(), correct(), given(case=MOVED))

        (event,) = outcome.facts
        assert isinstance(event, MeetingCorrected)
        assert (event.held_in_unit_id, event.unit_id) == (UNIT_ID, OTHER_UNIT_ID)

    def test_to_practice_retracts_it_for_the_others(self) -> None:
        """The month that it started was never promised to a family."""
        outcome = closes.correct(a_held_meeting(), correct(is_practice=True), given())

        assert (outcome.meeting.status, outcome.meeting.is_practice, outcome.meeting.version) == ("held", True, 3)
        (event,) = outcome.facts
        assert isinstance(event, MeetingRetracted)
        assert (event.version, event.status, event.held) == (3, "retracted", False)
        assert (event.held_from, event.held_until, event.held_on) == (None, None, None)

    @pytest.mark.parametrize(
        "meeting",
        [
            a_held_meeting(is_practice=True),
            a_held_meeting(status="retracted", held_from=None, held_until=None),
            a_held_meeting(status="retracted", held_from=None, held_until=None, is_practice=True),
        ],
        ids=["practice", "retracted", "retracted practice"],
    )
    def test_to_practice_of_what_nobody_holds_for_held_says_nothing(self, meeting: Meeting) -> None:
        """The others know it as not held already."""
        assert closes.correct(meeting, correct(is_practice=True), given()).facts == ()

    def test_to_practice_has_no_close(self) -> None:
        """As when practice is held."""
        with pytest.raises(PracticeHasNoClose):
            closes.correct(a_held_meeting(), correct(agreed_follow_up(), is_practice=True), given())

    def test_of_practice_to_a_heijastin_is_a_late_meeting_held(self) -> None:
        """The others hear of it for the first time, or again."""
        practice = a_meeting(version=2, status="held", is_practice=True, held_in_unit_id=UNIT_ID)

        outcome = closes.correct(practice, correct(agreed_follow_up()), given())

        assert (outcome.meeting.is_practice, outcome.meeting.version) == (False, 3)
        assert [type(fact) for fact in outcome.facts] == [MeetingHeld, FollowUpScheduled]

    def test_of_practice_to_a_heijastin_needs_a_close(self) -> None:
        """A family left without hearing of a next time; somebody has to say what comes."""
        practice = a_meeting(version=2, status="held", is_practice=True)

        with pytest.raises(CloseMissing):
            closes.correct(practice, correct(), given())

    def test_back_from_practice_knows_what_its_close_settled(self) -> None:
        """It was said once; the detour over practice has not unsaid it."""
        practised = closes.correct(a_held_meeting(), correct(is_practice=True), given()).meeting

        outcome = closes.correct(practised, correct(), given())

        assert [type(fact) for fact in outcome.facts] == [MeetingHeld]
        assert outcome.meeting.next_agreed == "follow_up"

    @pytest.mark.parametrize("status", ["scheduled", "cancelled", "deferred"])
    def test_refuses_what_was_never_held(self, status: str) -> None:
        """Holding it is the first record."""
        with pytest.raises(MeetingNotHeld):
            closes.correct(a_meeting(status=status), correct(agreed_follow_up()), given())

    def test_refuses_what_has_not_ended(self) -> None:
        """As when it is held."""
        command = CorrectMeeting(**held(NOW, NOW + HOUR), is_practice=False)

        with pytest.raises(NotYetHappened):
            closes.correct(a_held_meeting(), command, given())
