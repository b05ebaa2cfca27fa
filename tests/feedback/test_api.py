from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from services.feedback import api
from shared import seals
from shared.derived import subject_digest
from shared.http import openapi_of
from tests.feedback.builders import DECEMBER_1, NOVEMBER_1, NOVEMBER_2, OTHER_UNIT, UNIT
from tests.feedback.hearing import Hearing
from tests.probe import until
from tests.role_matrix import NOBODY, ROLES, let_in, on_record
from tests.scheduling.edge import TRUST, Caller

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]

OPEN_ANSWERS = "GET /v1/windows/{window_id}/open-answers"
MATRIX = {
    "GET /v1/windows": "CSRFLQ",
    "GET /v1/windows/{window_id}": "CSRFLQ",
    OPEN_ANSWERS: "LQ",
}


@pytest.fixture(name="app")
def _app(hearing: Hearing) -> FastAPI:
    """The service's application."""
    return api.app(trust=TRUST, database=hearing.database)


@pytest_asyncio.fixture(name="manager")
async def _manager(app: FastAPI) -> AsyncGenerator[Caller]:
    """The quality manager of the unit."""
    manager = Caller(app, "quality_manager", UNIT)
    yield manager
    await manager.http.aclose()


async def windows(caller: Caller) -> list[dict[str, Any]]:
    """Return what the caller sees of windows."""
    return (await caller.show("/v1/windows"))["items"]


async def logged(hearing: Hearing) -> list[asyncpg.Record]:
    """Return the lines of the access log, in order."""
    return await hearing.database.pool.fetch("SELECT * FROM access_log ORDER BY id")


async def closed_and_held_back(hearing: Hearing, unit_id: UUID = UNIT) -> None:
    """Let a unit have a window with figures, and after it one that is held back."""
    tokens = await hearing.links(NOVEMBER_1, unit_id=unit_id)
    for token in tokens[:5]:
        await hearing.answer(token, open_answer="Kahvi oli hyvää.")
    await hearing.links(NOVEMBER_2, unit_id=unit_id)
    await hearing.ended(NOVEMBER_1, unit_id=unit_id)
    await hearing.pass_gate(NOVEMBER_2)
    await hearing.answer(tokens[5], open_answer="Tee oli kylmää.")
    await hearing.ended(NOVEMBER_2, unit_id=unit_id)
    await hearing.pass_gate(DECEMBER_1)


class TestWindows:
    async def test_are_shown_with_figures_or_as_held_back(self, hearing: Hearing, manager: Caller) -> None:
        """What is held back has no number of any kind."""
        await closed_and_held_back(hearing)

        told, held_back = await windows(manager)

        assert told["figures"]["answers"] == 5
        assert [item["mean"] for item in told["figures"]["items"]] == [None, None, 4.0, None, None, 4.0]
        assert (held_back["from_on"], held_back["until_on"]) == ("2026-11-16", "2026-12-01")
        assert held_back.keys() == {"window_id", "unit_id", "from_on", "until_on", "figures"}
        assert held_back["figures"] is None
        assert await manager.show(f"/v1/windows/{told['window_id']}") == told

    async def test_are_not_shown_before_anything_was_told_of_them(self, hearing: Hearing, manager: Caller) -> None:
        """Not that there is one, nor whether anybody has answered."""
        tokens = await hearing.links(NOVEMBER_1)
        await hearing.answer(tokens[0])

        assert await windows(manager) == []
        window_id = await hearing.database.pool.fetchval("SELECT window_id FROM windows")
        assert (await manager.http.get(f"/v1/windows/{window_id}")).status_code == 404

    async def test_are_those_of_ones_own_units(self, hearing: Hearing, app: FastAPI, manager: Caller) -> None:
        """Another unit's are not there; asking for one by name finds nothing either."""
        await closed_and_held_back(hearing, OTHER_UNIT)
        theirs = await windows(Caller(app, "quality_manager", OTHER_UNIT))

        assert await windows(manager) == []
        assert (await manager.show(f"/v1/windows?unit_id={OTHER_UNIT}"))["items"] == []
        for path in (f"/v1/windows/{theirs[0]['window_id']}", f"/v1/windows/{theirs[0]['window_id']}/open-answers"):
            assert (await manager.http.get(path)).status_code == 404

    async def test_come_page_by_page(self, hearing: Hearing, manager: Caller) -> None:
        """By the day they last reached."""
        await closed_and_held_back(hearing)

        first = await manager.show("/v1/windows?limit=1")
        second = await manager.show(f"/v1/windows?limit=1&cursor={first['next']}")

        assert [page["items"][0]["until_on"] for page in (first, second)] == ["2026-11-16", "2026-12-01"]
        assert second["next"] is None


