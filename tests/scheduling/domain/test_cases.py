import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.commands.cases import CloseCase, FamilyMember, OpenCase, ReassignCase
from services.scheduling.domain import cases
from services.scheduling.domain.calendar import NotYetHappened
from services.scheduling.domain.cases import CaseIsClosed, CaseNotClosed, ClosedBeforeOpened
from services.scheduling.domain.people import WorkerHasLeft
from services.scheduling.domain.units import TeamOfAnotherUnit
from tests.scheduling.builders import (
    CASE_ID,
    NOW,
    OTHER_TEAM_ID,
    OTHER_UNIT_ID,
    OTHER_WORKER_ID,
    TEAM_ID,
    UNIT_ID,
    WORKER_ID,
    a_case,
    a_team,
    a_worker,
)

CODES = 19 * 8 * 27**3
TODAY = date(2026, 11, 24)
OPEN_CASE = OpenCase(
    unit_id=UNIT_ID,
    team_id=TEAM_ID,
    responsible_worker_ids=(WORKER_ID, OTHER_WORKER_ID, WORKER_ID),
    children_count=2,
    opened_on=TODAY,
    family=(FamilyMember(display_name="Aino Esimerkki (keksitty)", channel="phone", address="000 000"),),
)
WORKERS = (a_worker(), a_worker(worker_id=OTHER_WORKER_ID))


class TestCodeFrom:
    @given(st.integers(min_value=0))
    def test_has_the_shape_that_people_know(self, number: int) -> None:
        """Letter, digit, hyphen, three signs; nothing that can be misheard as another."""
        assert re.fullmatch("[B-DF-HJKMNP-TVWXZ][2-9]-[2-9B-DF-HJKMNP-TVWXZ]{3}", cases.code_from(number))

    @given(st.integers(0, CODES - 1), st.integers(0, CODES - 1))
    def test_differs_for_different_numbers(self, number: int, other: int) -> None:
        """All three million codes are used."""
        assert (cases.code_from(number) == cases.code_from(other)) == (number == other)

    def test_starts_again_after_the_last_code(self) -> None:
        """Any random number will do."""
        assert cases.code_from(CODES + 5) == cases.code_from(5) == "B2-BBH"


class TestOpenCase:
    def test_makes_a_case_that_is_open(self) -> None:
        """The fact carries the whole public state, each responsible worker once."""
        case, event = cases.open_case(
            OPEN_CASE, case_id=CASE_ID, code="K7-4QX", team=a_team(), workers=WORKERS, now=NOW
        )

        assert (case.version, case.closed_on) == (1, None)
        assert (event.case_id, event.case_code, event.version, event.status) == (CASE_ID, "K7-4QX", 1, "open")
        assert (event.unit_id, event.team_id) == (UNIT_ID, TEAM_ID)
        assert event.responsible_worker_ids == (WORKER_ID, OTHER_WORKER_ID)
        assert (event.opened_on, event.closed_on, event.children_count) == (TODAY, None, 2)

    def test_publishes_nothing_of_the_family(self) -> None:
        """Names and contact data live in this service only."""
        _, event = cases.open_case(OPEN_CASE, case_id=CASE_ID, code="K7-4QX", team=a_team(), workers=WORKERS, now=NOW)

        assert "Esimerkki" not in event.model_dump_json()
        assert "000 000" not in event.model_dump_json()

    def test_refuses_tomorrow(self) -> None:
        """A case is opened when it has been."""
        early = OPEN_CASE.model_copy(update={"opened_on": date(2026, 11, 25)})

        with pytest.raises(NotYetHappened):
            cases.open_case(early, case_id=CASE_ID, code="K7-4QX", team=a_team(), workers=WORKERS, now=NOW)

    def test_refuses_a_team_of_another_unit(self) -> None:
        """A case's team and unit belong together."""
        team = a_team(unit_id=OTHER_UNIT_ID)

        with pytest.raises(TeamOfAnotherUnit):
            cases.open_case(OPEN_CASE, case_id=CASE_ID, code="K7-4QX", team=team, workers=WORKERS, now=NOW)

    def test_refuses_a_worker_who_has_left(self) -> None:
        """A promise needs somebody to keep it."""
        workers = (a_worker(), a_worker(worker_id=OTHER_WORKER_ID, is_active=False))

        with pytest.raises(WorkerHasLeft):
            cases.open_case(OPEN_CASE, case_id=CASE_ID, code="K7-4QX", team=a_team(), workers=workers, now=NOW)


