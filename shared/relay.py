"""
The relay: takes facts from the outbox to Kafka, at least once, in order per key, and says how far it is complete.

**Which facts.** Ids are drawn before a transaction commits, so an id cursor would step over a slow one. The relay
remembers a *snapshot* instead: a pass publishes what is visible in a new snapshot and was not in the last one, by
id. The set of a pass is fixed, so it can be sent in chunks and sent again.

**One leader** per database holds a session advisory lock; the epoch keeps a leader that was paused and replaced from
moving the place back. All it can still do is publish again what its successor publishes too.

**Watermarks.** The relay notes the business time T and draws a transaction id X of its own, after T. A fact with
`recorded_at` < T drew its time after its own xid, so that xid lies below X; once a later pass, over a snapshot whose
xmin has passed X, is confirmed, every such fact has been published. Then "everything recorded before T stands above
this line" is written into every partition. No lock, no margin, no guess.
"""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from shared import clock, ids, logs
from shared.database import SESSION_SETTINGS, Trace
from shared.envelope import WATERMARK_LABEL, Envelope, source_of, to_headers
from shared.errors import Transient
from shared.failpoints import failpoint
from shared.producer import Producer, Record

LEADER_LOCK = 0x9E1A7
_CONNECTS_WITHIN_SECONDS = 10.0
_ANSWERS_WITHIN_SECONDS = 60.0  # a database that vanished without a word must not keep us waiting for ever
_STOP_SECONDS = 3.0

log = logs.get(__name__)

# What became visible between the confirmed snapshot ($1) and now: written by transactions that began since, or that
# were still open then.
_NEW_FACTS = """
    WITH now AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot)
    SELECT now.snapshot::text AS snapshot, pg_snapshot_xmin(now.snapshot)::text::bigint AS oldest_open,
           ARRAY(
               SELECT id FROM outbox
               WHERE xid >= pg_snapshot_xmax($1::text::pg_snapshot) AND xid < pg_snapshot_xmax(now.snapshot)
                     AND pg_visible_in_snapshot(xid, now.snapshot)
               UNION ALL
               SELECT id FROM outbox
               WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip($1::text::pg_snapshot)))
                     AND pg_visible_in_snapshot(xid, now.snapshot)
               ORDER BY id
           ) AS ids
    FROM now
"""

# The same set again for a pass that was cut short: between two given snapshots, beyond the last confirmed id.
_REMAINING_FACTS = """
    SELECT $2::text AS snapshot, pg_snapshot_xmin($2::text::pg_snapshot)::text::bigint AS oldest_open,
           ARRAY(
               SELECT id FROM outbox
               WHERE xid >= pg_snapshot_xmax($1::text::pg_snapshot) AND xid < pg_snapshot_xmax($2::text::pg_snapshot)
                     AND pg_visible_in_snapshot(xid, $2::text::pg_snapshot) AND id > $3
               UNION ALL
               SELECT id FROM outbox
               WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip($1::text::pg_snapshot)))
                     AND pg_visible_in_snapshot(xid, $2::text::pg_snapshot) AND id > $3
               ORDER BY id
           ) AS ids
"""

FACT = """
    id, topic, key, sequence, event_id, event_type, subject, subject_version, recorded_at,
    correlation_id, causation_id, traceparent, payload
"""
"""The columns of the outbox that `record_of` wants."""

_FACTS = f"SELECT {FACT} FROM outbox WHERE id = ANY ($1::bigint[]) ORDER BY id"

_CLAIM = """
    UPDATE relay SET epoch = epoch + 1
    RETURNING epoch, confirmed_snapshot::text, target_snapshot::text, target_confirmed_id, announced_until,
              pg_snapshot_xmax(confirmed_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) AS is_of_another_server
"""

_CONFIRM_CHUNK = "UPDATE relay SET target_snapshot = $2::text::pg_snapshot, target_confirmed_id = $3 WHERE epoch = $1"

_CONFIRM_ALL = """
    UPDATE relay SET confirmed_snapshot = $2::text::pg_snapshot, target_snapshot = NULL, target_confirmed_id = 0
    WHERE epoch = $1
"""

_CONFIRM_ANNOUNCED = "UPDATE relay SET announced_until = $2 WHERE epoch = $1"


class PlaceOfAnotherServer(Exception):
    """The relay's place is counted in transactions that this server has not reached: it came with a dump; reset it."""


class LeadershipLost(Transient):
    """Another process has become the leader since; this one stands by again."""


