"""A real database for the bakery."""

import asyncio
import io
import json
import logging
import os
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
import structlog

from shared import ids, logs, migrations
from shared.database import Database
from tests.shared.http import bakery

SERVER = os.environ.get("HTTP_TEST_SERVER", "postgresql://postgres@127.0.0.1:54739")
PLUMBING = Path(migrations.__file__).parent / "migrations"


@pytest.fixture(name="bakery_template", scope="session")
def _bakery_template() -> str:
    name = f"bakery_{ids.new_id().hex}"

    async def make() -> None:
        server = await asyncpg.connect(f"{SERVER}/postgres")
        await server.execute(f"CREATE DATABASE {name}")
        await server.close()
        await migrations.migrate(f"{SERVER}/{name}", PLUMBING)
        here = await asyncpg.connect(f"{SERVER}/{name}")
        await here.execute(bakery.SCHEMA)
        await here.close()

    asyncio.run(make())
    return name


@pytest_asyncio.fixture(name="database")
async def _database(bakery_template: str) -> AsyncGenerator[Database]:
    name = f"bakery_{ids.new_id().hex}"
    server = await asyncpg.connect(f"{SERVER}/postgres")
    await server.execute(f"CREATE DATABASE {name} TEMPLATE {bakery_template} STRATEGY file_copy")
    database = await Database.open(f"{SERVER}/{name}", application_name="bakery")
    yield database
    await database.close()
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()


Logged = Callable[[], list[dict[str, object]]]


@pytest.fixture(name="logged")
def _logged() -> Generator[Logged]:
    """Return the lines as they would be written in production, so far."""
    stream = io.StringIO()
    logs.configure(service="bakery", version="1", environment="test", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
