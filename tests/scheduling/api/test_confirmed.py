"""The gate to the next Heijastin: through the real subscription and the service's own edge."""

from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from services.records.events import MemoExpected, MemoFact, MemoReviewedWithFamily
from services.scheduling.subscriptions import SUBSCRIPTION
from shared.intake import Intake
from tests.scheduling.conftest import Region
from tests.scheduling.neighbours import record_of

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

OVERRIDE = {"override_reason": "reviewed_in_the_meeting"}


class Records:
    """Says things about the memos of the region's case, as records' relay would."""

    def __init__(self, region: Region) -> None:
        """Have said nothing yet."""
        self._region = region
        self._intake = Intake(region.database, SUBSCRIPTION)
        self._said = 0

    async def say(self, kind: type[MemoFact], *, of: str, version: int) -> None:
        """Publish a fact about the memo of a meeting."""
        self._said += 1
        about = {"case_id": self._region.case["case_id"], "meeting_id": UUID(of), "version": version}
        said = kind.model_validate(kind.example().model_dump() | about)
        await self._intake.take([record_of(said, sequence=self._said, recorded_at=self._region.now)])


@pytest_asyncio.fixture(name="records")
async def _records(region: Region) -> Records:
    """The other service."""
    return Records(region)


async def scheduled(region: Region, *, hours: float, **different: Any) -> str:
    """Return the path of a meeting planned for some hours from now."""
    body = region.times("planned", hours=hours, lasting_hours=2) | different
    created = await region.coordinator.create(f"{region.of_case}/meetings", body)
    assert created.status_code == 201, created.text
    return created.headers["location"]


async def held(region: Region, *, hours: float) -> str:
    """Return the id of a Heijastin that was held some hours from now."""
    meeting = await scheduled(region, hours=hours)
    close = {"agreed": "follow_up"} | region.times("booked", hours=24)
    await region.social_worker.change(f"{meeting}/held", region.times("held", hours=hours) | {"close": close})
    return meeting.rpartition("/")[2]


