"""A case that scheduling has never heard of: its facts are written straight to the topic, in whatever state."""

import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from deploy import seed
from services.scheduling.events import FollowUpHeld, MeetingHeld
from shared.database import Trace
from shared.envelope import Envelope, source_of, to_headers
from shared.events import Event
from shared.ids import new_id
from shared.producer import Producer, Record
from tests.journeys.region import CASES, LiveRegion, at


@dataclass(frozen=True, slots=True)
class Stranger:
    """The invented case; `id` is its key."""

    region: LiveRegion
    producer: Producer
    id: str = field(default_factory=lambda: str(new_id()))

    async def fact(self, sequence: int, event: Event, **different: object) -> Record:
        """Return the record of *event*, as it would stand in the topic, told of this case and recorded now."""
        context = {"case_id": UUID(self.id), "unit_id": UUID(seed.UNIT)}
        body = event.model_copy(update={**context, **different})
        envelope = Envelope(
            event_id=str(new_id()),
            event_type=event.wire_type(),
            source=source_of(CASES),
            subject=body.subject(),
            recorded_at=await self.region.now(),
            sequence=sequence,
            subject_version=body.subject_version(),
            trace=Trace(str(new_id())),
        )
        key = self.id.encode()
        partition = await self.producer.partition_of(CASES, key)
        return Record(CASES, partition, key, body.model_dump_json().encode(), to_headers(envelope))

    async def meeting_held(self, sequence: int, day: date, **different: object) -> Record:
        """Return the fact that a Heijastin was held on *day*, 9 to 12."""
        held = held_times(at(day, 9), hours=3) | {"meeting_id": new_id(), "held_in_unit_id": UUID(seed.UNIT)}
        return await self.fact(sequence, MeetingHeld.example(), **(held | different))

    async def follow_up_held(self, sequence: int, when: datetime, **different: object) -> Record:
        """Return the fact that a follow-up that counts was held."""
        held = held_times(when, hours=1) | {"follow_up_id": new_id(), "version": 1}
        return await self.fact(sequence, FollowUpHeld.example(), **(held | different))

    async def tell(self, *records: Record) -> None:
        """Write *records* to the topic, in order."""
        await self.producer.send(records)


def held_times(start: datetime, *, hours: int) -> dict[str, Any]:
    """Return the fields of something that was held."""
    return {"held_from": start, "held_until": start + timedelta(hours=hours), "held_on": start.date()}


def without_header(record: Record, name: str) -> Record:
    """Return *record* without one of its headers."""
    return replace(record, headers=[header for header in record.headers if header[0] != name])


@asynccontextmanager
async def strangers(region: LiveRegion, count: int) -> AsyncGenerator[list[Stranger]]:
    """Yield *count* invented cases that all live in one partition."""
    producer = await Producer.start(region.running.kafka)
    try:
        first = Stranger(region, producer)
        home = await producer.partition_of(CASES, first.id.encode())
        found = [first]
        while len(found) < count:
            other = Stranger(region, producer)
            if await producer.partition_of(CASES, other.id.encode()) == home:
                found.append(other)
        yield found
    finally:
        with contextlib.suppress(Exception):
            await producer.abandon()
