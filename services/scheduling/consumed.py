"""What scheduling reads of quality's facts: the state of a promise, whatever the fact is called."""

from datetime import date
from typing import Final
from uuid import UUID

from shared.events import Consumed

PROMISES_TOPIC: Final = "heijastin.quality.promises.v1"


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
