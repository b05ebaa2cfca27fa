"""What scheduling reads of others: the state of a promise or of a memo, whatever the fact is called."""

from datetime import date
from typing import Final
from uuid import UUID

from shared.events import Consumed

PROMISES_TOPIC: Final = "heijastin.quality.promises.v1"
MEMOS_TOPIC: Final = "heijastin.records.memos.v1"

MONTH_PROMISE: Final = "met_within_a_month"
"""Quality's name of the promise that the board is about unless another is asked for."""


class PromiseStated(Consumed):
    """
    A promise as quality last said it is.

    `deviation_id` is fixed from the beginning; whether there is a deviation says `deviation_state`.
    """

    promise_id: UUID
    version: int
    case_id: UUID
    meeting_id: UUID
    policy: str
    status: str
    is_undetermined: bool
    anchor_on: date
    due_on: date
    warning: str | None
    deviation_id: UUID
    deviation_state: str
    imported: bool


class MemoStated(Consumed):
    """The memo of a Heijastin; `reviewed_on` is set once the family has gone through it."""

    meeting_id: UUID
    version: int
    case_id: UUID
    reviewed_on: date | None