class TestReassign:
    COMMAND = ReassignCase(unit_id=OTHER_UNIT_ID, team_id=OTHER_TEAM_ID, responsible_worker_ids=(OTHER_WORKER_ID,))

    def test_gives_the_case_to_other_hands(self) -> None:
        """Unit, team and workers change in one step; the case stays what it was."""
        team = a_team(unit_id=OTHER_UNIT_ID)

        case, event = cases.reassign(a_case(), self.COMMAND, team=team, workers=WORKERS)

        assert case == a_case(
            version=2, unit_id=OTHER_UNIT_ID, team_id=OTHER_TEAM_ID, responsible_worker_ids=(OTHER_WORKER_ID,)
        )
        assert (event.version, event.unit_id, event.team_id) == (2, OTHER_UNIT_ID, OTHER_TEAM_ID)
        assert event.responsible_worker_ids == (OTHER_WORKER_ID,)

    def test_refuses_hands_that_do_not_fit(self) -> None:
        """As when a case is opened."""
        with pytest.raises(TeamOfAnotherUnit):
            cases.reassign(a_case(), self.COMMAND, team=a_team(), workers=WORKERS)

    def test_refuses_a_closed_case(self) -> None:
        """Nobody has it any more."""
        with pytest.raises(CaseIsClosed):
            cases.reassign(a_case(closed_on=TODAY), self.COMMAND, team=a_team(unit_id=OTHER_UNIT_ID), workers=WORKERS)


class TestClose:
    def test_records_the_day_it_ended(self) -> None:
        """The day in the world, which may lie before today."""
        case, event = cases.close(a_case(), CloseCase(closed_on=date(2026, 11, 20)), now=NOW)

        assert (case.version, case.closed_on) == (2, date(2026, 11, 20))
        assert (event.version, event.status, event.closed_on) == (2, "closed", date(2026, 11, 20))

    def test_takes_the_day_it_was_opened(self) -> None:
        """A case opened by mistake ends the same day."""
        case, _ = cases.close(a_case(), CloseCase(closed_on=a_case().opened_on), now=NOW)

        assert case.closed_on == case.opened_on

    def test_refuses_an_end_before_the_beginning(self) -> None:
        """A slip of the date; closing in time would count a promise apart."""
        with pytest.raises(ClosedBeforeOpened, match="opened here on 2026-11-02; "):
            cases.close(a_case(), CloseCase(closed_on=date(2026, 11, 1)), now=NOW)

    def test_refuses_tomorrow(self) -> None:
        """It has not ended yet."""
        with pytest.raises(NotYetHappened):
            cases.close(a_case(), CloseCase(closed_on=date(2026, 11, 25)), now=NOW)

    def test_refuses_a_closed_case(self) -> None:
        """A second closing would move the day without a trace; reopening leaves one."""
        with pytest.raises(CaseIsClosed):
            cases.close(a_case(closed_on=TODAY), CloseCase(closed_on=TODAY), now=NOW)


class TestReopen:
    def test_lets_a_case_go_on(self) -> None:
        """The closing is gone from the state; its version stays in the stream."""
        case, event = cases.reopen(a_case(version=2, closed_on=TODAY))

        assert case == a_case(version=3)
        assert (event.version, event.status, event.closed_on) == (3, "open", None)

    def test_refuses_an_open_case(self) -> None:
        """There is nothing to reopen."""
        with pytest.raises(CaseNotClosed):
            cases.reopen(a_case())
