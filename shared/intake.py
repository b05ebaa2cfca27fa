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

from pydantic import ValidationError

from shared import clock, gate, logs, parking
from shared.database import Database, Transaction
from shared.errors import Transient
from shared.events import Consumed
from shared.failpoints import failpoint
from shared.inbox import Guarded, StreamKey, guard
from shared.records import Enveloped, Fact, Received, Unreadable, explain, fact_of, sort_out
from shared.trouble import is_passing, pause_seconds

log = logs.get(__name__)

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

    `facts` are fresh, in stream order per key but for late arrivals. `disturbed` are the streams whose parked facts
    or gaps changed; `disturbed_since` says for every stream touched since when it has parked facts or an open gap that
    is not quiet: of several gaps the newest.
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


def followed_by(fold: Fold, learn: Callable[[Transaction, Sequence[Fact]], Awaitable[None]]) -> Fold:
    """Return *fold*, after which *learn* is given those facts of the batch that were not refused."""

    async def both(tx: Transaction, batch: Batch) -> Refusals:
        refusals = await fold(tx, batch)
        refused = {(fact.stream, fact.sequence) for fact, _ in refusals}
        await learn(tx, [fact for fact in batch.facts if (fact.stream, fact.sequence) not in refused])
        return refusals

    return both


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
    is_rebuilding: bool = False
    """Whether this is the one intake that reads everything again: muted, and not kept out by the rebuild's own lock."""

    async def take(self, records: Sequence[Received], revoking: Callable[[], bool] = lambda: False) -> None:
        """
        Settle *records*: when this returns, all their effects are durable and the offsets may be committed.

        Passing trouble is retried here with growing pauses, unless *revoking* says that the partitions are being
        taken away.

        Raises:
            Transient, asyncpg.PostgresError, OSError: it did not pass in time; what has no effect yet comes again.
        """
        began, failures, one_by_one = clock.monotonic(), 0, False
        while True:
            try:
                await (self._take_one_by_one(records) if one_by_one else self._take_whole(records))
                break
            except Exception as trouble:
                if is_passing(trouble):
                    if revoking() or clock.monotonic() - began > GIVE_UP_AFTER_SECONDS:
                        raise
                    failures += 1
                    if failures == 1:
                        log.warning("batch_waits", records=len(records), error=type(trouble).__name__)
                    await asyncio.sleep(pause_seconds(failures))
                elif one_by_one:
                    raise
                else:
                    log.exception("batch_redone_one_by_one", records=len(records), error=type(trouble).__name__)
                    one_by_one = True
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
        stream = None if parked.key is None else (parked.topic, parked.key)
        try:
            await self._set_aside(parked, record, tell=stream)
        except Exception as trouble:
            if stream is None or is_passing(trouble):
                raise
            # The fact is kept and its key waits; that the rest of the key looks undisturbed is the lesser evil.
            log.exception("disturbance_not_told", topic=parked.topic, error=type(trouble).__name__)
            await self._set_aside(parked, record, tell=None)
        self._count_parked(parked)

    async def _set_aside(self, parked: parking.Parked, record: Received, *, tell: StreamKey | None) -> None:
        """Park without folding, and let the fold know that the stream to *tell* of is disturbed."""
        async with self.database.transaction() as tx:
            await self._begin(tx)
            await guard(tx, [(entry.stream, entry.envelope.sequence) for entry in sort_out([record], {}).facts])
            await parking.park(tx, [parked])
            if tell is not None:
                since = await parking.disturbances(tx, [tell])
                await self.subscription.fold(tx, Batch((), frozenset([tell]), since))

    async def _take_whole(self, records: Sequence[Received]) -> None:
        async with self.database.transaction() as tx:
            await self._begin(tx)
            taken = await self._take_in(tx, records)
            failpoint("intake_before_commit")
        failpoint("intake_committed")
        self._count(taken)
        if taken.watermarks:
            self.moved.set()

    async def _begin(self, tx: Transaction) -> None:
        if self.is_rebuilding:
            tx.is_muted = True
        else:
            await may_take(tx)

    async def _take_in(self, tx: Transaction, records: Sequence[Received]) -> "_Taken":
        """Do the whole batch within *tx*."""
        sorted_out = sort_out(records, self.subscription.reads)
        guarded = await guard(tx, [(entry.stream, entry.envelope.sequence) for entry in sorted_out.facts])
        taken = _Taken(guarded, watermarks=len(sorted_out.watermarks))
        passed = {id(sorted_out.facts[place].record) for place in guarded.duplicates}
        passed |= await _parked_before(tx, sorted_out.entries, of_any_kind=self.is_rebuilding)
        blocked = await parking.blocked(tx, {entry.stream for entry in sorted_out.entries if entry.stream[1]})

        readable: list[tuple[Fact, Received]] = []
        for entry in sorted_out.entries:
            match entry:
                case Unreadable() | Enveloped() if id(entry.record) in passed:
                    pass
                case Unreadable():
                    blocked.add(entry.stream)
                    taken.parked.append(parking.Parked.of(entry.record, "unreadable_envelope", detail=entry.problem))
                case Enveloped() if entry.stream in blocked:
                    taken.parked.append(parking.Parked.of(entry.record, BEHIND_A_PARKED_FACT))
                case Enveloped(reads=None):
                    taken.unknown_types += 1
                case Enveloped():
                    try:
                        readable.append((fact_of(entry), entry.record))
                    except ValidationError as invalid:
                        blocked.add(entry.stream)
                        taken.parked.append(parking.Parked.of(entry.record, "unreadable_body", detail=explain(invalid)))
        await parking.park(tx, taken.parked)
        disturbed = guarded.disturbed | {(row.topic, row.key) for row in taken.parked if row.key is not None}
        taken.parked += await self._fold(tx, readable, frozenset(disturbed))
        await gate.raise_watermarks(tx, sorted_out.watermarks)
        taken.facts = len(readable)
        taken.from_the_future = sum(1 for fact, _ in readable if fact.recorded_at > tx.now)
        return taken

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

    def _count(self, taken: "_Taken") -> None:
        """Count what has become durable, and say what somebody should look at."""
        self.state.facts += taken.facts
        self.state.duplicates += len(taken.guarded.duplicates)
        self.state.unknown_types += taken.unknown_types
        if taken.guarded.missing:
            self.state.missing += taken.guarded.missing
            log.error("gap_noticed", missing=taken.guarded.missing, streams=len(taken.guarded.disturbed))
        for row in taken.parked:
            self._count_parked(row)
        if taken.from_the_future:
            self.state.from_the_future += taken.from_the_future
            log.error("facts_from_the_future", facts=taken.from_the_future)

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


@dataclass(slots=True)
class _Taken:
    """What became of a batch; counted when it is durable."""

    guarded: Guarded
    watermarks: int
    facts: int = 0
    unknown_types: int = 0
    from_the_future: int = 0
    parked: list[parking.Parked] = field(default_factory=list[parking.Parked])


async def _parked_before(tx: Transaction, entries: Iterable[Unreadable | Enveloped], *, of_any_kind: bool) -> set[int]:
    """
    Return the ids (Python's) of unreadable records that were parked when they came for the first time.

    They have no sequence for the guard to know them by, and one that was given up since must not block its key again.
    A rebuild, whose guard has forgotten everything, asks the same of records *of any kind*: only those given up are
    still there.
    """
    asked = [entry.record for entry in entries if of_any_kind or isinstance(entry, Unreadable)]
    places = await parking.seen_before(tx, asked)
    return {id(record) for record in asked if (record.topic, record.partition, record.offset) in places}


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
