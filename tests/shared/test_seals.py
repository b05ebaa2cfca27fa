"""Seals on the access log: tampering shows, and says where."""

from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from deploy.databases import Urls
from shared import seals
from shared.access_log import Notes
from shared.database import Connection, Database
from shared.ids import new_id
from shared.loops import RunningLoop
from shared.metering import Metrics
from shared.metrics import PLUMBING
from tests.probe import until

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

BAKER, LOAF = new_id(), new_id()
Anyone = Connection


def notes(*loaves: UUID) -> Notes:
    """Return the notes of a baker who looked at loaves."""
    made = Notes(subject=BAKER, roles=("baker", "master"), route="GET /v1/loaves", request_id="r-1", does="read")
    for loaf in loaves:
        made.saw(loaf, "crew")
    return made


async def write(database: Database, *loaves: UUID) -> None:
    """Write lines in a transaction of their own."""
    async with database.transaction() as tx:
        await notes(*loaves).write(tx.connection)


async def seal_once(database: Database) -> int:
    """Seal what can be sealed; return how many lines that was."""
    async with database.transaction() as tx:
        return await seals.seal(tx.connection)


async def seal(database: Database, *, lines: int) -> None:
    """Seal so many lines, as soon as whatever else is open on this server, by other tests, has ended."""
    sealed = 0

    async def all_are_sealed() -> bool:
        nonlocal sealed
        sealed += await seal_once(database)
        return sealed >= lines

    await until(all_are_sealed)
    assert sealed == lines


@pytest_asyncio.fixture(name="owner")
async def _owner(bakery_urls: Urls) -> AsyncGenerator[Anyone]:
    """Somebody who may do everything with the tables, and does."""
    connection = await asyncpg.connect(bakery_urls.owner)
    yield connection
    await connection.close()


@pytest_asyncio.fixture(name="auditor")
async def _auditor(bakery_urls: Urls) -> AsyncGenerator[Anyone]:
    """Somebody who may look at the log."""
    connection = await asyncpg.connect(bakery_urls.auditor)
    yield connection
    await connection.close()


@pytest_asyncio.fixture(name="_sealed")
async def _sealed_fixture(database: Database) -> None:
    """Three batches of two lines each."""
    for _ in range(3):
        await write(database, new_id(), new_id())
        await seal(database, lines=2)


async def checked(auditor: Anyone) -> Sequence[str]:
    """Return what an auditor finds."""
    return (await seals.check(auditor)).faults


@pytest.mark.usefixtures("_sealed")
class TestTampering:
    async def test_is_not_found_where_there_is_none(self, auditor: Anyone) -> None:
        """All lines are read and all seals made again."""
        found = await seals.check(auditor)
        assert (found.seals, found.lines, found.unsealed, found.faults) == (3, 6, 0, [])
        assert found.last is not None
        assert found.last[0] == 3

    @pytest.mark.parametrize(
        "column, value",
        [
            ("at", "at + interval '1 microsecond'"),
            ("subject", "gen_random_uuid()"),
            ("known_as", "gen_random_uuid()"),
            ("roles", "'{baker}'"),
            ("route", "'GET /v1/rolls'"),
            ("request_id", "'r-2'"),
            ("did", "'written'"),
            ("object_id", "NULL"),
            ("ground", "'lead'"),
        ],
    )
    async def test_with_any_column_of_one_line_is_found(
        self, owner: Anyone, auditor: Anyone, column: str, value: str
    ) -> None:
        """In the batch where it was done, and nowhere else."""
        await owner.execute(f"UPDATE access_log SET {column} = {value} WHERE id = 3")
        assert await checked(auditor) == ["batch 2 holds a line that was altered"]

    async def test_by_removing_a_line_is_found(self, owner: Anyone, auditor: Anyone) -> None:
        """Somebody would like not to have looked."""
        await owner.execute("DELETE FROM access_log WHERE id = 4")
        assert await checked(auditor) == ["batch 2 holds 1 line(s) fewer than were sealed: removed"]

    async def test_by_inserting_a_line_is_found(self, owner: Anyone, auditor: Anyone) -> None:
        """Somebody else shall have looked, in the past."""
        await owner.execute("""
            INSERT INTO access_log (xid, at, subject, roles, route, request_id, did)
            SELECT xid, at, gen_random_uuid(), roles, route, request_id, did FROM access_log WHERE id = 3
        """)
        assert await checked(auditor) == ["batch 2 holds 1 line(s) more than were sealed: inserted"]

    async def test_by_moving_a_line_to_another_batch_is_found(self, owner: Anyone, auditor: Anyone) -> None:
        """In both of them."""
        await owner.execute("UPDATE access_log SET xid = (SELECT xid FROM access_log WHERE id = 1) WHERE id = 3")
        assert await checked(auditor) == [
            "batch 1 holds 1 line(s) more than were sealed: inserted",
            "batch 2 holds 1 line(s) fewer than were sealed: removed",
        ]

    async def test_with_a_seal_to_match_breaks_the_chain(self, owner: Anyone, auditor: Anyone) -> None:
        """Whoever makes one seal anew has to make all that follow anew, and those stand in the service's own log."""
        await owner.execute("UPDATE access_log SET ground = 'lead' WHERE id = 3")
        [second] = [each for each in await owner.fetch("SELECT * FROM access_seals") if each["number"] == 2]
        first: bytes = await owner.fetchval("SELECT digest FROM access_seals WHERE number = 1")
        bounds = (str(second["from_xid"]), str(second["until_xid"]))
        lines, content = await _content(owner, *bounds)
        forged = seals._digest(first, 2, *bounds, lines, content)
        await owner.execute("UPDATE access_seals SET content = $1, digest = $2 WHERE number = 2", content, forged)
        assert await checked(auditor) == ["batch 3 does not follow from the one before it: the chain is broken"]

    async def test_by_removing_a_batch_is_found(self, owner: Anyone, auditor: Anyone) -> None:
        """With its lines, so that nothing in it is left to compare."""
        await owner.execute("DELETE FROM access_log WHERE id IN (3, 4)")
        await owner.execute("DELETE FROM access_seals WHERE number = 2")
        assert await checked(auditor) == [
            "batch 2 is missing",
            "batch 3 does not follow from the one before it: the chain is broken",
        ]

    async def test_with_the_bounds_of_a_batch_is_found(self, owner: Anyone, auditor: Anyone) -> None:
        """A line between two batches would be in neither."""
        await owner.execute(
            "UPDATE access_seals SET from_xid = ((from_xid::text::bigint + 1)::text)::xid8 WHERE number = 3"
        )
        assert await checked(auditor) == [
            "batch 3 does not begin where the one before it ends",
            "batch 3 does not follow from the one before it: the chain is broken",
        ]


