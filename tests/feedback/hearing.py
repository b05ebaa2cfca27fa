"""Scheduling's facts as feedback's intake hands them over, the gate, families who answer, and what is published."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal
from uuid import UUID

from services.feedback import handlers
from services.feedback.commands import GiveAnswer
from services.feedback.subscriptions import SUBSCRIPTION
from services.scheduling.events import FeedbackBookletIssued, FeedbackRoundEnded
from shared import gate, ids
from shared.database import Database
from shared.events import Event
from shared.gate import Watermark
from shared.intake import Batch
from tests.feedback.builders import UNIT
from tests.hearing import as_heard


@dataclass
class Hearing:
    """Feedback without its plumbing."""

    database: Database

    async def hear(self, *said: Event) -> None:
        """Take in a batch."""
        facts = [
            as_heard(fact, SUBSCRIPTION, sequence=sequence, recorded_at=datetime(2026, 11, 1, tzinfo=UTC))
            for sequence, fact in enumerate(said, start=1)
        ]
        async with self.database.transaction() as tx:
            assert await handlers.take_in(tx, Batch(tuple(facts))) == []

    async def links(
        self, half_month: date, *, unit_id: UUID = UNIT, kind: Literal["adult", "child"] = "adult", how_many: int = 20
    ) -> list[str]:
        """Let scheduling issue a booklet, and return its tokens."""
        tokens = [ids.new_token() for _ in range(how_many)]
        digests = tuple(hashlib.sha256(token.encode()).hexdigest() for token in tokens)
        await self.hear(
            FeedbackBookletIssued(
                unit_id=unit_id, version=1, booklet_id=ids.new_id(), half_month=half_month, kind=kind, digests=digests
            )
        )
        return tokens

    async def ended(
        self, half_month: date, *, meetings: int = 3, largest_family: int = 3, unit_id: UUID = UNIT
    ) -> None:
        """Let scheduling say that a half-month has ended, in which each of the families got three links."""
        await self.hear(
            FeedbackRoundEnded(
                unit_id=unit_id,
                version=1,
                half_month=half_month,
                meetings=meetings,
                links=3 * meetings,
                largest_family=largest_family,
            )
        )

    async def answer(self, token: str, mark: Literal[1, 2, 3, 4, 5] = 4, *, open_answer: str | None = None) -> None:
        """Let somebody answer."""
        async with self.database.transaction() as tx:
            await handlers.give_answer(GiveAnswer(heard=mark, useful=mark, open_answer=open_answer), token, tx=tx)

    async def pass_gate(self, day: date) -> int:
        """Let everything recorded before noon of *day* have been heard, decide, and return on how many windows."""
        noon = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
        async with self.database.transaction() as tx:
            topics = SUBSCRIPTION.topics
            await gate.raise_watermarks(tx, [Watermark(topic, 0, 1, noon) for topic in topics])
        async with self.database.transaction() as tx:
            return await handlers.decide_windows(tx)

    async def told(self, unit_id: UUID = UNIT) -> list[tuple[str, dict[str, Any]]]:
        """Return name and payload of what was published of a unit, in order."""
        rows = await self.database.pool.fetch(
            "SELECT event_type, payload FROM outbox WHERE key = $1 ORDER BY sequence", str(unit_id)
        )
        return [(row["event_type"].split(".")[2], json.loads(row["payload"])) for row in rows]
