import asyncio
from collections.abc import AsyncGenerator
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from shared import migrations
from shared.ids import new_id
from shared.migrations import SchemaMismatch

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]

PLUMBING = Path(migrations.__file__).parent / "migrations"
ROUNDS = 4


@pytest_asyncio.fixture(name="admin")
async def _admin(postgres_admin_url: str) -> AsyncGenerator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(postgres_admin_url)
    yield connection
    await connection.close()


@pytest_asyncio.fixture(name="empty_url")
async def _empty_url(admin: "asyncpg.Connection[asyncpg.Record]", postgres_admin_url: str) -> AsyncGenerator[str]:
    """Address of a database without a table."""
    name = f"empty_{new_id().hex}"
    await admin.execute(f"CREATE DATABASE {name}")
    yield urlsplit(postgres_admin_url)._replace(path=f"/{name}").geturl()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """The migrations of an oven: one file."""
    folder = tmp_path / "oven" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0001_loaves.sql").write_text("CREATE TABLE loaves (loaf text PRIMARY KEY);\n")
    return folder


async def tables_of(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    return {row["tablename"] for row in rows}


async def check(url: str, *folders: Path) -> None:
    connection = await asyncpg.connect(url)
    try:
        await migrations.check(connection, *folders)
    finally:
        await connection.close()


class TestMigrate:
    async def test_may_be_started_by_four_at_once(self, empty_url: str, folder: Path) -> None:
        """Replicas of a new version start together; each file is applied once."""
        for turn in range(ROUNDS):
            (folder / f"000{turn + 2}_round.sql").write_text(f"CREATE TABLE round_{turn} (turn int);\n")
            applied = await asyncio.gather(*(migrations.migrate(empty_url, PLUMBING, folder) for _ in range(4)))

            assert sorted(map(bool, applied)) == [False, False, False, True]

        assert {f"round_{turn}" for turn in range(ROUNDS)} | {"outbox", "loaves"} <= await tables_of(empty_url)

    async def test_goes_folder_by_folder_and_by_name(self, empty_url: str, folder: Path) -> None:
        """A service's files stand on the plumbing's."""
        (folder / "0010_shelves.sql").write_text("ALTER TABLE shelves ADD COLUMN height int;\n")
        (folder / "0002_shelves.sql").write_text("CREATE TABLE shelves (shelf int, first_fact bigint);\n")

        applied = await migrations.migrate(empty_url, PLUMBING, folder)

        plumbing = [f"shared/{path.name}" for path in sorted(PLUMBING.glob("*.sql"))]
        assert applied == [*plumbing, "oven/0001_loaves.sql", "oven/0002_shelves.sql", "oven/0010_shelves.sql"]

    async def test_applies_a_file_whole_or_not_at_all(self, empty_url: str, folder: Path) -> None:
        """What failed half-way can simply be mended and run again."""
        second = folder / "0002_more.sql"
        second.write_text("CREATE TABLE more (loaf text); CREATE TABLE loaves (again text);\n")
        with pytest.raises(asyncpg.DuplicateTableError):
            await migrations.migrate(empty_url, folder)
        assert await tables_of(empty_url) == {"migrations", "loaves"}

        second.write_text("CREATE TABLE more (loaf text);\n")

        assert await migrations.migrate(empty_url, folder) == ["oven/0002_more.sql"]

    async def test_refuses_a_file_that_changed_after_it_was_applied(self, empty_url: str, folder: Path) -> None:
        """Two databases would differ for ever, and nobody would know."""
        await migrations.migrate(empty_url, folder)
        (folder / "0001_loaves.sql").write_text("CREATE TABLE loaves (loaf text, grams int);\n")
        (folder / "0002_more.sql").write_text("CREATE TABLE more (loaf text);\n")

        with pytest.raises(SchemaMismatch, match=r"oven/0001_loaves\.sql was changed"):
            await migrations.migrate(empty_url, folder)

        assert "more" not in await tables_of(empty_url)

    async def test_runs_a_file_outside_a_transaction_if_it_says_so(self, empty_url: str, folder: Path) -> None:
        """An index on a busy table is built without locking it; that works in no transaction, and for four at once."""
        (folder / "0002_index.sql").write_text(
            "-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS loaves_by_loaf ON loaves (loaf);\n"
        )

        applied = await asyncio.gather(*(migrations.migrate(empty_url, folder) for _ in range(4)))

        assert [*chain(*applied)] == ["oven/0001_loaves.sql", "oven/0002_index.sql"]

    async def test_does_not_take_an_index_for_built_that_was_cut_short(self, empty_url: str, folder: Path) -> None:
        """It stays behind, invalid, and IF NOT EXISTS would pass it over: a promise of uniqueness that nobody keeps."""
        await migrations.migrate(empty_url, folder)
        (folder / "0002_index.sql").write_text(
            "-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS one_size ON loaves (length(loaf));\n"
        )
        connection = await asyncpg.connect(empty_url)
        try:
            await connection.execute("INSERT INTO loaves VALUES ('rye'), ('oat')")
            with pytest.raises(asyncpg.UniqueViolationError):
                await migrations.migrate(empty_url, folder)
            await connection.execute("DELETE FROM loaves WHERE loaf = 'oat'")

            with pytest.raises(SchemaMismatch, match="DROP INDEX CONCURRENTLY one_size"):
                await migrations.migrate(empty_url, folder)
            await connection.execute("DROP INDEX one_size")

            assert await migrations.migrate(empty_url, folder) == ["oven/0002_index.sql"]
        finally:
            await connection.close()


class TestCheck:
    async def test_is_content_with_a_database_that_is_up_to_date_or_ahead(self, empty_url: str, folder: Path) -> None:
        """During an upgrade the old program runs on the new schema."""
        later = folder / "0002_more.sql"
        later.write_text("CREATE TABLE more (loaf text);\n")
        await migrations.migrate(empty_url, folder)
        await check(empty_url, folder)

        later.unlink()

        await check(empty_url, folder)

    async def test_names_what_is_missing(self, empty_url: str, folder: Path) -> None:
        """Who starts a service on an old database must be told which file, not which column."""
        with pytest.raises(SchemaMismatch, match=r"oven/0001_loaves\.sql is missing"):
            await check(empty_url, folder)
        await migrations.migrate(empty_url, folder)
        (folder / "0002_more.sql").write_text("CREATE TABLE more (loaf text);\n")

        with pytest.raises(SchemaMismatch, match=r"oven/0002_more\.sql is missing"):
            await check(empty_url, folder)

    async def test_refuses_a_database_made_by_other_files(self, empty_url: str, folder: Path) -> None:
        """The same number, other contents: some branch was there first."""
        await migrations.migrate(empty_url, folder)
        (folder / "0001_loaves.sql").write_text("CREATE TABLE loaves (loaf text, grams int);\n")

        with pytest.raises(SchemaMismatch, match="was changed"):
            await check(empty_url, folder)
