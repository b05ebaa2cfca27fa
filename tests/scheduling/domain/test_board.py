from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.consumed import PromiseStated
from services.scheduling.domain import board
from services.scheduling.domain.board import Item
from tests.scheduling.builders import CASE_ID, MEETING_ID, OTHER_UNIT_ID, OTHER_WORKER_ID, TEAM_ID, a_case

A, B = UUID(int=1), UUID(int=2)
DEVIATION_ID = UUID(int=3)


def stated(**different: Any) -> PromiseStated:
    return PromiseStated(
        promise_id=A,
        version=1,
        case_id=a_case().case_id,
        meeting_id=MEETING_ID,
        policy="met_within_a_month",
        status="open",
        is_undetermined=False,
        anchor_on=date(2026, 11, 24),
        due_on=date(2026, 12, 24),
        warning=None,
        deviation_id=DEVIATION_ID,
        deviation_state="none",
        imported=False,
    ).model_copy(update=different)


class TestNewest:
    @given(st.lists(st.tuples(st.sampled_from([A, B]), st.integers(1, 9)), unique=True))
    def test_is_the_highest_version_of_each_promise_in_one_order(self, said: list[tuple[UUID, int]]) -> None:
        """A row is touched once a batch, and two batches lock rows in the same order."""
        newest = board.newest(stated(promise_id=promise, version=version) for promise, version in said)

        highest = {promise: max(version for other, version in said if other == promise) for promise, _ in said}
        assert [(promise.promise_id, promise.version) for promise in newest] == sorted(highest.items())


class TestItem:
    def test_is_in_the_hands_that_the_case_is_in_now(self) -> None:
        """Quality may have spoken before the case moved."""
        case = a_case(code="B2-BBH", unit_id=OTHER_UNIT_ID, responsible_worker_ids=(OTHER_WORKER_ID,))

        assert board.item(stated(), case) == Item(
            promise_id=A,
            policy="met_within_a_month",
            case_id=CASE_ID,
            case_code="B2-BBH",
            unit_id=OTHER_UNIT_ID,
            team_id=TEAM_ID,
            responsible_worker_ids=(OTHER_WORKER_ID,),
            meeting_id=MEETING_ID,
            anchor_on=date(2026, 11, 24),
            due_on=date(2026, 12, 24),
            standing="open",
            warning=None,
            deviation_id=None,
        )

    @pytest.mark.parametrize(
        "different, shown",
        [
            ({}, ("open", None, None)),
            ({"warning": "7_days_before"}, ("at_risk", "7_days_before", None)),
            ({"status": "lapsed", "deviation_state": "open"}, ("month_over", None, DEVIATION_ID)),
            ({"policy": "another", "status": "lapsed"}, ("overdue", None, DEVIATION_ID)),
            ({"is_undetermined": True, "warning": "7_days_before"}, ("undetermined", None, None)),
            ({"is_undetermined": True, "status": "lapsed"}, ("undetermined", None, None)),
        ],
        ids=["open", "at risk", "month over", "another promise", "undetermined", "undetermined and lapsed"],
    )
    def test_says_how_it_stands(self, different: dict[str, Any], shown: tuple[str, str | None, UUID | None]) -> None:
        """What is undetermined is never shown as overdue, nor as a worry that may be none."""
        item = board.item(stated(**different), a_case())

        assert (item.standing, item.warning, item.deviation_id) == shown
