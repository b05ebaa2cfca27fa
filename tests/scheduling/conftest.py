"""A region with one unit, behind the service's own edge, on a real Postgres."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from fastapi import FastAPI

from deploy.databases import Urls
from services.scheduling import api
from services.scheduling.api.feedback import Ways
from shared import clock
from shared.database import Database
from tests.scheduling.builders import OTHER_WORKER_ID, TEAM_ID, UNIT_ID, WORKER_ID
from tests.scheduling.edge import TRUST, UNIT, WORKER, Caller, now, told


@pytest_asyncio.fixture(name="urls")
async def _urls(service_databases: Callable[[str], Awaitable[Urls]]) -> Urls:
    """How to reach the service's database, which is empty."""
    return await service_databases("scheduling")


@pytest_asyncio.fixture(name="later")
async def _later(urls: Urls) -> Callable[[timedelta], Awaitable[None]]:
    """Return a function that lets business time pass."""

    async def later(by: timedelta) -> None:
        owner = await asyncpg.connect(urls.owner)
        await clock.advance(owner, to=await clock.business_now(owner) + by)
        await owner.close()

    return later


@pytest_asyncio.fixture(name="database")
async def _database(urls: Urls) -> AsyncGenerator[Database]:
    """The service's database as its runtime role sees it."""
    database = await Database.open(urls.runtime, application_name="scheduling")
    yield database
    await database.close()


@pytest.fixture(name="app")
def _app(database: Database) -> FastAPI:
    """The service's application; families find the form, and nobody is sent mail."""
    app = api.app(trust=TRUST, database=database)
    app.state.ways = Ways(form_address="https://palaute.example/p/", booklet_links=40)
    return app


@dataclass(frozen=True)
class Region:
    """A unit with a team of two, and those who work there; `case` is open, its version is 1; `now` is business time."""

    database: Database
    now: datetime
    lead: Caller
    coordinator: Caller
    social_worker: Caller
    case: dict[str, Any]

    @property
    def of_case(self) -> str:
        """The path of the case."""
        return f"/v1/cases/{self.case['case_id']}"

    async def told(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what has been said of the case after its opening."""
        return (await told(self.database, self.case["case_id"]))[1:]

    async def names_told(self) -> list[str]:
        """Return the names of that."""
        return [name for name, _ in await self.told()]

    def times(self, kind: str, *, hours: float, lasting_hours: float = 1) -> dict[str, str]:
        """Return the times of a command of that *kind* (planned, booked, held), beginning *hours* from now."""
        start = self.now + timedelta(hours=hours)
        return {
            f"{kind}_from": start.isoformat(),
            f"{kind}_until": (start + timedelta(hours=lasting_hours)).isoformat(),
        }


@pytest_asyncio.fixture(name="region")
async def _region(app: FastAPI, database: Database) -> Region:
    """The region, set up through the edge like everything else."""
    lead, coordinator = Caller(app, "team_lead", UNIT_ID), Caller(app, "coordinator", UNIT_ID)
    await lead.put(f"/v1/units/{UNIT_ID}", UNIT)
    await lead.put(f"/v1/teams/{TEAM_ID}", {"unit_id": str(UNIT_ID), "name": "Tiimi 1"})
    for worker_id in (WORKER_ID, OTHER_WORKER_ID):
        await lead.put(f"/v1/workers/{worker_id}", WORKER)
    opened = await coordinator.create(
        "/v1/cases",
        {
            "unit_id": str(UNIT_ID),
            "team_id": str(TEAM_ID),
            "responsible_worker_ids": [str(WORKER_ID)],
            "children_count": 2,
            "opened_on": "2026-11-02",
            "family": [{"display_name": "Aino Esimerkki (keksitty)", "channel": "phone", "address": "000 000"}],
        },
    )
    assert opened.status_code == 201, opened.text
    return Region(
        database,
        await now(database),
        lead,
        coordinator,
        Caller(app, "responsible_social_worker", UNIT_ID),
        opened.json(),
    )
