"""What scheduling listens to: quality's promises, for the board, and records' memos, for the next Heijastin."""

from typing import Final

from services.scheduling.consumed import MEMOS_TOPIC, PROMISES_TOPIC, MemoStated, PromiseStated
from services.scheduling.handlers.board import on_promises
from services.scheduling.handlers.memos import on_memos
from shared.database import Transaction
from shared.events import Consumed
from shared.intake import Batch, Refusals, Subscription

# Every fact carries the whole state of its promise or its memo, so all are read alike.
_OF_PROMISES: Final = (
    "PromiseMade",
    "PromiseRedated",
    "PromiseReopened",
    "PromiseKept",
    "PromiseKeptLate",
    "PromiseEndedWithCase",
    "PromiseVoided",
    "PromiseUndetermined",
    "PromiseAtRisk",
    "WarningCleared",
    "DeviationRaised",
    "DeviationWithdrawn",
    "DeviationReopened",
)

_OF_MEMOS: Final = ("MemoExpected", "MemoRecorded", "MemoAmended", "MemoReviewAgreed", "MemoReviewedWithFamily")

_READS: Final[dict[str, type[Consumed]]] = {
    **{f"heijastin.quality.{fact}.v1": PromiseStated for fact in _OF_PROMISES},
    **{f"heijastin.records.{fact}.v1": MemoStated for fact in _OF_MEMOS},
}


async def _take_in(tx: Transaction, batch: Batch) -> Refusals:
    await on_promises(tx, batch)
    await on_memos(tx, batch)
    return []


SUBSCRIPTION: Final = Subscription(
    group="heijastin.scheduling", topics=(PROMISES_TOPIC, MEMOS_TOPIC), reads=_READS, fold=_take_in
)