async def refusal(region: Region, meeting: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
    """Return status and kind of a refusal to confirm."""
    shown = await region.coordinator.http.get(meeting)
    answer = await region.coordinator.http.post(
        f"{meeting}/confirmed", json=body or {}, headers={"if-match": shown.headers["etag"]}
    )
    return answer.status_code, answer.json()["type"].removeprefix("urn:problem:")


class TestTheFirstHeijastin:
    async def test_is_confirmed_without_more_ado(self, region: Region) -> None:
        """There is no memo before it."""
        meeting = await scheduled(region, hours=24)

        confirmed = await region.coordinator.change(f"{meeting}/confirmed", {})

        assert (confirmed["confirmed"], confirmed["version"], confirmed["overridden_by"]) == (True, 2, None)
        assert [(name, fact["confirmed"]) for name, fact in await region.told()] == [
            ("MeetingScheduled", False),
            ("PreparationCompleted", True),
        ]


class TestTheNextHeijastin:
    async def test_waits_until_the_family_has_gone_through_the_memo(self, region: Region, records: Records) -> None:
        """Not when it is expected, nor when it is recorded: when they have gone through it."""
        previous = await held(region, hours=-30)
        meeting = await scheduled(region, hours=24)

        assert await refusal(region, meeting) == (409, "previous-memo-not-reviewed")
        await records.say(MemoExpected, of=previous, version=1)
        assert await refusal(region, meeting) == (409, "previous-memo-not-reviewed")
        await records.say(MemoReviewedWithFamily, of=previous, version=4)

        assert (await region.coordinator.change(f"{meeting}/confirmed", {}))["confirmed"]

    async def test_is_not_closed_again_by_what_arrives_late(self, region: Region, records: Records) -> None:
        """The highest version stands."""
        previous = await held(region, hours=-30)
        await records.say(MemoReviewedWithFamily, of=previous, version=4)
        await records.say(MemoExpected, of=previous, version=1)

        meeting = await scheduled(region, hours=24)

        assert (await region.coordinator.change(f"{meeting}/confirmed", {}))["confirmed"]

    async def test_can_be_confirmed_with_a_reason(self, region: Region) -> None:
        """Coded, told, and somebody's."""
        await held(region, hours=-30)
        meeting = await scheduled(region, hours=24)

        confirmed = await region.coordinator.change(f"{meeting}/confirmed", OVERRIDE)

        assert (confirmed["override_reason"], confirmed["overridden_by"]) == (
            "reviewed_in_the_meeting",
            "coordinator-1",
        )
        name, fact = (await region.told())[-1]
        assert (name, fact["override_reason"]) == ("PreparationCompleted", "reviewed_in_the_meeting")
        assert "overridden_by" not in fact

    async def test_refuses_a_reason_that_nobody_asked_for(self, region: Region) -> None:
        """Nothing was in the way."""
        meeting = await scheduled(region, hours=24)

        assert await refusal(region, meeting, OVERRIDE) == (409, "nothing-to-override")

    async def test_refuses_a_reason_in_words(self, region: Region) -> None:
        """A code, and no content about a family."""
        await held(region, hours=-30)
        meeting = await scheduled(region, hours=24)

        assert (await refusal(region, meeting, {"override_reason": "perhe toivoi"}))[0] == 422

    async def test_looks_at_the_last_one_before_it_only(self, region: Region, records: Records) -> None:
        """What was owed two meetings ago was settled, one way or another, then."""
        await held(region, hours=-50)
        last = await held(region, hours=-30)
        meeting = await scheduled(region, hours=24)
        await records.say(MemoReviewedWithFamily, of=last, version=4)

        assert (await region.coordinator.change(f"{meeting}/confirmed", {}))["confirmed"]

    @pytest.mark.parametrize("hours", [-20, 20])
    async def test_waits_for_one_that_is_not_recorded_yet(self, region: Region, records: Records, hours: int) -> None:
        """Whoever has not yet entered yesterday's must not pass the gate by that; one called off is in nobody's way."""
        reviewed = await held(region, hours=-50)
        await records.say(MemoReviewedWithFamily, of=reviewed, version=4)
        before = await scheduled(region, hours=hours)
        meeting = await scheduled(region, hours=24)
        assert await refusal(region, meeting) == (409, "previous-memo-not-reviewed")
        assert (await region.coordinator.change(f"{before}/confirmed", {}))["confirmed"]

        await region.coordinator.change(f"{before}/cancelled")

        assert (await region.coordinator.change(f"{meeting}/confirmed", {}))["confirmed"]

    async def test_does_not_wait_for_the_memo_of_an_import(self, region: Region) -> None:
        """Ten thousand old meetings brought no memos with them."""
        previous = await held(region, hours=-30)
        await region.database.pool.execute("UPDATE meetings SET imported = true WHERE meeting_id = $1", UUID(previous))
        meeting = await scheduled(region, hours=24)

        assert (await region.coordinator.change(f"{meeting}/confirmed", {}))["confirmed"]

    async def test_that_is_practice_waits_for_nothing(self, region: Region) -> None:
        """And practice owes no memo."""
        practice = await scheduled(region, hours=-30, is_practice=True)
        await region.social_worker.change(f"{practice}/held", region.times("held", hours=-30))
        meeting = await scheduled(region, hours=24)
        another = await scheduled(region, hours=30, is_practice=True)
        assert (await region.coordinator.change(f"{meeting}/confirmed", {}))["confirmed"]
        await held(region, hours=-20)

        assert (await region.coordinator.change(f"{another}/confirmed", {}))["confirmed"]

    async def test_can_be_held_unconfirmed(self, region: Region) -> None:
        """Facts are facts."""
        await held(region, hours=-30)
        meeting = await scheduled(region, hours=-5)
        close = {"agreed": "already_booked"}

        answer = await region.social_worker.change(f"{meeting}/held", region.times("held", hours=-5) | {"close": close})

        assert (answer["status"], answer["confirmed"]) == ("held", False)
