"""The board through the real subscription: records as they stand on the topic go in, HTTP comes out."""

from datetime import timedelta
from typing import Any, Literal

import pytest
import pytest_asyncio
from fastapi import FastAPI

from services.quality import events
from services.quality.events import PromiseFact
from services.scheduling.consumed import PROMISES_TOPIC
from services.scheduling.domain.calendar import local_date
from services.scheduling.subscriptions import SUBSCRIPTION
from shared import gate, ids
from shared.gate import Watermark
from shared.intake import Intake
from tests.scheduling.builders import OTHER_TEAM_ID, OTHER_UNIT_ID, OTHER_WORKER_ID, TEAM_ID, UNIT_ID, WORKER_ID
from tests.scheduling.conftest import Region
from tests.scheduling.edge import Caller
from tests.scheduling.neighbours import Record, record_of

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

BOARD = f"/v1/board?team_id={TEAM_ID}"
LAPSED: dict[str, Any] = {"status": "lapsed", "deviation_state": "open"}


class Quality:
    """Says things about one promise of the region's case, as quality's relay would."""

    def __init__(self, region: Region) -> None:
        """Have said nothing yet."""
        self._region = region
        self._intake = Intake(region.database, SUBSCRIPTION)
        self._said = 0

    async def says(self, *kinds: type[PromiseFact], version: int | None = None, **different: Any) -> None:
        """Publish a fact of each of *kinds*, in one batch, with this state; *version* else counts on."""
        await self._intake.take([self.record(kind, version=version, **different) for kind in kinds])

    def record(self, kind: type[PromiseFact], *, version: int | None = None, **different: Any) -> Record:
        """Return the record of a fact, next in the stream."""
        self._said += 1
        fact = events.PromiseMade.example().model_dump() | {"case_id": self._region.case["case_id"]}
        said = kind.model_validate(fact | {"version": version or self._said} | different)
        return record_of(said, sequence=self._said, recorded_at=self._region.now)


@pytest_asyncio.fixture(name="quality")
async def _quality(region: Region) -> Quality:
    """The other service."""
    return Quality(region)


async def on_board(region: Region, path: str = BOARD) -> list[tuple[str, str | None]]:
    """Return standing and warning of what is on a board."""
    return [(item["standing"], item["warning"]) for item in (await region.lead.show(path))["items"]]