@dataclass(slots=True)
class RelayState:
    """What an operator asks of a relay; read by the metrics, written here only. Times are the machine's, in seconds."""

    is_leader: bool = False
    epoch: int = 0
    passes: int = 0
    published: int = 0
    dropped_producers: int = 0
    waiting_since: float | None = None
    """Since when (monotonic) there are facts that a pass has taken up and not yet confirmed."""
    announced_until: datetime | None = None


@dataclass(slots=True)
class _Leader:
    """A leader's connection and place."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    epoch: int
    confirmed: str
    target: str | None
    target_confirmed_id: int
    announced_until: datetime | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A watermark on its way: may be announced once every transaction below `own_xid` has ended."""

    as_of: datetime
    own_xid: int


@dataclass(slots=True)
class Relay:
    """
    The relay of one database. `run_once` is one pass; a loop around it waits between passes.

    `topics` are those this service writes: watermarks go to all their partitions. Kafka being away makes a pass wait
    or raise; nothing is lost, and the next pass sends the same facts again.
    """

    database_url: str
    kafka_servers: str
    topics: Sequence[str]
    watermark_interval_seconds: float = 60.0
    chunk: int = 500
    """How many facts are sent, and confirmed, at a time."""
    state: RelayState = field(default_factory=RelayState)
    _connection: "asyncpg.Connection[asyncpg.Record] | None" = None
    _leader: _Leader | None = None
    _producer: Producer | None = None
    _candidate: _Candidate | None = None
    _next_candidate_at: float = 0.0

    async def run_once(self) -> int:
        """
        Publish what has become visible since the last pass and return how many facts that were.

        Returns 0 as a standby.

        Raises:
            KafkaError, asyncpg.PostgresError, OSError: passing trouble; call again after a while.
        """
        try:
            leader = self._leader or await self._stand_for_leader()
            if leader is None:
                return 0
            return await self._pass(leader)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, LeadershipLost):
            await self.close()
            raise
        except BaseException:
            await self._drop_producer()
            raise

    async def close(self) -> None:
        """Give the lock back and stop; bounded in time even when Kafka is gone."""
        await self._drop_producer()
        await self._step_down()

    async def _stand_for_leader(self) -> _Leader | None:
        """Take the lock if it is free; a standby keeps its connection for the next try."""
        if self._connection is None:
            self._connection = await asyncpg.connect(
                self.database_url,
                timeout=_CONNECTS_WITHIN_SECONDS,
                command_timeout=_ANSWERS_WITHIN_SECONDS,
                server_settings={"application_name": "relay", **SESSION_SETTINGS},
            )
        if not await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):
            return None
        place = await self._connection.fetchrow(_CLAIM)
        assert place is not None  # noqa: S101 - the table has exactly one row
        if place["is_of_another_server"]:
            # Whatever is written from now on would look as if it had been published long ago.
            await self.close()
            raise PlaceOfAnotherServer
        self._leader = _Leader(
            connection=self._connection,
            epoch=place["epoch"],
            confirmed=place["confirmed_snapshot"],
            target=place["target_snapshot"],
            target_confirmed_id=place["target_confirmed_id"],
            announced_until=place["announced_until"],
        )
        self.state.is_leader, self.state.epoch = True, place["epoch"]
        log.info("relay_became_leader", epoch=place["epoch"])
        return self._leader

    async def _step_down(self) -> None:
        leader, self._leader, self._candidate = self._leader, None, None
        connection, self._connection = self._connection, None
        self.state.is_leader, self.state.waiting_since = False, None
        if connection is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(connection.close(), _STOP_SECONDS)
        if leader is not None:
            log.info("relay_stepped_down", epoch=leader.epoch)

    async def _pass(self, leader: _Leader) -> int:
        await self._note_candidate(leader)
        if leader.target is None:
            place = await leader.connection.fetchrow(_NEW_FACTS, leader.confirmed)
        else:
            place = await leader.connection.fetchrow(
                _REMAINING_FACTS, leader.confirmed, leader.target, leader.target_confirmed_id
            )
        assert place is not None  # noqa: S101 - both queries return exactly one row
        target: str = place["snapshot"]
        fact_ids: list[int] = place["ids"]
        if fact_ids:
            self.state.waiting_since = self.state.waiting_since or clock.monotonic()
            await self._publish(leader, target, fact_ids)
            self.state.waiting_since = None
        leader.confirmed, leader.target, leader.target_confirmed_id = target, None, 0
        self.state.passes += 1
        await self._announce(leader, oldest_open=place["oldest_open"])
        return len(fact_ids)

    async def _publish(self, leader: _Leader, target: str, fact_ids: list[int]) -> None:
        """Send chunk after chunk, each confirmed before the place moves; the next one is read meanwhile."""
        chunks = [fact_ids[start : start + self.chunk] for start in range(0, len(fact_ids), self.chunk)]
        facts = await _read(leader, chunks[0])
        for chunk, following in itertools.zip_longest(chunks, chunks[1:]):
            reading = asyncio.ensure_future(_read(leader, following))
            try:
                await self._send(facts)
            finally:
                facts = await reading  # whatever became of the sending, the connection must be free again
            failpoint("relay_sent")
            if following is None:
                status = await leader.connection.execute(_CONFIRM_ALL, leader.epoch, target)
            else:
                status = await leader.connection.execute(_CONFIRM_CHUNK, leader.epoch, target, chunk[-1])
                leader.target, leader.target_confirmed_id = target, chunk[-1]
            if status != "UPDATE 1":
                raise LeadershipLost
            failpoint("relay_confirmed")
            self.state.published += len(chunk)

    async def _send(self, facts: Sequence[asyncpg.Record]) -> None:
        """Send *facts* in order and return when all are confirmed."""
        producer = await self._running_producer()
        await producer.send([await record_of(producer, row) for row in facts])

    async def _running_producer(self) -> Producer:
        if self._producer is None:
            self._producer = await Producer.start(self.kafka_servers)
        return self._producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            self.state.dropped_producers += 1
            await producer.abandon()

    async def _note_candidate(self, leader: _Leader) -> None:
        if self._candidate is not None or clock.monotonic() < self._next_candidate_at:
            return
        as_of = await clock.business_now(leader.connection)
        if leader.announced_until is not None and as_of <= leader.announced_until:
            return  # a standby's clock may be behind the one that announced; T never goes back
        # A statement of its own, so certainly after T was read; nothing is written, the id alone matters.
        own_xid = await leader.connection.fetchval("SELECT pg_current_xact_id()::text::bigint")
        self._candidate = _Candidate(as_of=as_of, own_xid=own_xid)
        self._next_candidate_at = clock.monotonic() + self.watermark_interval_seconds

    async def _announce(self, leader: _Leader, *, oldest_open: int) -> None:
        """Write the watermark if the pass that just ended has proved it."""
        candidate = self._candidate
        if candidate is None or oldest_open <= candidate.own_xid:
            return
        producer = await self._running_producer()
        await producer.send(
            [
                watermark(topic, partition, as_of=candidate.as_of, partitions=partitions)
                for topic in self.topics
                for partitions in [await producer.partitions_of(topic)]
                for partition in range(partitions)
            ]
        )
        failpoint("relay_announced")
        if await leader.connection.execute(_CONFIRM_ANNOUNCED, leader.epoch, candidate.as_of) != "UPDATE 1":
            raise LeadershipLost
        leader.announced_until = self.state.announced_until = candidate.as_of
        self._candidate = None