async def _content(connection: Anyone, from_xid: str, until_xid: str) -> tuple[int, bytes]:
    async with connection.transaction():
        return await seals._content(connection, from_xid, until_xid)


class TestSealing:
    async def test_waits_for_whoever_is_still_writing(self, database: Database, auditor: Anyone) -> None:
        """A line that is committed after the seal, and was begun before it, is in the next one."""
        async with database.transaction() as slow:
            await notes(LOAF).write(slow.connection)
            await write(database, LOAF)
            assert await seal_once(database) == 0
        await seal(database, lines=2)
        assert await checked(auditor) == []

    async def test_makes_no_seal_of_nothing(self, database: Database) -> None:
        """A quiet night leaves no trace."""
        await write(database, LOAF)
        await seal(database, lines=1)
        assert await seal_once(database) == 0
        assert await database.pool.fetchval("SELECT count(*) FROM access_seals") == 1

    async def test_is_done_by_one_process_at_a_time(self, database: Database) -> None:
        """The others have nothing to do."""
        await write(database, LOAF)
        async with database.transaction() as first:
            await until(lambda: seals.seal(first.connection))
            await write(database, LOAF)
            assert await seal_once(database) == 0
        await seal(database, lines=1)

    async def test_refuses_to_go_on_from_another_servers_seals(self, database: Database, owner: Anyone) -> None:
        """A dump brings seals that count in transactions which are still to come here."""
        await write(database, LOAF)
        await seal(database, lines=1)
        await owner.execute("UPDATE access_seals SET until_xid = '9000000000'")
        with pytest.raises(seals.SealsOfAnotherServer):
            await seal_once(database)

    async def test_tells_what_waits_for_a_seal(self, database: Database, auditor: Anyone) -> None:
        """Nobody shall think that it was checked."""
        await write(database, LOAF)
        found = await seals.check(auditor)
        assert (found.seals, found.unsealed, found.last) == (0, 1, None)

    async def test_is_done_by_a_loop(self, database: Database, auditor: Anyone) -> None:
        """Of every service."""
        await write(database, LOAF)
        loop = RunningLoop(seals.sealing(database, every=timedelta(seconds=0.05)), Metrics("bakery", PLUMBING))

        async def is_sealed() -> bool:
            return (await seals.check(auditor)).seals == 1

        await until(is_sealed)
        await loop.stop(within_seconds=5)


class TestTheRoles:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE access_log SET ground = 'lead'",
            "DELETE FROM access_log",
            "TRUNCATE access_log",
            "UPDATE access_seals SET lines = 1",
            "DELETE FROM access_seals",
            "TRUNCATE access_seals",
        ],
    )
    async def test_of_the_service_only_adds(self, database: Database, statement: str) -> None:
        """Who breaks into a service can look, and is seen looking."""
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await database.pool.execute(statement)

    @pytest.mark.parametrize("column, value", [("at", "now() - interval '1 year'"), ("xid", "'7'")])
    async def test_of_the_service_cannot_say_when(self, database: Database, column: str, value: str) -> None:
        """A line that somebody adds today is of today, whatever it tells."""
        await write(database, LOAF)

        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await database.pool.execute(f"""
                INSERT INTO access_log ({column}, subject, roles, route, request_id, did)
                SELECT {value}, subject, roles, route, request_id, did FROM access_log
            """)

    @pytest.mark.parametrize(
        "statement",
        ["SELECT * FROM outbox", "SELECT * FROM eaten", "INSERT INTO access_seals VALUES (1, '1', '2', 1, '', '')"],
    )
    async def test_of_the_auditor_reads_the_log_and_nothing_else(self, auditor: Anyone, statement: str) -> None:
        """An audit is no way around what it audits."""
        await auditor.execute("SET default_transaction_read_only = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await auditor.execute(statement)
