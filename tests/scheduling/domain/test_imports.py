from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from services.scheduling.commands.imports import ImportCase, ImportFollowUp, ImportMeeting
from services.scheduling.domain import imports, meetings
from services.scheduling.domain.calendar import NotYetHappened
from services.scheduling.domain.cases import ClosedBeforeOpened
from services.scheduling.domain.imports import BookedHere, CaseHeldBack, Known, NobodyIsResponsible, RowOfAnotherCase
from services.scheduling.domain.people import WorkerHasLeft
from services.scheduling.domain.units import TeamOfAnotherUnit
from services.scheduling.events import FollowUpFact, MeetingFact
from shared.errors import Refusal
from tests.scheduling.builders import (
    DAY,
    HOUR,
    NOW,
    OTHER_TEAM_ID,
    OTHER_UNIT_ID,
    OTHER_WORKER_ID,
    TEAM_ID,
    UNIT_ID,
    a_follow_up,
    a_meeting,
    a_team,
    a_worker,
)
from tests.scheduling.domain.importing import SPRING, a_command, a_follow_up_row, a_meeting_row, imported, told


def problems(command: ImportCase, known: Known | None = None, **different: Any) -> list[tuple[Any, ...]]:
    """Return what is wrong: kind, place, field and refusal of each problem."""
    with pytest.raises(CaseHeldBack) as held_back:
        imported(command, known, **different)
    return [(each.kind, each.place, each.field, type(each.refusal)) for each in held_back.value.problems]


class TestAFirstImport:
    def test_opens_the_case_and_tells_its_rows_as_held_in_the_order_of_time(self) -> None:
        """All of it together: no reader sees half a case."""
        outcome, known = imported(a_command(a_follow_up_row(), a_meeting_row("H2", SPRING + 30 * DAY), a_meeting_row()))

        assert told(outcome) == ["CaseOpened", "MeetingHeld", "FollowUpHeld", "MeetingHeld"]
        opened, first, met, second = outcome.facts
        assert isinstance(first, MeetingFact)
        assert isinstance(second, MeetingFact)
        assert isinstance(met, FollowUpFact)
        assert first.held_from == SPRING
        assert (first.imported, first.version, first.held, first.held_in_unit_id) == (True, 1, True, UNIT_ID)
        assert first.next_agreed is None
        assert first.planned_from == first.held_from
        assert [(each.status, each.is_practice) for each in outcome.meetings] == [("held", False)] * 2
        assert (met.imported, met.version, met.held, met.family_present, met.mode) == (True, 1, True, True, "in_person")
        assert {fact.case_id for fact in (opened, first, met, second)} == {known.case.case_id if known.case else None}
        assert known.case is not None
        assert (known.case.children_count, known.case.opened_on, known.case.version) == (3, date(2026, 2, 1), 1)

    def test_keeps_what_the_source_calls_it_beside_random_ids(self) -> None:
        """By source, kind and reference: a meeting and a follow-up may have the same number there."""
        outcome, known = imported(a_command(a_meeting_row("7"), a_follow_up_row("7")))

        assert {key: each.id for key, each in known.imported.items()} == {
            ("case", "A-1"): known.case.case_id if known.case else None,
            ("meeting", "7"): outcome.meetings[0].meeting_id,
            ("follow_up", "7"): outcome.follow_ups[0].follow_up_id,
        }
        assert known.imported["meeting", "7"].began_on == date(2026, 3, 2)
        assert not any(reference in fact.model_dump_json() for fact in outcome.facts for reference in ("A-1", '"7"'))

    def test_lets_a_meeting_count_for_the_unit_that_it_was_held_in(self) -> None:
        """A case that has moved: each promise belongs to the unit of its own meeting."""
        outcome, _ = imported(a_command(a_meeting_row(unit_id=OTHER_UNIT_ID)))

        fact = outcome.facts[1]
        assert isinstance(fact, MeetingFact)
        assert (fact.unit_id, fact.held_in_unit_id) == (UNIT_ID, OTHER_UNIT_ID)

    def test_closes_the_case_after_its_rows(self) -> None:
        """The last that is told of it."""
        outcome, known = imported(a_command(closed_on=date(2026, 6, 1)))

        assert told(outcome)[-1] == "CaseClosed"
        assert known.case is not None
        assert (known.case.version, known.case.closed_on) == (2, date(2026, 6, 1))

    def test_passes_over_what_was_never_held(self) -> None:
        """A cancelled row is no news, and gets no id."""
        outcome, known = imported(a_command(a_meeting_row(held=False), a_follow_up_row(held=False)))

        assert told(outcome) == ["CaseOpened"]
        assert set(known.imported) == {("case", "A-1")}