class TestOpenAnswers:
    async def test_are_shown_when_the_window_has_closed(self, hearing: Hearing, manager: Caller) -> None:
        """Those of the window that goes on are shown to nobody."""
        await closed_and_held_back(hearing)
        told, held_back = await windows(manager)

        answers = await manager.http.get(f"/v1/windows/{told['window_id']}/open-answers")
        hidden = await manager.http.get(f"/v1/windows/{held_back['window_id']}/open-answers")

        assert answers.json() == ["Kahvi oli hyvää."] * 5
        assert hidden.status_code == 404
        assert "Tee" not in hidden.text

    async def test_are_in_no_fact(self, hearing: Hearing) -> None:
        """An event goes where nobody can call it back from."""
        await closed_and_held_back(hearing)

        assert "Kahvi" not in str(await hearing.told())


class TestTheAccessLog:
    @pytest.mark.parametrize(
        "roles, ground",
        [("quality_manager", "oversight"), ("team_lead", "lead"), ("quality_manager team_lead", "lead")],
    )
    async def test_has_a_line_of_each_reading_of_what_families_wrote(
        self, hearing: Hearing, app: FastAPI, roles: str, ground: str
    ) -> None:
        """Words may name somebody: whose they were is not known, so the line is about their window."""
        await closed_and_held_back(hearing)
        reader = Caller(app, roles, UNIT)
        told, _ = await windows(reader)

        await reader.http.get(f"/v1/windows/{told['window_id']}/open-answers")

        [line] = await logged(hearing)
        assert (line["subject"], line["known_as"]) == (subject_digest(reader.account), None)
        assert (line["roles"], line["route"]) == (sorted(roles.split()), OPEN_ANSWERS)
        assert (line["did"], line["object_id"], line["ground"]) == ("read", UUID(told["window_id"]), ground)

    async def test_has_a_line_of_who_was_refused_them(self, hearing: Hearing, app: FastAPI) -> None:
        """They are told that there is no such window, and whoever looks after the unit can see that they asked."""
        await closed_and_held_back(hearing)
        told, held_back = await windows(Caller(app, "team_lead", UNIT))
        stranger = Caller(app, "team_lead", OTHER_UNIT)

        for window in (told, held_back):
            assert (await stranger.http.get(f"/v1/windows/{window['window_id']}/open-answers")).status_code == 404

        [line] = await logged(hearing)  # of the open one nobody can read anything
        assert (line["did"], line["object_id"], line["ground"]) == ("refused", UUID(told["window_id"]), None)

    async def test_has_no_line_of_figures(self, hearing: Hearing, manager: Caller) -> None:
        """They are published for everybody, and point at nobody."""
        await closed_and_held_back(hearing)

        told, _ = await windows(manager)
        await manager.show(f"/v1/windows/{told['window_id']}")

        assert await logged(hearing) == []

    async def test_is_sealed_and_can_be_checked(self, hearing: Hearing, manager: Caller) -> None:
        """By the loop that every service has."""
        await closed_and_held_back(hearing)
        told, _ = await windows(manager)
        await manager.http.get(f"/v1/windows/{told['window_id']}/open-answers")
        sealing = seals.sealing(hearing.database, every=timedelta(seconds=1))

        assert await until(sealing.run_once) == 1  # once what other tests have open on this server has ended
        async with hearing.database.pool.acquire() as connection:
            found = await seals.check(connection)
        assert (found.seals, found.lines, found.faults) == (1, 1, [])


class TestTheMatrix:
    async def test_is_what_the_edge_lets_through(self, app: FastAPI) -> None:
        """Written down a second time; the words of families are for two roles only."""

        def client(role: str) -> httpx.AsyncClient:
            return Caller(app, role, UNIT).http

        found = await let_in(app, api.RULES, roles=ROLES.values(), client=client)

        assert found == {route: {ROLES[letter] for letter in letters} for route, letters in MATRIX.items()}
        assert NOBODY not in set[str]().union(*found.values())

    async def test_puts_on_record_what_families_wrote_and_nothing_else(self, app: FastAPI) -> None:
        """A new route is one or the other on purpose."""
        assert on_record(app) == {OPEN_ANSWERS}

    async def test_knows_no_route_that_writes(self, app: FastAPI) -> None:
        """Staff read; families answer behind a door of their own."""
        assert {route.partition(" ")[0] for route in api.RULES} == {"GET"}
        assert '"post"' not in openapi_of(app)