class TestTheBoard:
    async def test_is_empty_until_a_promise_is_made(self, region: Region, quality: Quality) -> None:
        """Then it shows the family with the day, by the code that people know."""
        before = await on_board(region)

        await quality.says(events.PromiseMade)

        (item,) = (await region.lead.show(BOARD))["items"]
        assert before == []
        assert (item["case_code"], item["due_on"], item["standing"]) == (region.case["code"], "2026-12-24", "open")
        assert item["responsible_worker_ids"] == [str(WORKER_ID)]

    async def test_tells_of_a_warning_and_of_its_end(self, region: Region, quality: Quality) -> None:
        """A warning goes away by itself when a time has been booked."""
        await quality.says(events.PromiseMade)
        await quality.says(events.PromiseAtRisk, warning="7_days_before", warning_id=ids.new_id())
        warned = await on_board(region)

        await quality.says(events.WarningCleared)

        assert (warned, await on_board(region)) == ([("at_risk", "7_days_before")], [("open", None)])

    async def test_asks_after_the_month_whether_the_family_was_met(self, region: Region, quality: Quality) -> None:
        """With the deviation that was raised, so that one can be opened from the other."""
        deviation_id = ids.new_id()
        await quality.says(events.DeviationRaised, **LAPSED, deviation_id=deviation_id)

        (item,) = (await region.lead.show(BOARD))["items"]

        assert (item["standing"], item["deviation_id"]) == ("month_over", str(deviation_id))

    async def test_asks_no_longer_when_the_case_is_closed(self, region: Region, quality: Quality) -> None:
        """Nobody meets that family any more. A memo is still to be written, and a case may go on after all."""
        memo: dict[str, Any] = {"policy": "memo_recorded_in_three_days", "promise_id": ids.new_id()}
        await quality.says(events.DeviationRaised, **LAPSED)
        await quality.says(events.DeviationRaised, **LAPSED, **memo)

        await region.social_worker.change(f"{region.of_case}/closed", {"closed_on": local_date(region.now).isoformat()})
        closed = await on_board(region), await on_board(region, f"{BOARD}&policy={memo['policy']}")
        await region.social_worker.change(f"{region.of_case}/reopened")

        assert closed == ([], [("overdue", None)])
        assert await on_board(region) == [("month_over", None)]

    async def test_keeps_what_is_open_of_a_closed_case(self, region: Region, quality: Quality) -> None:
        """Until quality has judged the closing."""
        await quality.says(events.PromiseMade)

        await region.social_worker.change(f"{region.of_case}/closed", {"closed_on": local_date(region.now).isoformat()})

        assert await on_board(region) == [("open", None)]

    async def test_shows_nothing_as_overdue_that_is_undetermined(self, region: Region, quality: Quality) -> None:
        """Facts are missing; the family may have been met."""
        await quality.says(events.PromiseUndetermined, **LAPSED, is_undetermined=True)

        assert await on_board(region) == [("undetermined", None)]

    @pytest.mark.parametrize(
        "kind, status",
        [
            (events.PromiseKept, "kept"),
            (events.PromiseKeptLate, "kept_late"),
            (events.PromiseEndedWithCase, "ended_with_case"),
            (events.PromiseVoided, "void"),
            (events.DeviationWithdrawn, "kept"),
        ],
        ids=lambda value: value if isinstance(value, str) else value.__name__,
    )
    async def test_empties_itself(self, region: Region, quality: Quality, kind: type[PromiseFact], status: str) -> None:
        """Nobody ticks anything off."""
        await quality.says(events.DeviationRaised, **LAPSED)

        await quality.says(kind, status=status)

        assert await on_board(region) == []

    async def test_takes_a_promise_back_that_is_open_again(self, region: Region, quality: Quality) -> None:
        """A follow-up was retracted: the family is still to be met."""
        await quality.says(events.PromiseKept, status="kept")

        await quality.says(events.PromiseReopened)

        assert await on_board(region) == [("open", None)]

    async def test_lets_nothing_old_bring_back_what_is_settled(self, region: Region, quality: Quality) -> None:
        """A fact that was missing arrives late; in one batch or another, the highest version stands."""
        await quality.says(events.PromiseKept, version=5, status="kept")

        await quality.says(events.DeviationRaised, version=4, **LAPSED)
        await quality.says(events.PromiseMade, events.PromiseMade, version=3)

        assert await on_board(region) == []

    async def test_has_nothing_of_an_import(self, region: Region, quality: Quality) -> None:
        """Imported facts start nothing, on no one's list."""
        await quality.says(events.DeviationRaised, **LAPSED, imported=True)

        assert await on_board(region) == []

    async def test_reads_every_kind_of_fact(self, region: Region, quality: Quality) -> None:
        """Each carries the whole state, so each moves the row; a kind left out would leave it stale."""
        kinds = [kind for kind in PromiseFact.__subclasses__() if not kind.abstract]
        for day, kind in enumerate(kinds, start=1):
            await quality.says(kind, due_on=f"2026-12-{day:02}")

            (item,) = (await region.lead.show(BOARD))["items"]
            assert item["due_on"] == f"2026-12-{day:02}", kind.__name__

    async def test_says_as_of_when_it_is_complete(self, region: Region) -> None:
        """Before the first watermark nobody knows."""
        before = await region.lead.show(BOARD)
        async with region.database.transaction() as tx:
            await gate.raise_watermarks(tx, [Watermark(PROMISES_TOPIC, 0, 1, region.now)])

        after = await region.lead.show(BOARD)

        assert before["as_of"] is None
        assert after["as_of"].removesuffix("Z") == region.now.isoformat().removesuffix("+00:00")


