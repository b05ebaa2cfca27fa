"""The bakery's database."""

from collections.abc import AsyncGenerator, Awaitable, Callable

import asyncpg
import pytest_asyncio

from deploy.databases import Urls
from shared.database import Database
from tests.shared import bakery


@pytest_asyncio.fixture(name="bakery_urls")
async def _bakery_urls(service_databases: Callable[[str], Awaitable[Urls]]) -> Urls:
    """Addresses of a database of this test's own, with the plumbing's tables and the eater's."""
    urls = await service_databases("bakery")
    owner = await asyncpg.connect(urls.owner)
    await owner.execute(bakery.TABLES)
    await owner.close()
    return urls


@pytest_asyncio.fixture(name="database")
async def _database(bakery_urls: Urls) -> AsyncGenerator[Database]:
    """The bakery's database as its runtime role sees it."""
    database = await Database.open(bakery_urls.runtime, application_name="bakery", max_size=20)
    yield database
    await database.close()
