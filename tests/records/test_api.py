"""What records answers, to whom, and only about their own units."""

from typing import Any

import pytest
import pytest_asyncio
from fastapi import FastAPI

from services.records import api
from shared.derived import derived_id
from tests.records.builders import CASE, HELD_ON, MEETING, REFERENCE, TEAM, UNIT, WORKER
from tests.records.stream import Hearing, case_reassigned, meeting_held, meeting_retracted
from tests.role_matrix import NOBODY, ROLES, let_in
from tests.scheduling.edge import Caller

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

# Written down a second time, apart from the code, so that a slip there shows as a difference here.
MATRIX = {
    "GET /v1/awaited": "CSRFL",
    "GET /v1/cases/{case_id}/memos": "CSRFL",
    "GET /v1/memos/{meeting_id}": "CSRFL",
    "POST /v1/memos/{meeting_id}/recorded": "S",
    "POST /v1/memos/{meeting_id}/amended": "S",
    "POST /v1/memos/{meeting_id}/review-agreed": "CSR",
    "POST /v1/memos/{meeting_id}/reviewed": "SRF",
}
ELSEWHERE = derived_id(CASE, "another unit")
MEMO = f"/v1/memos/{MEETING}"
RECORDED = {"reference": REFERENCE, "recorded_on": "2032-01-14"}
REVIEWED = {
    "reviewed_on": "2032-01-14",
    "family_present": True,
    "child_present": True,
    "worker_present": True,
    "views_differ": True,
}


@pytest_asyncio.fixture(name="recorder")
async def _recorder(app: FastAPI, hearing: Hearing) -> Caller:
    """A consulting social worker who leads the one unit, after a Heijastin that was held."""
    await hearing.hear(meeting_held())
    return Caller(app, "consulting_social_worker team_lead", UNIT)


async def refused(caller: Caller, path: str, body: dict[str, Any], *, version: int) -> tuple[int, str]:
    """Return status and kind of a refusal."""
    answer = await caller.http.post(path, json=body, headers={"if-match": f'"{version}"'})
    return answer.status_code, answer.json()["type"].removeprefix("urn:problem:")


async def awaited(caller: Caller, query: str = "") -> list[str]:
    """Return what is awaited."""
    return [item["awaits"] for item in (await caller.show(f"/v1/awaited{query}"))["items"]]


class TestTheMatrix:
    async def test_is_what_the_edge_lets_through(self, app: FastAPI) -> None:
        """Every route with every role, and nobody without a token."""
        found = await let_in(app, api.RULES, roles=ROLES.values(), client=lambda role: Caller(app, role, UNIT).http)

        assert found == {route: {ROLES[letter] for letter in letters} for route, letters in MATRIX.items()}
        assert not any(NOBODY in roles for roles in found.values())


class TestAMemo:
    async def test_lives_from_expected_to_reviewed(self, recorder: Caller, hearing: Hearing) -> None:
        """Each step is one fact with one version more, and none of them says where it is."""
        assert (await recorder.show(MEMO))["awaits"] == "memo"

        recorded = await recorder.change(f"{MEMO}/recorded", RECORDED)
        amended = await recorder.change(f"{MEMO}/amended", RECORDED | {"reference": "ASI-9"})
        agreed = await recorder.change(f"{MEMO}/review-agreed", {"review_on": "2032-01-20"})
        reviewed = await recorder.change(f"{MEMO}/reviewed", REVIEWED)

        assert [(memo["awaits"], memo["version"]) for memo in (recorded, amended, agreed, reviewed)] == [
            ("agreement", 2),
            ("agreement", 3),
            ("review", 4),
            (None, 5),
        ]
        assert (recorded["reference"], amended["reference"]) == (REFERENCE, "ASI-9")
        told = await hearing.told()
        assert [(name, memo["version"]) for name, memo in told] == [
            ("MemoExpected", 1),
            ("MemoRecorded", 2),
            ("MemoAmended", 3),
            ("MemoReviewAgreed", 4),
            ("MemoReviewedWithFamily", 5),
        ]
        assert "ASI-" not in str(told)
        assert (told[-1][1]["views_differ"], told[-1][1]["child_present"]) == (True, True)

    async def test_of_an_import_can_be_recorded_too(self, app: FastAPI, hearing: Hearing) -> None:
        """Nobody asked for it; its version before anything was said is 0."""
        await hearing.hear(meeting_held(imported=True))
        recorder = Caller(app, "consulting_social_worker team_lead", UNIT)

        recorded = await recorder.change(f"{MEMO}/recorded", RECORDED)

        assert (recorded["version"], recorded["expected"], recorded["awaits"]) == (1, False, None)
        assert await hearing.published() == ["MemoRecorded"]

    async def test_before_its_meeting_was_heard_of_is_refused_with_what_to_do(self, app: FastAPI) -> None:
        """The two topics may be a moment apart."""
        recorder = Caller(app, "consulting_social_worker team_lead", UNIT)

        answer = await recorder.http.post(f"{MEMO}/recorded", json=RECORDED, headers={"if-match": '"0"'})

        assert (answer.status_code, answer.json()["type"]) == (404, "urn:problem:unknown-memo")
        assert "try again in a moment" in answer.text

    async def test_of_a_retracted_meeting_is_refused(self, recorder: Caller, hearing: Hearing) -> None:
        """There is nothing to record."""
        await hearing.hear(meeting_retracted())

        assert await refused(recorder, f"{MEMO}/recorded", RECORDED, version=2) == (409, "meeting-not-held")

    async def test_that_somebody_changed_meanwhile_is_refused(self, recorder: Caller) -> None:
        """The version that was read is another one by now."""
        await recorder.change(f"{MEMO}/recorded", RECORDED)

        assert await refused(recorder, f"{MEMO}/amended", RECORDED, version=1) == (412, "stale")

    async def test_is_read_anew_once_its_case_is_in_other_hands(self, recorder: Caller, hearing: Hearing) -> None:
        """What is shown of the case changes without the memo; a change of the memo is made from its version alone."""
        tag = (await recorder.http.get(MEMO)).headers["etag"]
        assert (await recorder.http.get(MEMO, headers={"if-none-match": tag})).status_code == 304
        await hearing.hear(case_reassigned(responsible_worker_ids=[str(ELSEWHERE)]))

        again = await recorder.http.get(MEMO, headers={"if-none-match": tag})

        assert (again.status_code, again.json()["responsible_worker_ids"]) == (200, [str(ELSEWHERE)])
        assert (await recorder.http.post(f"{MEMO}/recorded", json=RECORDED, headers={"if-match": tag})).is_success

    @pytest.mark.parametrize("reference", ["131052-308T", "Aino Esimerkki"])
    async def test_says_nothing_of_a_person(self, recorder: Caller, hearing: Hearing, reference: str) -> None:
        """Neither an identity code nor a name, and the refusal does not repeat it."""
        body = RECORDED | {"reference": reference}
        answer = await recorder.http.post(f"{MEMO}/recorded", json=body, headers={"if-match": '"1"'})

        assert answer.status_code == 422
        assert reference not in answer.text
        assert await hearing.published() == ["MemoExpected"]