class TestWhoseBoard:
    async def test_is_the_workers_own_without_a_word(self, region: Region, quality: Quality) -> None:
        """The account behind the token says who asks."""
        await quality.says(events.PromiseMade)
        nobodys = await region.lead.http.get("/v1/board")

        assert (nobodys.status_code, nobodys.json()["type"]) == (422, "urn:problem:nobodys-board")
        assert len((await region.social_worker.show("/v1/board"))["items"]) == 1

    async def test_goes_with_the_case_to_other_hands(self, region: Region, quality: Quality) -> None:
        """At once, whatever hands quality last heard of."""
        await quality.says(events.PromiseMade)
        await region.lead.put(f"/v1/teams/{OTHER_TEAM_ID}", {"unit_id": str(UNIT_ID), "name": "Tiimi 2"})

        await region.lead.change(
            f"{region.of_case}/reassigned",
            {
                "unit_id": str(UNIT_ID),
                "team_id": str(OTHER_TEAM_ID),
                "responsible_worker_ids": [str(OTHER_WORKER_ID)],
            },
        )

        assert await on_board(region) == []
        assert await on_board(region, f"/v1/board?worker_id={WORKER_ID}") == []
        assert await on_board(region, f"/v1/board?team_id={OTHER_TEAM_ID}") == [("open", None)]
        assert await on_board(region, f"/v1/board?worker_id={OTHER_WORKER_ID}") == [("open", None)]

    @pytest.mark.parametrize(
        "first, until, sees",
        [(0, 1, 1), (-7, None, 1), (1, 7, 0), (-7, 0, 0)],
        ids=["today only", "open-ended", "from tomorrow", "until today"],
    )
    async def test_is_the_deputys_too_while_the_worker_is_away(
        self, region: Region, quality: Quality, first: int, until: int | None, sees: Literal[0, 1]
    ) -> None:
        """The duty of an absent worker is somebody's at every moment, and on both boards."""
        await quality.says(events.PromiseMade)
        today = local_date(region.now)
        away = {"deputy_id": str(OTHER_WORKER_ID), "from_on": (today + timedelta(days=first)).isoformat()}
        if until is not None:
            away["until_on"] = (today + timedelta(days=until)).isoformat()
        await region.lead.put(f"/v1/workers/{WORKER_ID}/deputy", away, version=1)

        assert len(await on_board(region, f"/v1/board?worker_id={OTHER_WORKER_ID}")) == sees
        assert len(await on_board(region, f"/v1/board?worker_id={WORKER_ID}")) == 1

    async def test_has_nothing_of_units_that_are_not_the_callers(
        self, region: Region, quality: Quality, app: FastAPI
    ) -> None:
        """Asking for a team by its id opens no door."""
        await quality.says(events.PromiseMade)

        assert await on_board(region) != []
        assert (await Caller(app, "team_lead", OTHER_UNIT_ID).show(BOARD))["items"] == []

    async def test_goes_by_due_date_page_by_page(self, region: Region, quality: Quality) -> None:
        """What is due first stands first."""
        for due_on in ("2026-12-24", "2026-12-12", "2026-12-20", "2026-12-20"):
            await quality.says(events.PromiseMade, promise_id=ids.new_id(), due_on=due_on)

        listed: list[str] = []
        page = await region.lead.show(f"{BOARD}&limit=1")
        while page["next"]:
            listed += [item["due_on"] for item in page["items"]]
            page = await region.lead.show(f"{BOARD}&limit=1&cursor={page['next']}")
        listed += [item["due_on"] for item in page["items"]]

        assert listed == ["2026-12-12", "2026-12-20", "2026-12-20", "2026-12-24"]


class TestAnotherPromise:
    async def test_is_shown_when_it_is_asked_for(self, region: Region, quality: Quality) -> None:
        """The board is about meeting the family again; what is owed beside that does not hide it."""
        await quality.says(events.PromiseMade, policy="memo_recorded_in_three_days", **LAPSED)

        assert await on_board(region) == []
        assert await on_board(region, f"{BOARD}&policy=memo_recorded_in_three_days") == [("overdue", None)]

    @pytest.mark.parametrize("policy", ["%00", "", "Memo%20recorded"])
    async def test_is_refused_by_a_name_that_none_can_have(self, region: Region, policy: str) -> None:
        """What the database cannot even compare is no fault of ours."""
        refused = await region.lead.http.get(f"{BOARD}&policy={policy}")

        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "#/policy"
