"""Feedback's own database, real and empty."""

from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
import pytest_asyncio

from deploy.databases import Urls
from shared.database import Database
from tests.feedback.hearing import Hearing


@pytest_asyncio.fixture(name="database")
async def _database(service_databases: Callable[[str], Awaitable[Urls]]) -> AsyncGenerator[Database]:
    """The service's database as its runtime role sees it."""
    database = await Database.open((await service_databases("feedback")).runtime, application_name="feedback")
    yield database
    await database.close()


@pytest.fixture(name="hearing")
def _hearing(database: Database) -> Hearing:
    """What feedback hears, and who answers."""
    return Hearing(database)
