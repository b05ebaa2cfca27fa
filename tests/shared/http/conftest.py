"""A real database for the bakery, and what it writes to its log."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncGenerator, Callable, Generator

import asyncpg
import pytest
import pytest_asyncio
import structlog

from deploy import databases, migrating
from deploy.databases import Passwords, Urls
from shared import ids, logs
from shared.database import Database
from tests.shared.http import bakery

Logged = Callable[[], list[dict[str, object]]]


@pytest.fixture(name="bakery_urls", scope="session")
def _bakery_urls(postgres_admin_url: str) -> Generator[Urls]:
    """Addresses of the one database in which this worker's bakeries stand, one after the other."""
    name = f"test_bakery_{ids.new_id().hex[:8]}"

    async def make() -> Urls:
        urls = await databases.provision(
            postgres_admin_url, "bakery", Passwords(owner="test", runtime="test", auditor="test"), database=name
        )
        await migrating.migrate(urls.owner, "bakery")
        owner = await asyncpg.connect(urls.owner)
        await owner.execute(bakery.SCHEMA)
        await owner.close()
        return urls

    async def drop() -> None:
        admin = await asyncpg.connect(postgres_admin_url)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()

    yield asyncio.run(make())
    asyncio.run(drop())


@pytest_asyncio.fixture(name="database")
async def _database(bakery_urls: Urls) -> AsyncGenerator[Database]:
    """The bakery's database as its runtime role sees it, empty."""
    database = await Database.open(bakery_urls.runtime, application_name="bakery")
    for table in ("orders", "loaves", "idempotency_keys"):
        await database.pool.execute(f"DELETE FROM {table}")
    yield database
    await database.close()


@pytest.fixture(name="logged")
def _logged() -> Generator[Logged]:
    """Return the lines as they would be written in production, so far."""
    stream = io.StringIO()
    logs.configure(service="bakery", version="1", environment="test", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
