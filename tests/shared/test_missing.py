"""What never came is known, and can be sent again as it was."""

from dataclasses import replace

import pytest

from deploy.databases import Urls
from shared import missing
from shared.database import Database
from shared.missing import Missing, missing_at, send_again
from shared.producer import Producer
from shared.relay import Relay
from tests.conftest import FreshTopics
from tests.shared.bakery import LONG_AGO, TOPIC, Eater, Oven, bake, baking_in, facts_of, first_tellings, listening, take

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]


class TestWhatIsMissing:
    async def test_is_what_was_passed_over_and_has_not_come_since(self, database: Database) -> None:
        """Of each stream, in ranges; what is older than our listening was never ours."""
        eater, oven = Eater(), Oven()
        await take(
            database, eater, [oven.fact("rye", 1), oven.fact("rye", 5), oven.fact("oat", 4), oven.fact("oat", 5)]
        )
        async with database.reading() as connection:
            [whole] = await missing_at(connection)
        assert (whole.topic, whole.key, whole.first, whole.until, whole.facts) == (TOPIC, "rye", 2, 5, 3)

        await take(database, eater, [oven.fact("rye", 3)])

        async with database.reading() as connection:
            left = await missing_at(connection)
        assert left == [
            Missing(TOPIC, "rye", 2, 3, whole.noticed_at),
            Missing(TOPIC, "rye", 4, 5, whole.noticed_at),
        ]


@pytest.mark.kafka
class TestSendingAgain:
    @pytest.fixture(autouse=True)
    def _by_twos(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let more than one portion be needed."""
        monkeypatch.setattr(missing, "_SENT_AT_ONCE", 2)

    async def test_gives_kafka_the_same_once_more(
        self, database: Database, bakery_urls: Urls, kafka_servers: str, fresh_topics: FreshTopics
    ) -> None:
        """Ids, times and bytes; of what is missing, and of nothing else, in the order of each key."""
        baked = baking_in(await fresh_topics("loaves", partitions=1))
        for version in range(1, 8):
            await bake(database, *(baked(loaf=loaf, version=version) for loaf in ("rye", "oat")))
        relay = Relay(bakery_urls.runtime, kafka_servers, [baked.topic])
        await relay.run_once()
        await relay.close()
        wanted = [
            Missing(baked.topic, "rye", 2, 5, LONG_AGO),
            Missing(baked.topic, "rye", 7, 8, LONG_AGO),
            Missing(baked.topic, "oat", 7, 9, LONG_AGO),
            Missing("bakery.other.loaves.v1", "rye", 1, 9, LONG_AGO),
        ]

        producer = await Producer.start(kafka_servers)
        async with database.pool.acquire() as writer:
            sent = await send_again(writer, producer, wanted)
        await producer.abandon()

        assert sent == 5
        async with listening(kafka_servers, baked.topic, partitions=1) as listen:
            told = facts_of(await listen())
        first, again = told[:14], told[14:]
        assert first_tellings(again) == {"rye": [2, 3, 4, 7], "oat": [7]}
        originals = {(each.key, each.sequence): each for each in first}
        for each in again:
            assert replace(each, offset=0) == replace(originals[each.key, each.sequence], offset=0)
