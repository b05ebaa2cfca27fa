"""Who sees which case, in the words of the work; the mechanism has its own tests in tests/shared/test_relations.py."""

from datetime import UTC, date, datetime

import pytest

from services.scheduling.domain.relations import relations
from shared.relations import Ground
from tests.scheduling.builders import NOW, OTHER_TEAM_ID, OTHER_WORKER_ID, TEAM_ID, UNIT_ID, a_case, a_worker

UNITS = frozenset({UNIT_ID})


def ground(role: str, *, team_id: object = OTHER_TEAM_ID) -> Ground | None:
    """Return the ground on which a worker with a role, of a team, sees the case of the first team."""
    me = a_worker(worker_id=OTHER_WORKER_ID, account="me", team_id=team_id)
    found = relations("me", roles=[role], units=UNITS, workers=[me], now=NOW)
    case = a_case()
    return found.ground(branch=case.unit_id, crew=case.team_id, in_charge=case.responsible_worker_ids)


class TestARole:
    @pytest.mark.parametrize("role", ["coordinator", "consulting_social_worker", "family_therapist"])
    def test_that_teams_share_sees_the_whole_unit_without_a_team(self, role: str) -> None:
        """And with a team only that."""
        assert ground(role, team_id=None) == "branch"
        assert (ground(role, team_id=TEAM_ID), ground(role)) == ("crew", None)

    def test_of_a_responsible_social_worker_is_not_shared(self) -> None:
        """They see what is theirs, or their team's."""
        assert ground("responsible_social_worker", team_id=None) is None
        assert ground("responsible_social_worker", team_id=TEAM_ID) == "crew"

    def test_of_a_team_lead_sees_the_unit_from_any_team(self) -> None:
        """They answer for it."""
        assert ground("team_lead") == "lead"

    @pytest.mark.parametrize("role", ["ops", "quality_manager", "nurse"])
    def test_that_works_with_no_family_sees_no_case(self, role: str) -> None:
        """Though their account be a worker's."""
        assert ground(role, team_id=TEAM_ID) is None


class TestADeputy:
    @pytest.mark.parametrize(
        "now, acts",
        [
            (datetime(2026, 11, 30, 21, 59, tzinfo=UTC), False),
            (datetime(2026, 11, 30, 22, 0, tzinfo=UTC), True),
            (datetime(2026, 12, 1, 21, 59, tzinfo=UTC), True),
            (datetime(2026, 12, 1, 22, 0, tzinfo=UTC), False),
        ],
    )
    def test_begins_and_ends_at_midnight_in_helsinki(self, now: datetime, *, acts: bool) -> None:
        """The day is theirs, from its first minute there."""
        me = a_worker(worker_id=OTHER_WORKER_ID, account="me", team_id=OTHER_TEAM_ID)
        days = {"deputy_from_on": date(2026, 12, 1), "deputy_until_on": date(2026, 12, 2)}
        away = a_worker(deputy_id=OTHER_WORKER_ID, **days)
        found = relations("me", roles=["responsible_social_worker"], units=UNITS, workers=[me, away], now=now)
        assert bool(found.stood_in_for) == acts
