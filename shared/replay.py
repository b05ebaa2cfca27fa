"""Parked facts taken again, or given up: by an operator, with the service's own fold, while its intake goes on."""

from dataclasses import dataclass

from pydantic import ValidationError

from shared import logs, parking
from shared.database import Database, Transaction
from shared.inbox import StreamKey, guard, lock
from shared.intake import Batch, Subscription, may_take
from shared.records import Fact, fact_of, sort_out
from shared.trouble import is_passing

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Replayed:
    """How a replay ended: how many facts were taken, and why the next one was not (None when all were)."""

    taken: int
    stopped_by: str | None


async def replay(database: Database, subscription: Subscription, stream: StreamKey) -> Replayed:
    """
    Take the parked facts of a stream, in order, each in a transaction of its own, until one refuses again.

    The same readers and the same fold as ever; the guard has seen these facts already, but for those whose envelope
    could not be read when they came.

    Raises:
        parking.NothingParked: nothing of this stream is parked.
    """
    taken = 0
    while True:
        try:
            async with database.transaction() as tx:
                await may_take(tx)
                await lock(tx, stream)
                row = await parking.next_of(tx, stream)
                if row is None:
                    break
                await _take_parked(tx, subscription, row, stream)
        except _StillRefused as still:
            return Replayed(taken, still.reason)
        except Exception as trouble:
            if is_passing(trouble):
                raise
            log.exception("replay_stopped", error=type(trouble).__name__)
            return Replayed(taken, "indigestible")
        taken += 1
    if not taken:
        raise parking.NothingParked
    return Replayed(taken, None)


async def _take_parked(tx: Transaction, subscription: Subscription, row: parking.ParkedRow, stream: StreamKey) -> None:
    """Take one parked fact; raises `_StillRefused`, so that nothing of it has happened, when it cannot be taken yet."""
    entries = sort_out([row], subscription.reads).facts
    if not entries:
        raise _StillRefused("unreadable_envelope")
    facts: list[Fact] = []
    if entries[0].reads is not None:
        try:
            facts = [fact_of(entries[0])]
        except ValidationError as invalid:
            raise _StillRefused("unreadable_body") from invalid
    if row.sequence is None and (await guard(tx, [(stream, entries[0].envelope.sequence)])).duplicates:
        facts = []  # it came again since, and could be read
    await parking.settle(tx, row.id, "replayed", because="replayed")
    since = await parking.disturbances(tx, [stream])
    refusals = await subscription.fold(tx, Batch(tuple(facts), frozenset([stream]), since))
    if refusals:
        raise _StillRefused(refusals[0][1])


class _StillRefused(Exception):
    """Undoes the transaction of a replay whose fact cannot be taken yet."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def discard(database: Database, subscription: Subscription, parked_id: int, *, because: str) -> None:
    """
    Give a parked fact up for good; *because* is kept with it. What waits behind it stays until it is replayed.

    Raises:
        parking.NothingParked, parking.ReasonMissing: see there.
    """
    async with database.transaction() as tx:
        await may_take(tx)
        row = await parking.show(tx.connection, parked_id)
        await parking.settle(tx, parked_id, "discarded", because=because)
        if row.stream_key is not None:
            stream = (row.topic, row.stream_key)
            since = await parking.disturbances(tx, [stream])
            await subscription.fold(tx, Batch((), frozenset([stream]), since))
