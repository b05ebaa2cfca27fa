"""
The intake: facts of other services, taken in batches, each batch one transaction.

In that transaction stand the guard, what the service makes of the facts (its *fold*), the facts it publishes in turn,
the watermarks, and what had to be parked. Kafka's offsets are only a hint; a batch may come again, whole or in part,
and ends in the same state.

A fact of a known type that cannot be read, or that the fold refuses or chokes on, is parked in the database with all
later facts of its key, and replayed in order when its cause is mended (`shared.parking`). Unknown types pass.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from pydantic import ValidationError

from shared import clock, gate, parking
from shared.database import Database, Transaction
from shared.errors import Transient
from shared.events import Consumed
from shared.failpoints import failpoint
from shared.inbox import Guarded, StreamKey, guard
from shared.records import Enveloped, Fact, Received, Unreadable, explain, fact_of, sort_out
from shared.trouble import is_passing, pause_seconds

log = structlog.get_logger(__name__)

GIVE_UP_AFTER_SECONDS = 90.0
"""Within one hand-over; then the batch goes back to Kafka and comes again. Well inside max_poll_interval."""

INTAKE_LOCK = 0x1A7A4E
"""Shared by batches and sweeps, exclusive to a rebuild; `intake.paused_since` outlives a rebuild that was killed."""

_MAY_TAKE = """
    SELECT pg_try_advisory_xact_lock_shared($1) AND NOT EXISTS (SELECT FROM intake WHERE paused_since IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """
    What a fold is given.

    `facts` are fresh, in stream order per key. `disturbed` are the streams whose parked facts or gaps changed;
    `disturbed_since` says for every stream touched since when it has parked facts or an open gap that is not quiet.
    """

    facts: tuple[Fact, ...]
    disturbed: frozenset[StreamKey] = frozenset()
    disturbed_since: Mapping[StreamKey, datetime] = field(default_factory=dict[StreamKey, datetime])


Refusals = list[tuple[Fact, str]]
"""Facts that a fold could not take, each with a coded reason in snake_case."""

Fold = Callable[[Transaction, Batch], Awaitable[Refusals]]

BEHIND_A_PARKED_FACT = "behind_a_parked_fact"


class FactRefused(Exception):
    """Raised while applying a fact that contradicts itself; `reason` is a coded word for the parked row."""

    def __init__(self, reason: str) -> None:
        """Take the coded *reason*."""
        super().__init__(reason)
        self.reason = reason


def apply_in_order(facts: Iterable[Fact], apply: Callable[[Fact], None]) -> Refusals:
    """Apply facts one by one; when one is refused, so are all later ones of its stream, to keep their order."""
    refusals: Refusals = []
    blocked: set[StreamKey] = set()
    for fact in facts:
        if fact.stream in blocked:
            refusals.append((fact, BEHIND_A_PARKED_FACT))
            continue
        try:
            apply(fact)
        except FactRefused as refused:
            blocked.add(fact.stream)
            refusals.append((fact, refused.reason))
    return refusals


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a service listens to: `reads` maps the wire types it knows to its own view of them."""

    group: str
    topics: tuple[str, ...]
    reads: Mapping[str, type[Consumed]]
    fold: Fold


@dataclass(slots=True)
class IntakeState:
    """What an operator asks of an intake; read by the metrics, written here only."""

    batches: int = 0
    records: int = 0
    facts: int = 0
    duplicates: int = 0
    missing: int = 0
    parked: int = 0
    unknown_types: int = 0
    from_the_future: int = 0
    """Facts recorded later than our own business time: some clock is wrong."""
    last_batch_at: float | None = None
    """Monotonic seconds at the end of the last batch."""
    last_batch_records: int = 0
    last_batch_seconds: float = 0.0


@dataclass(slots=True)
class Intake:
    """The intake of one process; `take` is given each batch by the consumer."""

    database: Database
    subscription: Subscription
    state: IntakeState = field(default_factory=IntakeState)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    """Set after each batch that brought a watermark: what waits for the gate may look again."""

    async def take(self, records: Sequence[Received], revoking: Callable[[], bool] = lambda: False) -> None:
        """
        Settle *records*: when this returns, all their effects are durable and the offsets may be committed.

        Passing trouble is retried here with growing pauses, unless *revoking* says that the partitions are being
        taken away.

        Raises:
            Transient, asyncpg.PostgresError, OSError: it did not pass in time; nothing of the batch has taken effect.
        """
        began, failures = clock.monotonic(), 0
        while True:
            try:
                await self._take_whole(records)
                break
            except Exception as trouble:
                if not is_passing(trouble):
                    log.exception("batch_redone_one_by_one", records=len(records), error=type(trouble).__name__)
                    await self._take_one_by_one(records)
                    break
                if revoking() or clock.monotonic() - began > GIVE_UP_AFTER_SECONDS:
                    raise
                failures += 1
                if failures == 1:
                    log.warning("batch_waits", records=len(records), error=type(trouble).__name__)
                await asyncio.sleep(pause_seconds(failures))
        self.state.batches += 1
        self.state.records += len(records)
        self.state.last_batch_at = clock.monotonic()
        self.state.last_batch_records = len(records)
        self.state.last_batch_seconds = self.state.last_batch_at - began

    async def _take_one_by_one(self, records: Sequence[Received]) -> None:
        """The slow way after an error that is not passing: one transaction a record, so that only the culprit parks."""
        for record in records:
            try:
                await self._take_whole([record])
            except Exception as trouble:
                if is_passing(trouble):
                    raise
                await self._park_indigestible(record, type(trouble).__name__)

    async def _park_indigestible(self, record: Received, error: str) -> None:
        parked = parking.Parked.of(record, "indigestible", detail=error)
        async with self.database.transaction() as tx:
            await may_take(tx)
            await guard(tx, [(entry.stream, entry.envelope.sequence) for entry in sort_out([record], {}).facts])
            await parking.park(tx, [parked])
        self._count_parked(parked)
        if parked.key is None:
            return
        stream = (parked.topic, parked.key)
        try:
            async with self.database.transaction() as tx:
                await self.subscription.fold(
                    tx, Batch((), frozenset([stream]), await parking.disturbances(tx, [stream]))
                )
        except Exception:
            # The fact is safe and its key waits; that the rest of the key looks undisturbed is the lesser evil.
            log.exception("disturbance_not_told", topic=parked.topic)

    async def _take_whole(self, records: Sequence[Received]) -> None:
        async with self.database.transaction() as tx:
            await may_take(tx)
            marks = await self._take_in(tx, records)
            failpoint("intake_before_commit")
        failpoint("intake_committed")
        if marks:
            self.moved.set()

    async def _take_in(self, tx: Transaction, records: Sequence[Received]) -> bool:
        """Do the whole batch within *tx*; returns whether watermarks came with it."""
        sorted_out = sort_out(records, self.subscription.reads)
        guarded = await guard(tx, [(entry.stream, entry.envelope.sequence) for entry in sorted_out.facts])
        stale = {id(entry) for place, entry in enumerate(sorted_out.facts) if place not in guarded.fresh}
        blocked = await parking.blocked(tx, {entry.stream for entry in sorted_out.entries if entry.stream[1]})

        readable: list[tuple[Fact, Received]] = []
        to_park: list[parking.Parked] = []
        for entry in sorted_out.entries:
            match entry:
                case Unreadable():
                    blocked.add(entry.stream)
                    to_park.append(parking.Parked.of(entry.record, "unreadable_envelope", detail=entry.problem))
                case Enveloped() if id(entry) in stale:
                    pass
                case Enveloped() if entry.stream in blocked:
                    to_park.append(parking.Parked.of(entry.record, BEHIND_A_PARKED_FACT))
                case Enveloped(reads=None):
                    self.state.unknown_types += 1
                case Enveloped():
                    try:
                        readable.append((fact_of(entry), entry.record))
                    except ValidationError as invalid:
                        blocked.add(entry.stream)
                        to_park.append(parking.Parked.of(entry.record, "unreadable_body", detail=explain(invalid)))
        await parking.park(tx, to_park)
        disturbed = guarded.disturbed | {(row.topic, row.key) for row in to_park if row.key is not None}
        to_park += await self._fold(tx, readable, frozenset(disturbed))
        await gate.raise_watermarks(tx, sorted_out.watermarks)
        self._count(tx, guarded, readable, to_park)
        return bool(sorted_out.watermarks)

    async def _fold(
        self, tx: Transaction, readable: Sequence[tuple[Fact, Received]], disturbed: frozenset[StreamKey]
    ) -> list[parking.Parked]:
        """Let the service make of the facts what it will; parks and returns those that it refuses."""
        if not readable and not disturbed:
            return []
        since = await parking.disturbances(tx, {fact.stream for fact, _ in readable} | disturbed)
        refusals = await self.subscription.fold(tx, Batch(tuple(fact for fact, _ in readable), disturbed, since))
        if not refusals:
            return []
        record_of = {(fact.stream, fact.sequence): record for fact, record in readable}
        refused = [parking.Parked.of(record_of[fact.stream, fact.sequence], reason) for fact, reason in refusals]
        await parking.park(tx, refused)
        return refused

    def _count(
        self,
        tx: Transaction,
        guarded: Guarded,
        readable: Sequence[tuple[Fact, Received]],
        parked: Iterable[parking.Parked],
    ) -> None:
        self.state.facts += len(readable)
        self.state.duplicates += guarded.duplicates
        self.state.missing += guarded.missing
        if guarded.missing:
            log.error("gap_noticed", missing=guarded.missing, streams=len(guarded.disturbed))
        for row in parked:
            self._count_parked(row)
        ahead = sum(1 for fact, _ in readable if fact.recorded_at > tx.now)
        if ahead:
            self.state.from_the_future += ahead
            log.error("facts_from_the_future", facts=ahead)

    def _count_parked(self, parked: parking.Parked) -> None:
        self.state.parked += 1
        log.error(
            "fact_parked",
            topic=parked.topic,
            partition=parked.partition,
            kafka_offset=parked.offset,
            event_type=parked.event_type,
            reason=parked.reason,
        )


class IntakePaused(Transient):
    """A rebuild is going on; what comes in waits for its end."""


async def may_take(tx: Transaction) -> None:
    """
    Keep a rebuild from starting until this transaction has ended.

    Raises:
        IntakePaused: one is going on, or was cut short.
    """
    if not await tx.fetchval(_MAY_TAKE, INTAKE_LOCK):
        raise IntakePaused
