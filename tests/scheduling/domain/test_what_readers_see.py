"""Whatever is done to a meeting, a reader who lets the highest version stand knows what is so, less practice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.scheduling.commands.meetings import (
    Close,
    CorrectMeeting,
    DeferMeeting,
    HoldMeeting,
    RescheduleMeeting,
    ScheduleMeeting,
)
from services.scheduling.domain import closes, meetings
from services.scheduling.domain.calendar import local_date
from services.scheduling.domain.meetings import Meeting
from services.scheduling.events import FollowUpFact, MeetingFact, MeetingHeld
from shared.errors import Refusal
from tests.scheduling.builders import (
    DAY,
    MEETING_ID,
    NOW,
    a_case,
    a_worker,
    agreed_follow_up,
    agreed_meeting,
    agreed_nothing,
    given,
    held,
    planned,
)

hours_ago = st.integers(3, 100).map(lambda hours: NOW - timedelta(hours=hours))
close = st.sampled_from([None, agreed_follow_up(), agreed_meeting(), agreed_nothing()])
CIRCUMSTANCES = given(booking_owners=[a_worker()])


class AMeetingAndItsReader(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.meeting: Meeting
        self.told: list[MeetingFact] = []

    def attempt(self, decide: Callable[[], tuple[Meeting, tuple[MeetingFact | FollowUpFact, ...]]]) -> None:
        """Refusals are part of the life: they change nothing."""
        try:
            meeting, facts = decide()
        except Refusal:
            return
        assert meeting.version == self.meeting.version + 1
        self.meeting = meeting
        self.told += [fact for fact in facts if isinstance(fact, MeetingFact) and fact.meeting_id == MEETING_ID]

    @initialize(is_practice=st.booleans())
    def schedule(self, *, is_practice: bool) -> None:
        """A Heijastin, or practice."""
        command = ScheduleMeeting(**planned(), is_practice=is_practice)
        self.meeting, facts = meetings.schedule(
            command, is_practice=command.is_practice, case=a_case(), meeting_id=MEETING_ID
        )
        self.told += facts

    @rule()
    def reschedule(self) -> None:
        """Another time."""
        self.attempt(lambda: meetings.reschedule(self.meeting, RescheduleMeeting(**planned(NOW + DAY)), case=a_case()))

    @rule()
    def cancel(self) -> None:
        """Off."""
        self.attempt(lambda: meetings.cancel(self.meeting, case=a_case()))

    @rule(days=st.integers(0, 30))
    def defer(self, days: int) -> None:
        """Put off, or refused for a day that is not ahead."""
        command = DeferMeeting(review_on=local_date(NOW + days * DAY))
        self.attempt(lambda: meetings.defer(self.meeting, command, case=a_case(), now=NOW))

    @rule(start=hours_ago, close=close)
    def hold(self, start: Any, close: Close | None) -> None:
        """Held, with or without a close."""
        command = HoldMeeting(**held(start), close=close)
        self.attempt(lambda: _parts(closes.hold(self.meeting, command, CIRCUMSTANCES)))

    @rule(start=hours_ago, is_practice=st.booleans(), close=close)
    def correct(self, start: Any, *, is_practice: bool, close: Close | None) -> None:
        """Corrected, perhaps to practice or back."""
        command = CorrectMeeting(**held(start), is_practice=is_practice, close=close)
        self.attempt(lambda: _parts(closes.correct(self.meeting, command, CIRCUMSTANCES)))

    @rule()
    def retract(self) -> None:
        """Not held after all."""
        self.attempt(lambda: meetings.retract(self.meeting, case=a_case()))

    @invariant()
    def the_reader_knows_what_is_so(self) -> None:
        """The promise is judged from the last fact alone, so that must be the truth."""
        is_held = self.meeting.status == "held" and not self.meeting.is_practice
        last = self.told[-1] if self.told else None
        assert (last is not None and last.held) == is_held
        if last is not None and is_held:
            assert (last.held_from, last.held_until) == (self.meeting.held_from, self.meeting.held_until)
            assert (last.version, last.next_agreed) == (self.meeting.version, self.meeting.next_agreed)
            assert last.next_agreed is not None

    @invariant()
    def what_is_told_grows_in_version(self) -> None:
        """The highest version stands, so none may come twice or go back."""
        versions = [fact.version for fact in self.told]
        assert versions == sorted(set(versions))

    @invariant()
    def a_heijastin_is_held_before_it_is_corrected(self) -> None:
        """The name of the event says what is new in it."""
        was_held = False
        for fact in self.told:
            assert was_held or fact.held == isinstance(fact, MeetingHeld)
            was_held = was_held or fact.held


def _parts(outcome: closes.Outcome) -> tuple[Meeting, tuple[MeetingFact | FollowUpFact, ...]]:
    return outcome.meeting, outcome.facts


TestAMeetingAndItsReader = AMeetingAndItsReader.TestCase