class TestTheSameAgain:
    def test_is_no_news(self) -> None:
        """Told before the rows of the case are even loaded."""
        command = a_command(a_meeting_row(), a_follow_up_row(), a_follow_up_row("J2", held=False))
        _, known = imported(command)

        assert not imports.is_news(command, known.imported)
        assert imports.is_news(command, {})
        assert imports.is_news(a_command(closed_on=date(2026, 6, 1)), known.imported)
        assert imports.is_news(a_command(a_meeting_row(start=SPRING + HOUR)), known.imported)

    def test_leaves_alone_what_people_have_corrected_since(self) -> None:
        """They know better than an old export, which says nothing new."""
        command = a_command()
        _, known = imported(command)
        assert known.case is not None
        [meeting] = known.meetings.values()
        retracted, _ = meetings.retract(meeting, case=known.case)

        outcome, _ = imported(command, replace(known, meetings={meeting.meeting_id: retracted}))

        assert (outcome.facts, outcome.case, outcome.meetings, outcome.follow_ups) == ((), None, (), ())


class TestTheNames:
    def test_are_those_of_the_case_and_of_each_row(self) -> None:
        """What has to be looked up before anything is decided."""
        command = a_command(a_meeting_row("7"), a_follow_up_row("7"), a_follow_up_row("8"))

        assert sorted(imports.keys(command)) == [
            ("case", "A-1"),
            ("follow_up", "7"),
            ("follow_up", "8"),
            ("meeting", "7"),
        ]


class TestWhoIsResponsible:
    def test_are_the_active_responsible_social_workers_of_the_team(self) -> None:
        """Where the source names nobody; whatever else they are."""
        lead = a_worker(worker_id=OTHER_WORKER_ID, roles=("responsible_social_worker", "team_lead"))
        others = (
            a_worker(is_active=False),
            a_worker(team_id=OTHER_TEAM_ID),
            a_worker(roles=("consulting_social_worker",)),
        )

        assert imports.responsible_of(TEAM_ID, (*others, lead, a_worker())) == [lead, a_worker()]


class TestTheCaseAgain:
    def test_closes_reopens_and_closes_on_another_day(self) -> None:
        """As the source says it; a closing is never moved, so it is opened in between."""
        _, known = imported(a_command())
        outcome, known = imported(a_command(closed_on=date(2026, 6, 1)), known)
        assert told(outcome) == ["CaseClosed"]

        outcome, known = imported(a_command(closed_on=date(2026, 7, 1)), known)
        assert told(outcome) == ["CaseReopened", "CaseClosed"]
        assert outcome.case is not None
        assert (outcome.case.closed_on, outcome.case.version) == (date(2026, 7, 1), 4)

        outcome, known = imported(a_command(), known)
        assert told(outcome) == ["CaseReopened"]
        assert outcome.case is not None
        assert outcome.case.closed_on is None

    def test_stays_closed_where_people_closed_it(self) -> None:
        """The source has never said anything of it."""
        _, known = imported(a_command())
        assert known.case is not None
        known = replace(known, case=replace(known.case, version=2, closed_on=date(2026, 9, 1)))

        outcome, _ = imported(a_command(a_meeting_row(start=SPRING + HOUR)), known)

        assert told(outcome) == ["MeetingCorrected"]
        assert outcome.case is None

    def test_moves_to_the_hands_that_the_source_names_now(self) -> None:
        """Also when it is closed, which it stays."""
        _, known = imported(a_command(closed_on=date(2026, 6, 1)))
        moved = a_command(closed_on=date(2026, 6, 1), team_id=OTHER_TEAM_ID, responsible_worker_ids=(OTHER_WORKER_ID,))

        outcome, _ = imported(
            moved,
            known,
            team=a_team(team_id=OTHER_TEAM_ID),
            workers=(a_worker(worker_id=OTHER_WORKER_ID),),
        )

        assert told(outcome) == ["CaseReopened", "CaseReassigned", "CaseClosed"]
        assert outcome.case is not None
        assert (outcome.case.team_id, outcome.case.responsible_worker_ids) == (OTHER_TEAM_ID, (OTHER_WORKER_ID,))
        assert outcome.case.closed_on == date(2026, 6, 1)

    def test_keeps_the_opening_day_and_the_children_of_the_first_file(self) -> None:
        """A file that lacks these columns cannot be told from one that corrects them; nobody is judged by them."""
        _, known = imported(a_command())

        outcome, known = imported(a_command(opened_on=date(2026, 1, 1), children_count=1), known)

        assert (told(outcome), outcome.case) == ([], None)
        assert known.case is not None
        assert (known.case.opened_on, known.case.children_count) == (date(2026, 2, 1), 3)

    def test_stays_where_people_have_moved_it(self) -> None:
        """The source says nothing new of its hands, and the team's own people may have changed."""
        _, known = imported(a_command())
        assert known.case is not None
        moved = replace(known.case, version=2, team_id=OTHER_TEAM_ID)

        outcome, _ = imported(a_command(a_meeting_row(start=SPRING + HOUR)), replace(known, case=moved), workers=())

        assert told(outcome) == ["MeetingCorrected"]


ENDED = a_command(closed_on=date(2026, 11, 20))


BOOKED = a_follow_up(booked_from=NOW + DAY, booked_until=NOW + DAY + HOUR)


