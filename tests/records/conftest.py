"""Records' own database, real and empty, and its edge; it is a Wednesday in January 2032."""

from collections.abc import AsyncGenerator, Awaitable, Callable

import asyncpg
import pytest
import pytest_asyncio
from fastapi import FastAPI

from deploy.databases import Urls
from services.records import api
from shared import clock
from shared.database import Database
from tests.records.builders import NOW
from tests.records.stream import Hearing
from tests.scheduling.edge import TRUST


@pytest_asyncio.fixture(name="hearing")
async def _hearing(service_databases: Callable[[str], Awaitable[Urls]]) -> AsyncGenerator[Hearing]:
    """What records hears, into a database of its own as its runtime role sees it."""
    urls = await service_databases("records")
    owner = await asyncpg.connect(urls.owner)
    await clock.advance(owner, to=NOW)
    await owner.close()
    database = await Database.open(urls.runtime, application_name="records")
    yield Hearing(database)
    await database.close()


@pytest.fixture(name="app")
def _app(hearing: Hearing) -> FastAPI:
    """The service's application."""
    return api.app(trust=TRUST, database=hearing.database)
