"""On real Kafka: the traps that the consumer's settings stand against, each as it would bite."""

import asyncio
from collections import Counter

import pytest
from structlog.testing import capture_logs

from deploy.processes import free_port
from shared import consumer as consumers
from shared.clock import monotonic
from shared.consumer import Consumer, State
from tests.conftest import FreshTopics
from tests.probe import until
from tests.shared.consuming import (
    STOPS_WITHIN_SECONDS,
    Join,
    Ledger,
    Sender,
    committed,
    has,
    is_in,
    send,
    send_unreadable_record,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.kafka]


class TestReading:
    async def test_begins_with_what_was_there_before(
        self, join: Join, producer: Sender, fresh_topics: FreshTopics
    ) -> None:
        """The client's own default would skip everything that a new service has missed."""
        topic = await fresh_topics("loaves", partitions=1)
        await send(producer, topic, "rye", "oat")
        ledger = Ledger()

        join(ledger, topic)
        await until(has(ledger, 2))

        assert ledger.values == ["rye", "oat"]

    async def test_brings_headers_that_are_null_or_not_text_and_the_batch_around_them(
        self, join: Join, producer: Sender, fresh_topics: FreshTopics
    ) -> None:
        """By itself the framework drops the whole batch, silently, whatever the policy."""
        topic = await fresh_topics("loaves", partitions=1)
        await send(producer, topic, "before")
        await producer.send(topic, value=b"odd", headers=[("kind", b"\xffrye"), ("none", None), ("well", b"x")])
        await send(producer, topic, "after")
        ledger = Ledger()

        join(ledger, topic)
        await until(has(ledger, 3))

        assert ledger.values == ["before", "odd", "after"]
        assert list(ledger.taken[1].headers) == [("kind", b"\\xffrye"), ("none", b""), ("well", b"x")]

    async def test_of_a_record_that_cannot_be_taken_apart_loses_nothing_of_the_others(
        self, join: Join, producer: Sender, kafka_servers: str, fresh_topics: FreshTopics,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        """By itself the client loses what other partitions gave in the same call, and tries again without a pause."""
        monkeypatch.setattr(consumers, "LOOK_EVERY_SECONDS", 0.1)
        topic = await fresh_topics("loaves", partitions=3)
        await asyncio.to_thread(send_unreadable_record, kafka_servers, topic, 1)
        for turn in range(20):
            await send(producer, topic, f"left {turn}", partition=0)
            await send(producer, topic, f"right {turn}", partition=2)
        ledger = Ledger()

        consumer = join(ledger, topic)
        await until(has(ledger, 40))

        for side, partition in (("left", 0), ("right", 2)):
            values = [record.value for record in ledger.taken if record.partition == partition]
            assert list(dict.fromkeys(values)) == [f"{side} {turn}".encode() for turn in range(20)]
        assert not consumer.has_died()
        assert not consumer.hangs()

    async def test_tells_how_far_it_is_behind(
        self, join: Join, producer: Sender, fresh_topics: FreshTopics, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Asked of Kafka itself: a client that no longer fetches would believe that there is nothing to fetch."""
        monkeypatch.setattr(consumers, "LOOK_EVERY_SECONDS", 0.05)
        topic = await fresh_topics("loaves", partitions=1)
        ledger = Ledger()
        consumer = join(ledger, topic)
        await until(is_in(consumer, State.CONSUMING))
        ledger.may_end.clear()
        await send(producer, topic, "in hand")
        await ledger.in_hand.wait()
        await send(producer, topic, "waiting", "waiting too")

        async def lags(behind: int) -> bool:
            return consumer.report()["lag"] == behind

        await until(lambda: lags(2))
        ledger.may_end.set()
        await until(lambda: lags(0))


class TestSettling:
    async def test_that_fails_rewinds_the_whole_batch_over_all_partitions(
        self, join: Join, producer: Sender, fresh_topics: FreshTopics
    ) -> None:
        """Every acknowledgement policy but one would commit past it."""
        topic = await fresh_topics("loaves", partitions=3)
        for partition in range(3):
            await send(producer, topic, *(f"{partition}.{place}" for place in range(5)), partition=partition)
        ledger = Ledger()
        ledger.fails = 3

        join(ledger, topic)
        await until(has(ledger, 15))

        assert len(ledger.tried_at) > 3
        for partition in range(3):
            values = [record.value for record in ledger.taken if record.partition == partition]
            assert values == [f"{partition}.{place}".encode() for place in range(5)]

    async def test_moves_the_offsets_only_afterwards(
        self, join: Join, producer: Sender, kafka_servers: str, fresh_topics: FreshTopics
    ) -> None:
        """A process that is killed with a batch in hand gets it again."""
        topic = await fresh_topics("loaves", partitions=1)
        await send(producer, topic, "rye", "oat")
        ledger = Ledger()
        ledger.may_end.clear()
        join(ledger, topic)
        await ledger.in_hand.wait()

        before = await committed(kafka_servers, topic, topic)
        ledger.may_end.set()
        await until(has(ledger, 2))

        async def is_committed() -> bool:
            return await committed(kafka_servers, topic, topic) == 2

        assert before == 0
        await until(is_committed)

    async def test_pauses_between_failures_and_says_so_once(
        self, join: Join, producer: Sender, fresh_topics: FreshTopics, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By itself the framework tries again at once, with an error line each."""
        monkeypatch.setattr(consumers, "pause_seconds", (0.0, 0.7, 1.4).__getitem__)
        topic = await fresh_topics("loaves", partitions=1)
        await send(producer, topic, "rye")
        ledger = Ledger()
        ledger.fails = 2

        with capture_logs() as lines:
            join(ledger, topic)
            await until(has(ledger, 1))

        first, second, third = ledger.tried_at
        assert second - first > 0.7
        assert third - second > 1.4
        assert [line["event"] for line in lines].count("batch_failed") == 1


class Rash(Consumer):
    """A consumer that lets partitions go at once, to see the rebalance test fail."""

    async def revoke(self) -> None:
        """Wait for nobody."""


async def rebalance(join: Join, producer: Sender, topic: str, kind: type[Consumer]) -> Counter[str]:
    """Let a second member join while the first has batches in hand, and return how often each record was taken."""
    first, second = Ledger(), Ledger()
    await send(producer, topic, *(f"loaf {number}" for number in range(40)))
    first.may_end.clear()
    join(first, topic, kind=kind)
    await first.in_hand.wait()
    newcomer = join(second, topic, kind=kind)

    async def is_asked_to_let_go_or_has_lost_it() -> bool:
        return first.gives_up() or second.in_hand.is_set()

    await until(is_asked_to_let_go_or_has_lost_it)
    first.may_end.set()
    await until(is_in(newcomer, State.CONSUMING))

    async def all_taken() -> bool:
        return len({*first.values, *second.values}) == 40

    await until(all_taken)
    return Counter(first.values + second.values)


class TestRebalance:
    async def test_waits_for_the_batch_in_hand(self, join: Join, producer: Sender, fresh_topics: FreshTopics) -> None:
        """Otherwise the next owner handles the same records at the same time."""
        topic = await fresh_topics("loaves", partitions=4)

        taken = await rebalance(join, producer, topic, Consumer)

        assert set(taken.values()) == {1}

    async def test_that_does_not_wait_is_what_this_test_would_notice(
        self, join: Join, producer: Sender, fresh_topics: FreshTopics
    ) -> None:
        """The bite: the same without the drain hands records over twice."""
        topic = await fresh_topics("loaves", partitions=4)

        taken = await rebalance(join, producer, topic, Rash)

        assert max(taken.values()) == 2

    async def test_leaves_a_third_member_of_two_partitions_standing_by(
        self, join: Join, fresh_topics: FreshTopics, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """More processes than partitions are no fault."""
        monkeypatch.setattr(consumers, "LOOK_EVERY_SECONDS", 0.1)
        topic = await fresh_topics("loaves", partitions=2)

        members = [join(Ledger(), topic) for _ in range(3)]

        async def states() -> bool:
            return sorted(member.state for member in members) == [State.CONSUMING, State.CONSUMING, State.STANDBY]

        await until(states)


class TestStopping:
    async def test_lets_the_batch_in_hand_end_and_commits_it(
        self, join: Join, producer: Sender, kafka_servers: str, fresh_topics: FreshTopics
    ) -> None:
        """What is nearly done should not be done again by the next process."""
        topic = await fresh_topics("loaves", partitions=1)
        await send(producer, topic, "rye")
        ledger = Ledger()
        ledger.may_end.clear()
        consumer = join(ledger, topic)
        await ledger.in_hand.wait()

        stopping = asyncio.create_task(consumer.stop(within_seconds=STOPS_WITHIN_SECONDS))

        async def is_told() -> bool:
            return ledger.gives_up()

        await until(is_told)
        ledger.may_end.set()
        await stopping

        assert ledger.values == ["rye"]
        assert await committed(kafka_servers, topic, topic) == 1

    async def test_cancels_a_batch_that_does_not_end(
        self, join: Join, producer: Sender, kafka_servers: str, fresh_topics: FreshTopics
    ) -> None:
        """It has not taken effect and comes again."""
        topic = await fresh_topics("loaves", partitions=1)
        await send(producer, topic, "rye")
        ledger = Ledger()
        ledger.may_end.clear()
        consumer = join(ledger, topic)
        await ledger.in_hand.wait()
        began = monotonic()

        await consumer.stop(within_seconds=STOPS_WITHIN_SECONDS)

        assert monotonic() - began < STOPS_WITHIN_SECONDS
        assert await committed(kafka_servers, topic, topic) == 0

    async def test_is_quick_where_kafka_never_was(self, join: Join) -> None:
        """It is still trying to connect."""
        consumer = join(Ledger(), "bakery.oven.loaves.v1", servers=f"127.0.0.1:{free_port()}")
        for _ in range(5):
            await asyncio.sleep(0)
        began = monotonic()

        await consumer.stop(within_seconds=STOPS_WITHIN_SECONDS)

        assert monotonic() - began < 3
        assert not consumer.has_died()
