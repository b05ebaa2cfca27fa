"""A file that says of a case something else than the one before it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.scheduling.domain import closes, follow_ups, imports, meetings
from services.scheduling.events import FollowUpFact, MeetingFact
from tests.scheduling.builders import DAY, HOUR, NOW, OTHER_UNIT_ID, UNIT_ID
from tests.scheduling.builders import given as at_a_close
from tests.scheduling.domain.importing import SPRING, a_command, a_follow_up_row, a_meeting_row, imported, told


class TestACorrectedImport:
    def test_corrects_what_is_said_otherwise_and_nothing_else(self) -> None:
        """The same ids, the next versions."""
        first, known = imported(a_command())
        moved = a_follow_up_row(start=SPRING + 25 * DAY, mode="remote")

        outcome, _ = imported(a_command(a_meeting_row(held_until=SPRING + HOUR), moved), known)

        assert told(outcome) == ["MeetingCorrected", "FollowUpCorrected"]
        corrected, met = outcome.facts
        assert isinstance(corrected, MeetingFact)
        assert isinstance(met, FollowUpFact)
        assert (corrected.meeting_id, corrected.version) == (first.meetings[0].meeting_id, 2)
        assert (corrected.held_until, corrected.next_agreed) == (SPRING + HOUR, None)
        assert (met.follow_up_id, met.version, met.mode) == (first.follow_ups[0].follow_up_id, 2, "remote")
        assert met.held_from == SPRING + 25 * DAY

    @pytest.mark.parametrize(
        "different",
        [
            {"held_from": SPRING + 20 * DAY - HOUR},
            {"held_until": SPRING + 20 * DAY + 2 * HOUR},
            {"family_present": False},
            {"worker_present": False},
            {"mode": "remote"},
        ],
        ids=lambda different: next(iter(different)),
    )
    def test_corrects_a_follow_up_of_which_any_one_thing_is_said_otherwise(self, different: dict[str, Any]) -> None:
        """Each of them can decide whether a promise was kept."""
        _, known = imported(a_command())

        outcome, _ = imported(a_command(a_meeting_row(), a_follow_up_row(**different)), known)

        assert told(outcome) == ["FollowUpCorrected"]
        [met] = outcome.facts
        assert {name: getattr(met, name) for name in different} == different

    def test_takes_back_what_is_said_not_to_have_been_held(self) -> None:
        """Only that takes anything back: a row that is merely missing may be in another file."""
        _, known = imported(a_command())

        outcome, known = imported(a_command(a_meeting_row(held=False), a_follow_up_row(held=False)), known)

        assert told(outcome) == ["MeetingRetracted", "FollowUpRetracted"]
        assert known.imported["meeting", "H1"].began_on is None

        outcome, known = imported(a_command(), known)

        assert told(outcome) == ["MeetingCorrected", "FollowUpCorrected"]
        assert known.imported["meeting", "H1"].began_on == date(2026, 3, 2)

    def test_leaves_rows_that_are_missing(self) -> None:
        """Nobody said that they were not held, and that they are missing is no news."""
        _, known = imported(a_command())
        assert not imports.is_news(a_command(a_meeting_row()), known.imported)
        assert not imports.is_news(a_command(a_follow_up_row()), known.imported)

        outcome, _ = imported(a_command(a_meeting_row(start=SPRING + HOUR)), known)

        assert told(outcome) == ["MeetingCorrected"]

    def test_holds_a_meeting_anew_that_belongs_to_another_unit(self) -> None:
        """A meeting keeps the unit it was held in; so the old record goes, and the reference stands for a new one."""
        first, known = imported(a_command())

        outcome, known = imported(a_command(a_meeting_row(unit_id=OTHER_UNIT_ID), a_follow_up_row()), known)

        assert told(outcome) == ["MeetingRetracted", "MeetingHeld"]
        new_id = known.imported["meeting", "H1"].id
        assert new_id != first.meetings[0].meeting_id
        assert known.meetings[new_id].held_in_unit_id == OTHER_UNIT_ID

        outcome, _ = imported(a_command(a_meeting_row(unit_id=UNIT_ID, held=False), a_follow_up_row()), known)

        assert told(outcome) == ["MeetingRetracted"]

    def test_holds_anew_in_another_unit_what_people_had_taken_back(self) -> None:
        """There is nothing left to retract."""
        _, known = imported(a_command())
        assert known.case is not None
        [meeting] = known.meetings.values()
        retracted, _ = meetings.retract(meeting, case=known.case)

        known = replace(known, meetings={meeting.meeting_id: retracted})
        outcome, _ = imported(a_command(a_meeting_row(unit_id=OTHER_UNIT_ID), a_follow_up_row()), known)

        assert told(outcome) == ["MeetingHeld"]

    def test_tells_nothing_where_people_had_corrected_the_same(self) -> None:
        """Both say the same by now; what the source said is noted."""
        _, known = imported(a_command())
        assert known.case is not None
        [meeting], [follow_up] = known.meetings.values(), known.follow_ups.values()
        row, met = a_meeting_row(start=SPRING + HOUR), a_follow_up_row(mode="remote")
        by_people = closes.correct(
            meeting,
            closes.CorrectMeeting(held_from=row.held_from, held_until=row.held_until, is_practice=False),
            at_a_close(case=known.case),
        ).meeting
        remote, _ = follow_ups.correct(follow_up, met, case=known.case, now=NOW)
        known = replace(known, meetings={meeting.meeting_id: by_people}, follow_ups={follow_up.follow_up_id: remote})

        outcome, known = imported(a_command(row, met), known)

        assert told(outcome) == []
        assert not imports.is_news(a_command(row, met), known.imported)

    def test_takes_nothing_back_twice(self) -> None:
        """People had retracted both."""
        _, known = imported(a_command())
        assert known.case is not None
        [meeting], [follow_up] = known.meetings.values(), known.follow_ups.values()
        retracted, _ = meetings.retract(meeting, case=known.case)
        unmet, _ = follow_ups.retract(follow_up, case=known.case)
        known = replace(known, meetings={meeting.meeting_id: retracted}, follow_ups={follow_up.follow_up_id: unmet})

        outcome, _ = imported(a_command(a_meeting_row(held=False), a_follow_up_row(held=False)), known)

        assert told(outcome) == []

    def test_makes_a_heijastin_of_what_people_took_for_practice(self) -> None:
        """The source says anew that it was held with the family."""
        _, known = imported(a_command())
        [meeting] = known.meetings.values()
        known = replace(known, meetings={meeting.meeting_id: replace(meeting, is_practice=True, version=2)})

        outcome, _ = imported(a_command(a_meeting_row(start=SPRING + HOUR), a_follow_up_row()), known)

        assert told(outcome) == ["MeetingHeld"]
