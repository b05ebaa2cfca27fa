"""Who a worker is to those who decide what is seen; the mechanism is tried in tests/shared/test_relations.py."""

from services.quality.consumed import WorkerStated
from services.quality.domain.relations import member_of
from tests.relations import A_WORKER, THE_MEMBER


class TestAWorker:
    def test_is_a_member_by_all_that_is_told_of_them(self) -> None:
        """Their unit and team, their account, whether they still work here, and who acts for them from when to when."""
        assert member_of(WorkerStated.model_validate(A_WORKER)) == THE_MEMBER
