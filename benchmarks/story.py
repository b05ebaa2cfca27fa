"""An invented region's facts: every case has a Heijastin, a follow-up booked at its close, and that follow-up held."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.events.case_stream import CaseStream
from services.scheduling.events.follow_ups import FollowUpHeld, FollowUpScheduled
from services.scheduling.events.meetings import MeetingHeld
from shared import clock
from shared.database import Trace
from shared.derived import derived_id
from shared.envelope import Envelope, source_of, to_headers
from shared.ids import new_id
from shared.producer import Producer, Record
from shared.relay import watermark

CASES, UNITS = CaseStream.topic, "heijastin.scheduling.units.v1"

_NAMES = UUID("b0000000-0000-4000-8000-000000000000")
_UNITS, _TEAMS, _WORKERS = ([derived_id(_NAMES, what, n) for n in range(40)] for what in ("unit", "team", "worker"))
_LINES = 20  # watermarks per partition and chapter


@dataclass(frozen=True, slots=True)
class Told:
    """A fact with its place in its stream and the time it was recorded."""

    event: CaseStream
    sequence: int
    recorded_at: datetime


def chapters(cases: int) -> Iterator[list[Told]]:
    """Yield the same chapter of every case, one after the other: so a batch hardly ever holds a case twice."""
    now = clock.utc_now().replace(hour=9, minute=0, second=0, microsecond=0)
    met, again = now - timedelta(days=20), now - timedelta(days=8)
    meetings = [_meeting(number, met) for number in range(cases)]
    booked = [_follow_up(FollowUpScheduled, number, again, version=1) for number in range(cases)]
    held = [_follow_up(FollowUpHeld, number, again, version=2) for number in range(cases)]
    for sequence, (events, at) in enumerate([(meetings, met), (booked, met), (held, again)], start=1):
        recorded_at = at + timedelta(hours=2 + sequence)
        yield [Told(event, sequence, recorded_at + timedelta(milliseconds=place)) for place, event in enumerate(events)]


async def tell(producer: Producer, cases: int) -> int:
    """Publish the facts of so many *cases*, with watermarks among them; returns how many records that are."""
    records = 0
    for chapter in chapters(cases):
        size = max(1, len(chapter) // _LINES)
        for start in range(0, len(chapter), size):
            part = chapter[start : start + size]
            told = [await _record(producer, each) for each in part]
            told += [
                watermark(topic, partition, as_of=part[-1].recorded_at, partitions=partitions)
                for topic in (CASES, UNITS)
                for partitions in [await producer.partitions_of(topic)]
                for partition in range(partitions)
            ]
            await producer.send(told)
            records += len(told)
    return records


async def _record(producer: Producer, told: Told) -> Record:
    event, key = told.event, told.event.stream_key().encode()
    return Record(
        event.topic,
        await producer.partition_of(event.topic, key),
        key,
        event.model_dump_json().encode(),
        to_headers(
            Envelope(
                event_id=str(new_id()),
                event_type=event.wire_type(),
                source=source_of(event.topic),
                subject=event.subject(),
                recorded_at=told.recorded_at,
                sequence=told.sequence,
                subject_version=event.subject_version(),
                trace=Trace(event.subject()),
            )
        ),
    )


def _context(number: int) -> dict[str, Any]:
    return {
        "case_id": derived_id(_NAMES, "case", number),
        "case_code": f"K{number % 10}-{number:05}",
        "unit_id": _UNITS[number % len(_UNITS)],
        "team_id": _TEAMS[number % len(_TEAMS)],
        "responsible_worker_ids": (_WORKERS[number % len(_WORKERS)],),
    }


def _meeting(number: int, at: datetime) -> MeetingHeld:
    context = _context(number)
    until = at + timedelta(hours=2)
    return MeetingHeld(
        **context,
        meeting_id=derived_id(_NAMES, "meeting", number),
        version=2,
        status="held",
        planned_from=at,
        planned_until=until,
        held=True,
        held_from=at,
        held_until=until,
        held_on=_day(at),
        held_in_unit_id=context["unit_id"],
        next_agreed="follow_up",
        not_agreed_reason=None,
        booking_owner_id=None,
        book_by_on=None,
        review_on=None,
        confirmed=True,
        override_reason=None,
        cancelled_reason=None,
        imported=False,
    )


def _follow_up(
    kind: type[FollowUpScheduled | FollowUpHeld], number: int, at: datetime, *, version: int
) -> FollowUpScheduled | FollowUpHeld:
    held = kind is FollowUpHeld
    until = at + timedelta(hours=1)
    return kind(
        **_context(number),
        follow_up_id=derived_id(_NAMES, "follow-up", number),
        meeting_id=derived_id(_NAMES, "meeting", number),
        version=version,
        status="held" if held else "booked",
        booked_from=at,
        booked_until=until,
        held=held,
        held_from=at if held else None,
        held_until=until if held else None,
        held_on=_day(at) if held else None,
        family_present=held,
        worker_present=held,
        mode="in_person" if held else None,
        cancelled_reason=None,
        imported=False,
    )


def _day(at: datetime) -> date:
    """Return the local day; nine in the morning is the same day everywhere in Europe."""
    return at.date()
