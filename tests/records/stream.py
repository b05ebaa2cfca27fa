"""What scheduling says of cases and meetings, as records hears it."""

import json
from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from services.records.subscriptions import SUBSCRIPTION
from services.scheduling.events import CaseOpened, CaseReassigned, MeetingCorrected, MeetingHeld, MeetingRetracted
from shared.database import Database
from shared.events import Event
from shared.intake import Batch, Refusals
from shared.records import Fact
from tests.hearing import as_heard, changed
from tests.records.builders import CASE, HELD_ON, NOW

Wire = tuple[Event, datetime]
"""A fact and when it was recorded."""


def meeting_held(*, recorded_at: datetime = NOW, **different: Any) -> Wire:
    """A Heijastin held on Monday."""
    return changed(MeetingHeld.example(), {"held_on": HELD_ON} | different), recorded_at


def meeting_corrected(*, recorded_at: datetime = NOW, **different: Any) -> Wire:
    """It was held on Monday, in other words."""
    return changed(MeetingCorrected.example(), {"held_on": HELD_ON} | different), recorded_at


def meeting_retracted(**different: Any) -> Wire:
    """It was not held after all."""
    return changed(MeetingRetracted.example(), different), NOW


def case_opened(**different: Any) -> Wire:
    """A family has become a case."""
    return changed(CaseOpened.example(), different), NOW


def case_reassigned(**different: Any) -> Wire:
    """The case is somebody else's."""
    return changed(CaseReassigned.example(), different), NOW


class Hearing:
    """Records' intake without its plumbing: what is handed to `take_in`, and what was published of it."""

    def __init__(self, database: Database) -> None:
        """Begin every stream at 1."""
        self.database = database
        self._sequences: Counter[str] = Counter()

    async def hear(self, *said: Wire) -> Refusals:
        """Take in a batch, each fact with the next sequence of its case."""
        return await self.take(*self.number(*said))

    async def take(self, *facts: Fact) -> Refusals:
        """Take in a batch of facts as they are."""
        async with self.database.transaction() as tx:
            return await SUBSCRIPTION.fold(tx, Batch(facts))

    def number(self, *said: Wire) -> tuple[Fact, ...]:
        """Return *said* as facts with the next sequences of their streams."""
        return tuple(self._number(fact, recorded_at) for fact, recorded_at in said)

    def _number(self, fact: Event, recorded_at: datetime) -> Fact:
        self._sequences[fact.stream_key()] += 1
        return as_heard(fact, SUBSCRIPTION, sequence=self._sequences[fact.stream_key()], recorded_at=recorded_at)

    async def told(self, case_id: UUID = CASE) -> list[tuple[str, dict[str, Any]]]:
        """Return name and payload of what was published of a case, in order."""
        rows = await self.database.pool.fetch(
            "SELECT event_type, payload FROM outbox WHERE key = $1 ORDER BY sequence", str(case_id)
        )
        return [(row["event_type"].split(".")[2], json.loads(row["payload"])) for row in rows]

    async def published(self) -> list[str]:
        """Return the names of what was published of the case, in order."""
        return [name for name, _ in await self.told()]
