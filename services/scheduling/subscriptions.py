"""What scheduling listens to: quality's promises, for the board."""

from typing import Final

from services.scheduling.consumed import PROMISES_TOPIC, PromiseStated
from services.scheduling.handlers.board import on_promises
from shared.intake import Subscription

# Every fact carries the whole state of its promise, so all are read alike.
_FACTS: Final = (
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

SUBSCRIPTION: Final = Subscription(
    group="heijastin.scheduling",
    topics=(PROMISES_TOPIC,),
    reads={f"heijastin.quality.{fact}.v1": PromiseStated for fact in _FACTS},
    fold=on_promises,
)
