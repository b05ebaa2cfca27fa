"""Scheduling's facts as quality's intake hands them over, numbered per stream."""

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.quality import handlers
from services.quality.domain.calendar import last_day, local_date
from services.quality.subscriptions import SUBSCRIPTION
from services.records.events import MemoFact
from services.scheduling.events import (
    CaseClosed,
    CaseReassigned,
    FollowUpCancelled,
    FollowUpHeld,
    FollowUpScheduled,
    MeetingHeld,
    MeetingRetracted,
    UnitConfigured,
)
from shared import gate
from shared.database import Database
from shared.events import Event
from shared.gate import Watermark
from shared.intake import Batch, Refusals
from shared.records import Fact
from tests.hearing import as_heard, changed
from tests.quality.builders import CASE, FOLLOW_UP, MEETING, UNIT, local

Wire = tuple[Event, datetime]
"""A fact and when it was recorded."""


def meeting_held(
    on: str = "2026-11-24 13:00",
    *,
    case_id: UUID = CASE,
    meeting_id: UUID = MEETING,
    unit_id: UUID = UNIT,
    recorded: str | None = None,
    **different: Any,
) -> Wire:
    """A Heijastin held at a local time for an hour and a half, recorded at its end."""
    began, ended = local(on), local(on) + timedelta(minutes=90)
    state: dict[str, Any] = {
        "case_id": case_id,
        "meeting_id": meeting_id,
        "unit_id": unit_id,
        "held_in_unit_id": unit_id,
        "held_from": began,
        "held_until": ended,
        "held_on": last_day(ended),
    }
    return changed(MeetingHeld.example(), state | different), local(recorded) if recorded else ended


def meeting_retracted(recorded: str) -> Wire:
    """The Heijastin was not held after all."""
    return changed(MeetingRetracted.example(), {"version": 9}), local(recorded)


def follow_up_held(
    on: str = "2026-12-15 10:00", *, case_id: UUID = CASE, recorded: str | None = None, **different: Any
) -> Wire:
    """A follow-up held at a local time for an hour, recorded at its end."""
    began, ended = local(on), local(on) + timedelta(hours=1)
    state: dict[str, Any] = {
        "case_id": case_id,
        "follow_up_id": FOLLOW_UP,
        "held_from": began,
        "held_until": ended,
        "held_on": local_date(began),
    }
    return changed(FollowUpHeld.example(), state | different), local(recorded) if recorded else ended


def follow_up_booked(at: str, *, recorded: str, case_id: UUID = CASE, **different: Any) -> Wire:
    """A follow-up that is booked."""
    state: dict[str, Any] = {"case_id": case_id, "booked_from": local(at), "booked_until": local(at)}
    return changed(FollowUpScheduled.example(), state | different), local(recorded)


def follow_up_cancelled(recorded: str) -> Wire:
    """The follow-up is off."""
    return changed(FollowUpCancelled.example(), {"version": 9}), local(recorded)


def case_closed(on: str, *, recorded: str, case_id: UUID = CASE) -> Wire:
    """The case closed on a day."""
    return changed(CaseClosed.example(), {"case_id": case_id, "closed_on": on, "version": 5}), local(recorded)


def case_reassigned(recorded: str, **different: Any) -> Wire:
    """The case is somebody else's."""
    return changed(CaseReassigned.example(), different), local(recorded)


def memo_said(kind: type[MemoFact], recorded: str, *, case_id: UUID = CASE, **different: Any) -> Wire:
    """What records says of the memo of the Heijastin."""
    return changed(kind.example(), {"case_id": case_id, "meeting_id": MEETING} | different), local(recorded)


def unit_configured(recorded: str, **different: Any) -> Wire:
    """A unit as scheduling tells of it; without closing days unless told."""
    return changed(UnitConfigured.example(), {"closing_days": (), **different}), local(recorded)


class Hearing:
    """Quality's intake without its plumbing: what is handed to `take_in`, and what was published of it."""

    def __init__(self, database: Database) -> None:
        """Begin every stream at 1."""
        self.database = database
        self._sequences: Counter[tuple[str, str]] = Counter()

    def number(self, *said: Wire) -> tuple[Fact, ...]:
        """Return *said* as facts with the next sequences of their streams."""
        return tuple(self._number(fact, recorded_at) for fact, recorded_at in said)

    def _number(self, fact: Event, recorded_at: datetime) -> Fact:
        stream = fact.topic, fact.stream_key()
        self._sequences[stream] += 1
        return as_heard(fact, SUBSCRIPTION, sequence=self._sequences[stream], recorded_at=recorded_at)

    async def hear(self, *said: Wire) -> Refusals:
        """Take in a batch."""
        return await self.take(Batch(self.number(*said)))

    async def take(self, batch: Batch, *, muted: bool = False) -> Refusals:
        """Take in a batch as it is."""
        async with self.database.transaction() as tx:
            tx.is_muted = muted
            return await SUBSCRIPTION.fold(tx, batch)

    async def pass_gate(self, at: str | datetime, *, topics: tuple[str, ...] = handlers.TOPICS) -> None:
        """Let everything recorded before a local time have been read, of some *topics*."""
        instant = local(at) if isinstance(at, str) else at
        async with self.database.transaction() as tx:
            await gate.raise_watermarks(tx, [Watermark(topic, 0, 1, instant) for topic in topics])

    async def look_again(self, *, limit: int = 100) -> list[float]:
        """Sweep once."""
        async with self.database.transaction() as tx:
            return await handlers.look_again(tx, limit=limit)

    async def published(self, case_id: UUID = CASE) -> list[str]:
        """Return the names of what was published of a case, in order."""
        return [name for name, _ in await self.told(case_id)]

    async def told(self, case_id: UUID = CASE) -> list[tuple[str, dict[str, Any]]]:
        """Return name and payload of what was published of a case, in order."""
        rows = await self.database.pool.fetch(
            "SELECT event_type, payload FROM outbox WHERE key = $1 ORDER BY sequence", str(case_id)
        )
        return [(row["event_type"].split(".")[2], json.loads(row["payload"])) for row in rows]