async def _read(leader: _Leader, fact_ids: list[int] | None) -> list[asyncpg.Record]:
    return await leader.connection.fetch(_FACTS, fact_ids) if fact_ids else []


def watermark(topic: str, partition: int, *, as_of: datetime, partitions: int) -> Record:
    """Return the record that says: everything recorded before *as_of* stands above me in this partition."""
    system, service, *_ = topic.split(".")
    envelope = Envelope(
        event_id=str(ids.new_id()),
        event_type=f"{system}.{service}.{WATERMARK_LABEL}.v1",
        source=source_of(topic),
        subject=f"{topic}/{partition}",
        recorded_at=as_of,
        sequence=1,
        subject_version=1,
        trace=Trace.begin(),
    )
    value = json.dumps({"as_of": as_of.isoformat(), "partitions": partitions}).encode()
    return Record(topic, partition, None, value, to_headers(envelope))


async def record_of(producer: Producer, row: asyncpg.Record) -> Record:
    """Return a row of the outbox as it is published, however often that is: the same bytes in the same partition."""
    topic, key = row["topic"], row["key"].encode()
    envelope = Envelope(
        event_id=str(row["event_id"]),
        event_type=row["event_type"],
        source=source_of(topic),
        subject=row["subject"],
        recorded_at=row["recorded_at"],
        sequence=row["sequence"],
        subject_version=row["subject_version"],
        trace=Trace(row["correlation_id"], row["causation_id"], row["traceparent"]),
    )
    return Record(topic, await producer.partition_of(topic, key), key, row["payload"], to_headers(envelope))
