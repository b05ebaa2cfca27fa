"""The bakery's database, consumers of its facts, and the bakehouse as a process."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import asyncpg
import httpx
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from deploy.databases import Urls
from deploy.processes import free_port
from shared import ids, migrations
from shared.consumer import Consumer
from shared.database import Database
from shared.metering import Metrics
from shared.metrics import PLUMBING
from tests.architecture.tree import ROOT
from tests.probe import until
from tests.shared import bakery
from tests.shared.bakehouse.__main__ import MIGRATIONS
from tests.shared.bakehouse.running import Bakehouse, Environment, Start, address
from tests.shared.consuming import STOPS_WITHIN_SECONDS, Join, Ledger, Sender


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


@pytest_asyncio.fixture(name="join")
async def _join(kafka_servers: str) -> AsyncGenerator[Join]:
    """Return a function that starts a consumer of the given topics; all are stopped at the end."""
    started: list[Consumer] = []

    def join(ledger: Ledger, *topics: str, servers: str = kafka_servers, kind: type[Consumer] = Consumer) -> Consumer:
        metrics = Metrics("bakery", PLUMBING)
        consumer = kind(servers=servers, group="-".join(topics), topics=topics, take=ledger.take, metrics=metrics)
        started.append(consumer)
        consumer.start()
        return consumer

    yield join
    for each in started:
        await each.stop(within_seconds=STOPS_WITHIN_SECONDS)


@pytest_asyncio.fixture(name="producer")
async def _producer(kafka_servers: str) -> AsyncGenerator[Sender]:
    async with AIOKafkaProducer(bootstrap_servers=kafka_servers) as producer:
        yield cast("Sender", producer)


@pytest_asyncio.fixture(name="environment")
async def _environment(postgres_admin_url: str) -> AsyncGenerator[Environment]:
    """Settings of a bakehouse with a migrated database of its own, and without Kafka."""
    name = f"test_bakehouse_{ids.new_id().hex[:12]}"
    admin = await asyncpg.connect(postgres_admin_url)
    await admin.execute(f"CREATE DATABASE {name}")
    url = postgres_admin_url.rpartition("/")[0] + "/" + name
    await migrations.migrate(url, *MIGRATIONS)
    settings = {
        "DATABASE_URL": url,
        "KAFKA_SERVERS": f"127.0.0.1:{free_port()}",
        "KAFKA_INSTANCE": "1",
        "HTTP_PORT": "0",
        "TOKEN_KEYS_FILE": "unused",
        "TOKEN_ISSUER": "unused",
        "TOKEN_AUDIENCE": "unused",
        "ENVIRONMENT": "test",
        "WATERMARK_INTERVAL_SECONDS": "0.5",
    }
    yield {f"BAKEHOUSE_{name}": value for name, value in settings.items()}
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(name="start")
def _start(environment: Environment, tmp_path: Path) -> Start:
    """Return a function that runs a bakehouse, with settings changed as wanted, and kills it at the end."""

    @asynccontextmanager
    async def start(*, listens: bool = True, **changes: str) -> AsyncGenerator[Bakehouse]:
        log = tmp_path / f"{ids.new_id().hex}.log"
        with log.open("w") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.shared.bakehouse", cwd=ROOT, stdout=out, stderr=out,
                env={**os.environ, **environment, **{f"BAKEHOUSE_{name.upper()}": to for name, to in changes.items()}},
            )  # fmt: skip
        bakehouse = Bakehouse(process, log, httpx.AsyncClient(timeout=30))
        try:
            if listens:
                await until(lambda: address(bakehouse, of="door_listens"), within_seconds=30)
                bakehouse.http.base_url = httpx.URL(await address(bakehouse))
            yield bakehouse
        finally:
            await bakehouse.http.aclose()
            if process.returncode is None:
                process.kill()
                await process.wait()

    return start
