"""Who a worker is to those who decide what is seen; the mechanism is tried in tests/shared/test_relations.py."""

from datetime import date
from uuid import UUID

from services.quality.consumed import WorkerStated
from services.quality.domain.relations import member_of
from shared.relations import Member

WORKER, UNIT, TEAM = (UUID(f"e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a0{number}") for number in (1, 2, 3))
ACCOUNT, DEPUTY = (UUID(f"e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a0{number}") for number in (4, 5))


class TestAWorker:
    def test_is_a_member_by_all_that_is_told_of_them(self) -> None:
        """Their unit and team, their account, whether they still work here, and who acts for them from when to when."""
        told = WorkerStated(
            worker_id=WORKER,
            version=7,
            unit_id=UNIT,
            team_id=TEAM,
            is_active=False,
            account_digest=ACCOUNT,
            deputy_id=DEPUTY,
            deputy_from_on=date(2032, 1, 12),
            deputy_until_on=date(2032, 1, 14),
        )

        assert member_of(told) == Member(
            member_id=WORKER,
            version=7,
            branch_id=UNIT,
            crew_id=TEAM,
            is_active=False,
            account=ACCOUNT,
            stand_in_id=DEPUTY,
            stand_in_from=date(2032, 1, 12),
            stand_in_until=date(2032, 1, 14),
        )
