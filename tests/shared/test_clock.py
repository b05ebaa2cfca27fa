from collections.abc import AsyncGenerator
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio

from deploy.databases import Urls
from shared import clock
from shared.database import Connection, Database
from tests.shared.bakery import LoafBaked, bake

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]

MONTH = timedelta(days=31)
A_MOMENT = timedelta(minutes=1)


@pytest_asyncio.fixture(name="owner")
async def _owner(bakery_urls: Urls) -> AsyncGenerator[Connection]:
    connection = await asyncpg.connect(bakery_urls.owner)
    yield connection
    await connection.close()


class TestBusinessTime:
    async def test_is_the_machines_time_until_it_is_moved(self, owner: Connection) -> None:
        """Production never moves it."""
        assert abs(await clock.business_now(owner) - clock.utc_now()) < A_MOMENT

    async def test_goes_on_from_where_it_is_moved(self, owner: Connection, database: Database) -> None:
        """In every session at once, and for what is recorded from then on."""
        to = clock.utc_now() + MONTH
        await clock.advance(owner, to=to)

        async with database.transaction() as tx:
            assert timedelta(0) < tx.now - to < A_MOMENT
        assert timedelta(0) < await bake(database, LoafBaked(loaf="rye")) - to < A_MOMENT

    async def test_moves_forward_only(self, owner: Connection) -> None:
        """What was judged by a later time could not be judged again by an earlier one."""
        there = clock.utc_now() + MONTH
        await clock.advance(owner, to=there)

        with pytest.raises(clock.ClockMovesForwardOnly):
            await clock.advance(owner, to=there - timedelta(days=1))

        assert await clock.business_now(owner) > there

    async def test_returns_how_far_ahead_it_is(self, owner: Connection) -> None:
        """Of the machine's time, after several moves too."""
        await clock.advance(owner, to=clock.utc_now() + MONTH)
        ahead = await clock.advance(owner, to=clock.utc_now() + 2 * MONTH)

        assert abs(ahead - 2 * MONTH) < A_MOMENT


class TestALockedClock:
    @pytest_asyncio.fixture(autouse=True)
    async def _locked(self, owner: Connection) -> None:
        await owner.execute("UPDATE business_clock SET is_locked = true")

    async def test_cannot_be_moved(self, owner: Connection) -> None:
        """As in production, where time is what it is."""
        with pytest.raises(clock.ClockLocked):
            await clock.advance(owner, to=clock.utc_now() + MONTH)

    async def test_stands_at_the_machines_time_whatever_is_tried(self, owner: Connection) -> None:
        """The database itself refuses, should a program forget to ask."""
        with pytest.raises(asyncpg.CheckViolationError, match="a_locked_clock_is_the_real_one"):
            await owner.execute("UPDATE business_clock SET ahead = interval '1 day'")

    async def test_is_out_of_reach_of_the_running_service(self, database: Database) -> None:
        """It may only read what time it is."""
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await database.pool.execute("UPDATE business_clock SET is_locked = false")