class TestWhatIsAwaited:
    async def test_is_listed_until_it_is_done(self, recorder: Caller) -> None:
        """The memo, the agreement, the review, nothing."""
        seen = [await awaited(recorder)]
        for step, body in (
            ("recorded", RECORDED),
            ("review-agreed", {"review_on": "2032-01-20"}),
            ("reviewed", REVIEWED),
        ):
            await recorder.change(f"{MEMO}/{step}", body)
            seen.append(await awaited(recorder))

        assert seen == [["memo"], ["agreement"], ["review"], []]

    async def test_moves_with_its_case(self, app: FastAPI, recorder: Caller, hearing: Hearing) -> None:
        """Who has the case now is asked for the memo; who had it sees it no more."""
        await hearing.hear(case_reassigned(unit_id=ELSEWHERE))

        assert await awaited(recorder) == []
        assert await awaited(Caller(app, "team_lead", ELSEWHERE)) == ["memo"]
        assert (await recorder.http.get(MEMO)).status_code == 404
        assert await refused(recorder, f"{MEMO}/recorded", RECORDED, version=1) == (404, "unknown-memo")

    async def test_can_be_asked_by_team_and_worker(self, recorder: Caller) -> None:
        """One's own, or that of the team."""
        assert await awaited(recorder, f"?team_id={TEAM}&worker_id={WORKER}") == ["memo"]
        assert await awaited(recorder, f"?team_id={ELSEWHERE}") == []
        assert await awaited(recorder, f"?worker_id={ELSEWHERE}") == []

    async def test_comes_in_pages_the_oldest_first(self, recorder: Caller, hearing: Hearing) -> None:
        """None twice, none left out."""
        others = [derived_id(MEETING, number) for number in range(3)]
        await hearing.hear(*(meeting_held(meeting_id=each, held_on="2032-01-11") for each in others))

        first = await recorder.show("/v1/awaited?limit=3")
        second = await recorder.show(f"/v1/awaited?limit=3&cursor={first['next']}")

        assert [item["held_on"] for item in first["items"]] == ["2032-01-11"] * 3
        assert [item["held_on"] for item in second["items"]] == [HELD_ON.isoformat()]
        assert second["next"] is None

    async def test_of_one_case_is_all_that_there_is(self, app: FastAPI, recorder: Caller, hearing: Hearing) -> None:
        """Also what is done; in pages."""
        await hearing.hear(meeting_held(meeting_id=derived_id(MEETING, 1)))
        path = f"/v1/cases/{CASE}/memos"

        first = await recorder.show(f"{path}?limit=1")
        second = await recorder.show(f"{path}?limit=1&cursor={first['next']}")

        assert {first["items"][0]["meeting_id"], second["items"][0]["meeting_id"]} == {
            str(MEETING),
            str(derived_id(MEETING, 1)),
        }
        assert (await Caller(app, "team_lead", ELSEWHERE).show(path))["items"] == []
