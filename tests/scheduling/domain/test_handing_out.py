from datetime import timedelta
from typing import Any

import pytest

from services.scheduling.domain import handing_out
from services.scheduling.domain.calendar import CLOCKS_MAY_DIFFER
from services.scheduling.domain.handing_out import MeetingNotBegun, NobodyToAsk, Sent, TooLateForLinks
from services.scheduling.domain.invitations import SUBJECT, invitation
from services.scheduling.domain.meetings import Meeting
from tests.scheduling.builders import CASE_ID, DAY, HOUR, MEETING_ID, NOW, UNIT_ID, a_case, a_meeting

SECOND = timedelta(seconds=1)


def held(*, ended: timedelta, **different: Any) -> Meeting:
    """Return a Heijastin that ended that long ago."""
    times = {"held_from": NOW - ended - HOUR, "held_until": NOW - ended}
    return a_meeting(**{"status": "held", "held_in_unit_id": UNIT_ID, "next_agreed": "none", **times, **different})


class TestLinks:
    @pytest.mark.parametrize(
        "meeting",
        [
            held(ended=HOUR),
            held(ended=7 * DAY),
            a_meeting(planned_from=NOW + CLOCKS_MAY_DIFFER, planned_until=NOW + HOUR),
            a_meeting(planned_from=NOW - 6 * HOUR, planned_until=NOW - 5 * HOUR),
            a_meeting(planned_from=NOW - DAY, planned_until=NOW - 15 * HOUR + SECOND),
        ],
        ids=["held", "held a week ago", "just beginning", "this morning, not recorded yet", "over midnight"],
    )
    def test_are_for_a_family_that_was_met_or_is_being_met(self, meeting: Meeting) -> None:
        """Best answered on the spot, so also before anybody has recorded that the meeting was held."""
        handing_out.require_met(meeting, now=NOW)

    @pytest.mark.parametrize(
        "meeting",
        [
            held(ended=HOUR, is_practice=True),
            held(ended=HOUR, imported=True),
            a_meeting(status="cancelled"),
            a_meeting(status="deferred", review_on=NOW.date() + DAY),
            a_meeting(status="retracted"),
            a_meeting(is_practice=True),
        ],
        ids=["practice", "imported", "cancelled", "deferred", "retracted", "practice, not held"],
    )
    def test_are_for_nobody_else(self, meeting: Meeting) -> None:
        """There is no family that could say how it was."""
        with pytest.raises(NobodyToAsk):
            handing_out.require_met(meeting, now=NOW)

    def test_are_not_for_a_meeting_to_come(self) -> None:
        """An answer before the meeting would be about nothing."""
        coming = a_meeting(planned_from=NOW + CLOCKS_MAY_DIFFER + SECOND, planned_until=NOW + HOUR)

        with pytest.raises(MeetingNotBegun):
            handing_out.require_met(coming, now=NOW)

    @pytest.mark.parametrize(
        "meeting",
        [
            held(ended=7 * DAY + SECOND),
            a_meeting(planned_from=NOW - DAY, planned_until=NOW - 15 * HOUR),  # ended at local midnight
        ],
        ids=["entered late, or long ago", "yesterday, and not recorded"],
    )
    def test_are_not_for_a_meeting_long_past(self, meeting: Meeting) -> None:
        """What is entered late starts nothing; and a meeting of yesterday is recorded first."""
        with pytest.raises(TooLateForLinks):
            handing_out.require_met(meeting, now=NOW)


class TestWhatIsSaid:
    def test_is_the_day(self) -> None:
        """Of the case and its meeting, as every fact of a case; nothing of any link, not even how many."""
        sent, fact = handing_out.send(held(ended=HOUR), None, case=a_case(), now=NOW)

        assert sent == Sent(meeting_id=MEETING_ID, version=1, sent_on=NOW.date())
        assert fact.model_dump().keys() - {"case_code", "team_id", "unit_id", "responsible_worker_ids"} == {
            "case_id",
            "meeting_id",
            "version",
            "sent_on",
        }
        assert (fact.case_id, fact.meeting_id, fact.sent_on) == (CASE_ID, MEETING_ID, NOW.date())
        assert fact.subject() == f"feedback_links/{MEETING_ID}"
        assert fact.subject_version() == 1

    def test_is_said_again_when_links_are_replaced(self) -> None:
        """The day may be another; how often is the version."""
        before = Sent(meeting_id=MEETING_ID, version=2, sent_on=NOW.date())

        sent, fact = handing_out.send(held(ended=HOUR), before, case=a_case(), now=NOW + DAY)

        assert (sent.version, fact.version, fact.sent_on) == (3, 3, (NOW + DAY).date())


class TestAnInvitation:
    def test_asks_in_three_languages_and_holds_the_link_once(self) -> None:
        """Nobody has noted down which language is theirs; a second copy of the link would be a second place to leak."""
        text = invitation("https://palaute.example/p/abc")

        assert text.count("https://palaute.example/p/abc") == 1
        assert all(hello in text for hello in ("Hei!", "Hej!", "Hello!"))
        assert all(how in SUBJECT for how in ("Miten", "Hur", "How"))
