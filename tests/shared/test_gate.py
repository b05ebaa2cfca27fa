from datetime import datetime, timedelta

import pytest

from shared import gate
from shared.database import Database
from shared.gate import Watermark
from tests.shared.bakery import LONG_AGO

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]

OVEN, MILL = "bakery.oven.loaves.v1", "bakery.mill.flours.v1"
HOUR = timedelta(hours=1)


async def see(database: Database, *marks: Watermark) -> None:
    async with database.transaction() as tx:
        await gate.raise_watermarks(tx, marks)


async def complete_until(database: Database, *topics: str) -> datetime | None:
    async with database.reading() as connection:
        return await gate.complete_until(connection, topics)


def mark(topic: str, partition: int, hours: int, *, partitions: int = 2) -> Watermark:
    return Watermark(topic, partition, partitions, LONG_AGO + hours * HOUR)


class TestTheGate:
    async def test_is_shut_until_every_partition_of_every_topic_has_spoken(self, database: Database) -> None:
        """What has not spoken may hold anything."""
        seen = [mark(OVEN, 0, 1), mark(OVEN, 1, 1), mark(MILL, 0, 1)]
        for each in seen:
            await see(database, each)
            assert await complete_until(database, OVEN, MILL) is None

        await see(database, mark(MILL, 1, 1))

        assert await complete_until(database, OVEN, MILL) == LONG_AGO + HOUR

    async def test_stands_where_the_slowest_partition_does(self, database: Database) -> None:
        """The others may know more; what is missing may be missing there."""
        await see(database, mark(OVEN, 0, 9), mark(OVEN, 1, 3), mark(MILL, 0, 5), mark(MILL, 1, 7))

        assert await complete_until(database, OVEN, MILL) == LONG_AGO + 3 * HOUR
        assert await complete_until(database, MILL) == LONG_AGO + 5 * HOUR

    async def test_never_goes_back(self, database: Database) -> None:
        """A watermark that comes again, or late from a leader that was replaced, was true when it was said."""
        await see(database, mark(OVEN, 0, 5), mark(OVEN, 1, 5))
        await see(database, mark(OVEN, 0, 2), mark(OVEN, 1, 7), mark(OVEN, 1, 6))

        assert await complete_until(database, OVEN) == LONG_AGO + 5 * HOUR
        await see(database, mark(OVEN, 0, 9))
        assert await complete_until(database, OVEN) == LONG_AGO + 7 * HOUR

    async def test_is_shut_again_when_a_topic_turns_out_to_have_more_partitions(self, database: Database) -> None:
        """A partition that was added has not spoken yet."""
        await see(database, mark(OVEN, 0, 1, partitions=2), mark(OVEN, 1, 1, partitions=2))
        await see(database, mark(OVEN, 0, 2, partitions=3), mark(OVEN, 1, 2, partitions=3))

        assert await complete_until(database, OVEN) is None
