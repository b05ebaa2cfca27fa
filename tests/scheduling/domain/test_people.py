from datetime import date

import pytest

from services.scheduling.commands.units import ConfigureWorker, SetDeputy
from services.scheduling.domain import people
from services.scheduling.domain.people import DeputyOfOneself, WorkerHasLeft
from services.scheduling.domain.units import TeamOfAnotherUnit
from shared.derived import subject_digest
from tests.scheduling.builders import OTHER_UNIT_ID, OTHER_WORKER_ID, TEAM_ID, UNIT_ID, WORKER_ID, a_team, a_worker

A_WORKER = ConfigureWorker(
    unit_id=UNIT_ID,
    team_id=TEAM_ID,
    display_name="Veera Vastaava (keksitty)",
    account="veera",
    roles=("team_lead", "coordinator", "team_lead"),
)


class TestConfigure:
    def test_creates_a_worker_with_each_role_once(self) -> None:
        """Roles are a set; in the fact they stand in one order."""
        worker, event = people.configure(None, A_WORKER, worker_id=WORKER_ID, team=a_team())

        assert worker == a_worker(roles=("coordinator", "team_lead"))
        assert (event.subject(), event.version, event.roles) == (f"worker/{WORKER_ID}", 1, worker.roles)
        assert (event.unit_id, event.team_id, event.is_active) == (UNIT_ID, TEAM_ID, True)

    def test_publishes_neither_name_nor_account(self) -> None:
        """Names live in this service only."""
        _, event = people.configure(None, A_WORKER, worker_id=WORKER_ID, team=a_team())

        assert "veera" not in event.model_dump_json().lower()

    def test_publishes_what_stands_for_the_account(self) -> None:
        """By it another service knows whose token it is; without an account nobody is known."""
        _, event = people.configure(None, A_WORKER, worker_id=WORKER_ID, team=a_team())
        _, without = people.configure(
            None, A_WORKER.model_copy(update={"account": None}), worker_id=WORKER_ID, team=a_team()
        )

        assert event.account_digest == subject_digest("veera") != subject_digest("Veera")
        assert without.account_digest is None

    def test_keeps_the_deputy(self) -> None:
        """Moving to another team does not end an absence."""
        away = a_worker(deputy_id=OTHER_WORKER_ID, deputy_from_on=date(2026, 12, 7), deputy_until_on=date(2026, 12, 21))

        worker, event = people.configure(away, A_WORKER, worker_id=WORKER_ID, team=None)

        assert (worker.version, worker.deputy_id) == (2, OTHER_WORKER_ID)
        assert (event.deputy_from_on, event.deputy_until_on) == (date(2026, 12, 7), date(2026, 12, 21))

    def test_refuses_a_team_of_another_unit(self) -> None:
        """A worker's team and unit belong together."""
        with pytest.raises(TeamOfAnotherUnit):
            people.configure(None, A_WORKER, worker_id=WORKER_ID, team=a_team(unit_id=OTHER_UNIT_ID))


class TestSetDeputy:
    def test_names_who_acts_and_when(self) -> None:
        """The duty of an absent worker is somebody's at every moment."""
        command = SetDeputy(deputy_id=OTHER_WORKER_ID, from_on=date(2026, 12, 7), until_on=date(2026, 12, 21))

        worker, event = people.set_deputy(a_worker(), command, deputy=a_worker(worker_id=OTHER_WORKER_ID))

        assert (worker.version, worker.deputy_id) == (2, OTHER_WORKER_ID)
        assert (event.version, event.deputy_id) == (2, OTHER_WORKER_ID)
        assert (event.deputy_from_on, event.deputy_until_on) == (date(2026, 12, 7), date(2026, 12, 21))

    def test_ends_it(self) -> None:
        """Without a deputy the days go too."""
        away = a_worker(deputy_id=OTHER_WORKER_ID, deputy_from_on=date(2026, 12, 7))

        worker, event = people.set_deputy(away, SetDeputy(deputy_id=None), deputy=None)

        assert (worker.deputy_id, worker.deputy_from_on) == (None, None)
        assert event.deputy_id is None

    def test_refuses_oneself(self) -> None:
        """It would look as if somebody were there."""
        command = SetDeputy(deputy_id=WORKER_ID, from_on=date(2026, 12, 7))

        with pytest.raises(DeputyOfOneself):
            people.set_deputy(a_worker(), command, deputy=a_worker())

    def test_refuses_somebody_who_has_left(self) -> None:
        """As above."""
        command = SetDeputy(deputy_id=OTHER_WORKER_ID, from_on=date(2026, 12, 7))

        with pytest.raises(WorkerHasLeft):
            people.set_deputy(a_worker(), command, deputy=a_worker(worker_id=OTHER_WORKER_ID, is_active=False))
