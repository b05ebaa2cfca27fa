"""Databases closed to neighbours, and roles that may do no more than they need."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import pytest

from deploy import databases, migrating
from deploy.databases import Urls
from shared import clock
from tests.shared.bakery import gather_all

ServiceDatabases = Callable[[str], Awaitable[Urls]]

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]


async def run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


class TestTheRuntimeRole:
    async def test_reads_and_writes_rows_of_tables_that_migrations_made(self, service_databases: ServiceDatabases):
        """Its rights were given before the first table existed."""
        urls = await service_databases("scheduling")

        await run(urls.runtime, "INSERT INTO streams (topic, key, sequence) VALUES ('t', 'k', 1)")

    @pytest.mark.parametrize(
        "statement",
        [
            "CREATE TABLE mine (id int)",
            "ALTER TABLE streams ADD COLUMN mine int",
            "DROP TABLE streams",
            "TRUNCATE streams",
            "UPDATE business_clock SET ahead = interval '1 day'",
            "DELETE FROM migrations",
        ],
    )
    async def test_changes_neither_schema_nor_clock(self, service_databases: ServiceDatabases, statement: str):
        """Who breaks into a service gets no further than its rows."""
        urls = await service_databases("scheduling")

        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run(urls.runtime, statement)

    async def test_cannot_hold_a_transaction_open_for_ever(self, service_databases: ServiceDatabases):
        """One sleeping writer would hold the watermark, and with it every verdict, back."""
        urls = await service_databases("scheduling")
        connection = await asyncpg.connect(urls.runtime)

        limits = [
            await connection.fetchval(f"SHOW {setting}")
            for setting in ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")
        ]

        await connection.close()
        assert limits == ["30s", "30s", "1min"]

    async def test_is_written_of_in_no_log_of_the_server(
        self, service_databases: ServiceDatabases, postgres_admin_url: str
    ):
        """Not even where an operator has the server log every statement: the time of one would tell of a person."""
        urls = await service_databases("feedback")
        database = urls.runtime.rpartition("/")[2]
        for setting in ("log_statement = 'all'", "log_min_duration_statement = 0", "log_min_error_statement = 'error'"):
            await run(postgres_admin_url, f"ALTER DATABASE {database} SET {setting}")
        connection = await asyncpg.connect(urls.runtime)

        settings = [
            await connection.fetchval(f"SHOW {setting}")
            for setting in ("log_statement", "log_min_duration_statement", "log_min_error_statement")
        ]

        await connection.close()
        assert settings == ["none", "-1", "panic"]


class TestANeighbour:
    @pytest.mark.parametrize("role", ["owner", "runtime"])
    async def test_is_not_even_let_in(self, service_databases: ServiceDatabases, role: str):
        """Services know each other through Kafka only, and Postgres makes sure of it."""
        theirs = await service_databases("scheduling")
        ours = await service_databases("quality")
        account = getattr(ours, role).rpartition("@")[0]
        place = theirs.runtime.rpartition("@")[2]

        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
            await asyncpg.connect(f"{account}@{place}")


class TestADatabase:
    async def test_may_be_provisioned_and_migrated_again(self, service_databases: ServiceDatabases):
        """Each start of a trial does it, and so does each deployment."""
        urls = await service_databases("scheduling")

        assert await migrating.migrate(urls.owner, "scheduling") == []

    async def test_may_be_given_its_rights_by_several_at_once(self, service_databases: ServiceDatabases):
        """Replicas of a new version migrate together, and Postgres lets no two change the rights of one table."""
        urls = await service_databases("scheduling")

        await gather_all(*(databases.settle_rights(urls.owner, "scheduling") for _ in range(12)))

    async def test_is_migrated_while_its_service_works(self, service_databases: ServiceDatabases):
        """Whoever is just looking at a case is written down, and not refused."""
        urls = await service_databases("scheduling")
        is_migrating = True

        async def migrate() -> None:
            nonlocal is_migrating
            for _ in range(10):
                await migrating.migrate(urls.owner, "scheduling")
            is_migrating = False

        async def look() -> None:
            runtime = await asyncpg.connect(urls.runtime)
            try:
                while is_migrating:
                    await runtime.execute("""
                        INSERT INTO access_log (subject, roles, route, request_id, did)
                        VALUES (gen_random_uuid(), '{coordinator}', 'GET /v1/cases', 'r-1', 'read')
                    """)
            finally:
                await runtime.close()

        await gather_all(migrate(), look())

    async def test_of_a_test_has_a_clock_that_moves(self, service_databases: ServiceDatabases):
        """A month must fit into a test."""
        urls = await service_databases("scheduling")
        owner = await asyncpg.connect(urls.owner)

        then = await clock.business_now(owner)
        await clock.advance(owner, to=then + timedelta(days=400))

        assert await clock.business_now(owner) > then + timedelta(days=400)
        await owner.close()
