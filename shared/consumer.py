"""
Reading from Kafka: one member of the service's consumer group, over all topics that it listens to, batch by batch.

Kafka being away is weather: the member is started in the background, again and again; what it reads is handed to
`take`, which settles a batch or raises, and only then are the offsets moved. A member is thrown away and built anew
only when the client inside it can never recover by itself.

The settings stand against traps that `tests/shared/test_consumer.py` shows one by one.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.exceptions import NackMessage
from faststream.kafka import KafkaBroker, Topic
from faststream.kafka.annotations import KafkaMessage
from faststream.message import AckStatus

from shared import clock, logs
from shared.kafka_client import Client, Record, decode_nothing, parse_safely
from shared.loops import Dependency
from shared.metering import Metrics
from shared.metrics import BATCH_HANDLING, BATCH_SIZE, CONSUMER_CONNECTED, EVENT_HANDLING, LAG, LAST_BATCH_AGE
from shared.trouble import ends_within, is_passing, pause_seconds

log = logs.get(__name__)
# Not FastStream's own logger, which brings a handler of its own. What it warns of, we know or say ourselves.
_library_log = logging.getLogger(f"{__name__}.faststream")
_library_log.setLevel(logging.ERROR)

Take = Callable[[tuple[Record, ...], Callable[[], bool]], Awaitable[None]]
"""
Settles a batch: when it returns, all effects are durable. It should raise soon once the callable it is given says that
the partitions are being taken away, or that the process stops; the batch then comes again, perhaps elsewhere.
"""

MAX_RECORDS = 500
DRAIN_SECONDS = 30.0
"""How long a rebalance waits for the batch in hand; the others' requests to join, which wait for us, end after 40 s."""
LOOK_EVERY_SECONDS = 2.0
_ANSWERS_WITHIN_SECONDS = 4.0  # a question waits behind the long poll of a fetch
TAKE_HANGS_AFTER_SECONDS = 300.0
STANDS_STILL_AFTER_SECONDS = 120.0
_BATCH_ENDS_WITHIN_SECONDS = 3.0
_CLOSES_WITHIN_SECONDS = 5.0


class State(StrEnum):
    """Where a consumer is with Kafka."""

    CONNECTING = "connecting"  # no answer yet, or a topic is missing, or the group is being joined
    STANDBY = "standby"  # a member of the group, but all partitions are with others
    CONSUMING = "consuming"
    AWAY = "away"  # was connected; Kafka does not answer now


@dataclass(slots=True)
class _Progress:
    """How far this process has read, as last looked at."""

    positions: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    lag: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    moved_at: float = field(default_factory=clock.monotonic)

    def note(
        self,
        positions: Mapping[TopicPartition, int],
        ends: Mapping[TopicPartition, int],
        *,
        apart_from: set[TopicPartition],
    ) -> None:
        """Note where it reads next, and where the partitions end; from those *apart_from* nothing is expected."""
        self.lag = {at: max(ends[at] - position, 0) for at, position in positions.items()}
        waits = any(behind for at, behind in self.lag.items() if at not in apart_from)
        if positions != self.positions or not waits:
            self.moved_at = clock.monotonic()
        self.positions = dict(positions)


