"""Quality's own database, real and empty, in a year in which all the stories of the tests are past."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import pytest
import pytest_asyncio

from deploy.databases import Urls
from shared import clock
from shared.database import Database
from tests.quality.stream import Hearing

NOW = datetime(2032, 1, 1, tzinfo=UTC)


@pytest_asyncio.fixture(name="database")
async def _database(service_databases: Callable[[str], Awaitable[Urls]]) -> AsyncGenerator[Database]:
    """The service's database as its runtime role sees it, empty; it is New Year 2032."""
    urls = await service_databases("quality")
    owner = await asyncpg.connect(urls.owner)
    await clock.advance(owner, to=NOW)
    await owner.close()
    database = await Database.open(urls.runtime, application_name="quality")
    yield database
    await database.close()


@pytest.fixture(name="hearing")
def _hearing(database: Database) -> Hearing:
    """What quality hears."""
    return Hearing(database)
