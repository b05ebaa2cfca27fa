from typing import Any

import pytest
from fastapi import FastAPI

from services.scheduling.domain.calendar import local_date
from tests.scheduling.builders import OTHER_UNIT_ID
from tests.scheduling.conftest import Region
from tests.scheduling.edge import Caller

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

NOBODY = "00000000-0000-4000-8000-000000000000"
MET = {"family_present": True, "worker_present": True, "mode": "in_person"}


async def booked(region: Region) -> str:
    """Return the path of a follow-up that is booked for tomorrow."""
    created = await region.coordinator.create(f"{region.of_case}/follow-ups", region.times("booked", hours=24))
    assert created.status_code == 201, created.text
    return created.headers["location"]


class TestABookedFollowUp:
    async def test_is_moved_held_corrected_retracted_and_held_again(self, region: Region) -> None:
        """Each step is one fact with one version more; the flags are those of the record that stands."""
        follow_up = await booked(region)
        times = region.times("held", hours=-1)
        person = region.social_worker

        await region.coordinator.change(f"{follow_up}/rescheduled", region.times("booked", hours=48))
        await person.change(f"{follow_up}/held", times | MET)
        await person.change(f"{follow_up}/corrected", times | MET | {"mode": "remote"})
        await person.change(f"{follow_up}/retracted")
        again = await person.change(f"{follow_up}/corrected", times | MET)

        assert (again["status"], again["mode"], again["version"]) == ("held", "in_person", 6)
        assert [(name, fact["version"], fact["held"], fact["mode"]) for name, fact in await region.told()] == [
            ("FollowUpScheduled", 1, False, None),
            ("FollowUpRescheduled", 2, False, None),
            ("FollowUpHeld", 3, True, "in_person"),
            ("FollowUpCorrected", 4, True, "remote"),
            ("FollowUpRetracted", 5, False, None),
            ("FollowUpCorrected", 6, True, "in_person"),
        ]

    async def test_can_be_cancelled_and_then_not_held(self, region: Region) -> None:
        """What took place after all is recorded without a booking."""
        follow_up = await booked(region)

        cancelled = await region.coordinator.change(f"{follow_up}/cancelled")
        answer = await region.social_worker.http.post(
            f"{follow_up}/held", json=region.times("held", hours=-1) | MET, headers={"if-match": '"2"'}
        )

        assert cancelled["status"] == "cancelled"
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:problem:follow-up-was-cancelled")
        assert await region.names_told() == ["FollowUpScheduled", "FollowUpCancelled"]

    async def test_of_another_unit_is_not_there(self, region: Region, app: FastAPI) -> None:
        """Neither to read nor to change, nor one that does not exist."""
        follow_up = await booked(region)
        stranger = Caller(app, "coordinator", OTHER_UNIT_ID)

        assert (await stranger.http.get(follow_up)).json()["type"] == "urn:problem:unknown-follow-up"
        for caller, path in ((stranger, follow_up), (region.coordinator, f"/v1/follow-ups/{NOBODY}")):
            answer = await caller.http.post(f"{path}/cancelled", headers={"if-match": '"1"'})
            assert answer.status_code == 404

    async def test_that_changed_meanwhile_is_not_changed(self, region: Region) -> None:
        """The version read is compared under the lock."""
        follow_up = await booked(region)
        await region.coordinator.change(f"{follow_up}/cancelled")

        answer = await region.coordinator.http.post(f"{follow_up}/cancelled", headers={"if-match": '"1"'})

        assert answer.status_code == 412


class TestAFollowUpThatNobodyBooked:
    async def test_is_recorded_as_held_at_once(self, region: Region) -> None:
        """Also when the case has been closed: it may still keep the promise."""
        await region.social_worker.change(f"{region.of_case}/closed", {"closed_on": local_date(region.now).isoformat()})

        created = await region.social_worker.create(
            f"{region.of_case}/follow-ups/held", region.times("held", hours=-1) | MET
        )

        assert (created.status_code, created.json()["booked_from"]) == (201, None)
        assert await region.social_worker.show(created.headers["location"]) == created.json()
        name, fact = (await region.told())[-1]
        assert (name, fact["held"], fact["version"]) == ("FollowUpHeld", True, 1)

    @pytest.mark.parametrize(
        "different, slug",
        [({"mode": "phone"}, "request-not-valid"), ({"hours": 1}, "not-yet-happened")],
        ids=["mode", "future"],
    )
    async def test_is_refused_as_a_booked_one_is(self, region: Region, different: dict[str, Any], slug: str) -> None:
        """Shape first, then sense."""
        hours = different.pop("hours", -2)

        answer = await region.social_worker.create(
            f"{region.of_case}/follow-ups/held", region.times("held", hours=hours) | MET | different
        )

        assert (answer.status_code, answer.json()["type"]) == (422, f"urn:problem:{slug}")
        assert await region.told() == []


class TestListFollowUps:
    async def test_goes_page_by_page(self, region: Region) -> None:
        """Neither skips nor repeats."""
        expected = {await booked(region) for _ in range(3)}

        first = await region.coordinator.show(f"{region.of_case}/follow-ups?limit=2")
        rest = await region.coordinator.show(f"{region.of_case}/follow-ups?limit=2&cursor={first['next']}")

        listed = [f"/v1/follow-ups/{item['follow_up_id']}" for item in first["items"] + rest["items"]]
        assert (set(listed), len(listed), rest["next"]) == (expected, 3, None)