def booked_here(command: ImportCase | None = None, **of_case: Any) -> Known:
    """Return what is known of an imported case for which people have booked a follow-up, and made *of_case* of it."""
    _, known = imported(command or a_command())
    assert known.case is not None
    return replace(
        known,
        case=replace(known.case, **of_case),
        follow_ups={**known.follow_ups, BOOKED.follow_up_id: BOOKED},
    )


class TestTheEndOfACaseThatIsBookedHere:
    def test_is_held_back_until_people_say_what_becomes_of_that(self) -> None:
        """A file cannot say it, and a family is not left with a time that nobody keeps."""
        assert problems(ENDED, booked_here()) == [("case", None, "closed_on", BookedHere)]

        with pytest.raises(CaseHeldBack) as held_back:
            imported(ENDED, booked_here())
        assert str(held_back.value.problems[0].refusal) == (
            f"Ahead of this case: follow-up {BOOKED.follow_up_id} on 2026-11-25; close the case here by the same day, "
            "saying what becomes of that, then send it again."
        )

    def test_is_held_back_for_a_heijastin_too(self) -> None:
        """Planned, or put off."""
        meeting = a_meeting(status="deferred", review_on=date(2026, 12, 8))
        _, known = imported(a_command())
        known = replace(known, meetings={**known.meetings, meeting.meeting_id: meeting})

        assert problems(ENDED, known) == [("case", None, "closed_on", BookedHere)]

    def test_is_no_news_where_people_closed_it_by_that_day(self) -> None:
        """And kept what they had booked."""
        outcome, _ = imported(ENDED, booked_here(version=2, closed_on=date(2026, 11, 20)))

        assert told(outcome) == []

    def test_moves_to_the_day_that_the_source_has_where_people_closed_it_by_another(self) -> None:
        """What becomes of the booking was said at their closing."""
        outcome, _ = imported(ENDED, booked_here(version=2, closed_on=date(2026, 11, 23)))

        assert told(outcome) == ["CaseReopened", "CaseClosed"]
        assert outcome.follow_ups == ()

    def test_stays_undone_where_people_reopened_it(self) -> None:
        """They booked afterwards, and the source says nothing new of its end."""
        corrected = a_command(a_meeting_row(start=SPRING + HOUR), closed_on=ENDED.closed_on)

        outcome, _ = imported(corrected, booked_here(ENDED, version=3, closed_on=None))

        assert told(outcome) == ["MeetingCorrected"]


class TestAHeldBackCase:
    def test_names_all_that_is_wrong_with_its_rows(self) -> None:
        """One round of mending is enough; what was never held may lie ahead."""
        ahead = NOW + DAY
        command = a_command(
            a_meeting_row(),
            a_meeting_row("H2", ahead),
            a_follow_up_row("J1", ahead),
            a_follow_up_row("J2", ahead, held=False),
        )

        assert problems(command) == [
            ("meeting", 1, "held_until", NotYetHappened),
            ("follow_up", 0, "held_until", NotYetHappened),
        ]

    def test_names_what_is_wrong_with_the_case_beside_that(self) -> None:
        """The case first."""
        command = a_command(a_meeting_row(start=NOW + DAY), opened_on=date(2026, 12, 1))

        assert problems(command) == [
            ("case", None, None, NotYetHappened),
            ("meeting", 0, "held_until", NotYetHappened),
        ]

    @pytest.mark.parametrize(
        "command, different, refusal",
        [
            (a_command(), {"workers": ()}, NobodyIsResponsible),
            (a_command(), {"workers": (a_worker(is_active=False),)}, WorkerHasLeft),
            (a_command(), {"team": a_team(unit_id=OTHER_UNIT_ID)}, TeamOfAnotherUnit),
            (a_command(closed_on=date(2026, 1, 1)), {}, ClosedBeforeOpened),
        ],
        ids=["nobody responsible", "worker left", "team of another unit", "closed before opened"],
    )
    def test_names_why_nobody_can_take_it(
        self, command: ImportCase, different: dict[str, Any], refusal: type[Refusal]
    ) -> None:
        """The same rules as for a case that people open."""
        assert problems(command, **different) == [("case", None, None, refusal)]

    def test_names_a_row_that_came_with_another_case(self) -> None:
        """Else one record would be two cases'; also when the row is the same as ever."""
        _, known = imported(a_command())

        assert problems(a_command(reference="A-2"), known) == [
            ("meeting", 0, "reference", RowOfAnotherCase),
            ("follow_up", 0, "reference", RowOfAnotherCase),
        ]

    def test_says_so(self) -> None:
        """In one sentence for whoever only reads that."""
        with pytest.raises(CaseHeldBack, match="nothing of it was"):
            imported(a_command(a_meeting_row(start=NOW + DAY)))


class TestTheCommand:
    @pytest.mark.parametrize("row", [a_meeting_row(), a_follow_up_row()], ids=["meetings", "follow-ups"])
    def test_takes_no_reference_twice(self, row: ImportMeeting | ImportFollowUp) -> None:
        """Which of the two would stand? And it is not said back."""
        with pytest.raises(ValidationError, match="/1 has the reference of another row before it"):
            a_command(row, row)