class Consumer:
    """
    One member of the consumer group *group*, from `start` to `stop`.

    An *instance* that has a name keeps its partitions while it is restarted, see `Settings.kafka_instance`.
    """

    name = "consumer"
    needs: frozenset[Dependency] = frozenset({"database"})

    def __init__(
        self,
        *,
        servers: str,
        group: str,
        topics: Sequence[str],
        take: Take,
        metrics: Metrics,
        instance: str | None = None,
    ) -> None:
        self._servers = servers
        self._group = group
        self._instance = instance
        self._topics = tuple(topics)
        self._take = take
        self._metrics = metrics
        self._in_hand = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._is_revoking = False
        self._taking_since: float | None = None
        self._taken_at = math.nan
        self._failures = 0
        self._state, self._state_since = State.CONNECTING, clock.utc_now()
        self._progress = _Progress()
        self._unreadable: set[TopicPartition] = set()
        self._task: asyncio.Task[None] | None = None
        metrics.ask(LAG, lambda: {(at.topic, str(at.partition)): behind for at, behind in self._progress.lag.items()})
        metrics.ask(CONSUMER_CONNECTED, lambda: self._state in {State.CONSUMING, State.STANDBY})
        metrics.ask(LAST_BATCH_AGE, lambda: clock.monotonic() - self._taken_at)

    @property
    def state(self) -> State:
        """Where it is with Kafka; looked at every `LOOK_EVERY_SECONDS`."""
        return self._state

    def report(self) -> dict[str, object]:
        """Return state, since when, and lag, for people."""
        since = self._state_since.isoformat(timespec="seconds")
        report: dict[str, object] = {"state": self._state, "since": since, "lag": sum(self._progress.lag.values())}
        if self._unreadable:
            report["unreadable"] = sorted(f"{at.topic}/{at.partition}" for at in self._unreadable)
        return report

    def start(self) -> None:
        """Begin to connect, in the background."""
        self._task = asyncio.create_task(self._run(), name="consumer")

    async def stop(self, *, within_seconds: float) -> None:
        """
        Let the batch in hand end, leave the group, and return in that time whatever Kafka does.

        A batch that does not end in time is cancelled: nothing of it has taken effect, and it comes again.
        """
        self._stopping.set()
        if self._task is None:
            return
        self._task.cancel()  # what it waits for is Kafka; the orderly end is in its `finally`
        await asyncio.wait({self._task}, timeout=within_seconds)
        if not self._task.done():
            log.warning("consumer_cancelled")
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=1.0)

    def has_died(self) -> bool:
        """Tell whether it ended though nobody stopped it."""
        return self._task is not None and self._task.done() and not self._stopping.is_set()

    def hangs(self) -> bool:
        """Tell whether a batch takes far too long, or records wait in a Kafka that answers and none is handed over."""
        if self._taking_since is not None:
            return clock.monotonic() - self._taking_since > TAKE_HANGS_AFTER_SECONDS
        stands_still = clock.monotonic() - self._progress.moved_at > STANDS_STILL_AFTER_SECONDS
        return stands_still and self._state is State.CONSUMING

    # --- being a member

    async def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            broker = self._new_broker()
            try:
                # Returns when partitions are assigned, which may be never: so not awaited by anybody who serves.
                await broker.start()
                failures = 0
                await self._watch(broker)
                failures += 1
            except Exception as trouble:
                if not is_passing(trouble):
                    raise
                failures += 1
                if failures == 1:
                    log.warning("consumer_waits", error=type(trouble).__name__, topics=self._topics)
            finally:
                await _close(broker)
                self._progress = _Progress()
                self._enter(State.CONNECTING)
            if failures:
                await self._pause(pause_seconds(failures))

    def _new_broker(self) -> KafkaBroker:
        """Return a broker with the one subscriber; its settings are pinned by the tests."""
        broker = KafkaBroker(
            self._servers.split(","),
            client_id=self._group,
            consumer_only=True,
            allow_auto_create_topics=False,  # a topic made by the way has one partition and one replica
            graceful_timeout=_BATCH_ENDS_WITHIN_SECONDS,
            logger=_library_log,
            log_level=logging.DEBUG,  # it speaks of every batch
        )
        subscriber = broker.subscriber(
            *(Topic(topic, declare=False) for topic in self._topics),
            batch=True,
            max_records=MAX_RECORDS,
            batch_timeout_ms=25,  # slept once more after an empty fetch, so half of the latency that it adds
            group_id=self._group,
            group_instance_id=self._instance,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,  # every other policy loses a batch that failed
            parser=parse_safely,
            decoder=decode_nothing,
            listener=_Drain(self),
            rebalance_timeout_ms=60_000,
            session_timeout_ms=45_000,
            heartbeat_interval_ms=2_000,  # how soon a rebalance is noticed, which others who join or stop wait for
            max_poll_interval_ms=300_000,
        )
        subscriber(self._handle)
        return broker

    async def _watch(self, broker: KafkaBroker) -> None:
        """Look after a running member until it is beyond recovery or the process stops."""
        client = Client.of(broker)
        client.pass_over(self._unreadable)
        while not self._stopping.is_set():
            if broken := client.beyond_recovery():
                log.error("consumer_rebuilt", because=broken)
                return
            await self._look(client)
            await self._pause(LOOK_EVERY_SECONDS)

    async def _look(self, client: Client) -> None:
        """Ask Kafka how far we are behind; that it answers is the other half of the answer."""
        if not client.knows_coordinator():
            self._enter(State.AWAY)
            return
        try:
            async with asyncio.timeout(_ANSWERS_WITHIN_SECONDS):
                positions, ends = await client.positions_and_ends()
        except (KafkaError, OSError, TimeoutError):
            self._enter(State.AWAY)
            return
        self._progress.note(positions, ends, apart_from=self._unreadable)
        self._enter(State.CONSUMING if positions else State.STANDBY)

    def _enter(self, state: State) -> None:
        if state is not self._state and not self._stopping.is_set():
            level = logging.WARNING if state is State.AWAY else logging.INFO
            log.log(level, "consumer_state_changed", before=self._state, after=state)
            self._state, self._state_since = state, clock.utc_now()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    # --- handling batches

    def _gives_up(self) -> bool:
        return self._is_revoking or self._stopping.is_set()

    async def _handle(self, message: KafkaMessage) -> None:
        """Take a batch and commit; when that fails, rewind all of it."""
        async with self._in_hand:
            is_settled = await self._settle(cast("tuple[Record, ...]", message.raw_message))
            if is_settled:
                # Here and not by the policy: a rebalance that waits for the lock waits for the commit too.
                try:
                    await message.ack()
                except KafkaError as trouble:
                    # The next commit covers it, or the batch comes again and is known.
                    log.info("offsets_not_committed", error=type(trouble).__name__)
                    message.committed = AckStatus.ACKED
        if not is_settled:
            await self._pause(pause_seconds(self._failures))
            raise NackMessage

    async def _settle(self, records: tuple[Record, ...]) -> bool:
        began = self._taking_since = clock.monotonic()
        try:
            await self._take(records, self._gives_up)
        except Exception:
            # Whatever it was, nothing may be lost: the batch is read again, after a pause.
            self._failures += 1
            if self._failures == 1 and not self._gives_up():
                log.exception("batch_failed", records=len(records))
            return False
        finally:
            self._taking_since = None
            self._progress.moved_at = clock.monotonic()
        self._failures = 0
        self._taken_at = clock.monotonic()
        waited = clock.utc_now().timestamp() - min(record.timestamp for record in records) / 1000
        self._metrics.observe(BATCH_SIZE, len(records))
        self._metrics.observe(BATCH_HANDLING, self._taken_at - began)
        self._metrics.observe(EVENT_HANDLING, max(waited, 0.0))
        return True

    async def revoke(self) -> None:
        """Wait for the batch in hand, within bounds; while this waits, heartbeats go on and a commit is still valid."""
        self._is_revoking = True
        try:
            async with asyncio.timeout(DRAIN_SECONDS), self._in_hand:
                pass
        except TimeoutError:
            log.warning("rebalance_did_not_wait")

    def assign(self, partitions: int) -> None:
        """Go on, with what was assigned."""
        self._is_revoking = False
        log.info("partitions_assigned", partitions=partitions)


class _Drain(ConsumerRebalanceListener):
    """Lets no partition go while its records are in hand: without it the next owner handles them at the same time."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(  # pyright: ignore[reportIncompatibleMethodOverride] - its base allows coroutines
        self, revoked: set[TopicPartition]
    ) -> None:
        """Wait; called before the group is joined anew."""
        del revoked
        await self._consumer.revoke()

    async def on_partitions_assigned(  # pyright: ignore[reportIncompatibleMethodOverride] - its base allows coroutines
        self, assigned: set[TopicPartition]
    ) -> None:
        """Go on."""
        self._consumer.assign(len(assigned))


async def _close(broker: KafkaBroker) -> None:
    """Stop within bounds: by itself it would wait for a Kafka that is gone for ever."""
    client = Client.of(broker)
    if not await ends_within(_CLOSES_WITHIN_SECONDS, broker.stop()):
        log.info("consumer_abandoned")
        await client.abandon()
