"""A unit changes its hours, free days or rules: what is open there is judged again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta

import pytest

from deploy.databases import Urls
from services.quality import handlers
from services.quality.consumed import MeetingStated, UnitConfigured
from services.scheduling.events import MeetingHeld
from services.scheduling.events import UnitConfigured as UnitIs
from shared import gate
from shared.database import Database, Trace, Transaction
from shared.events import Consumed, Event
from shared.gate import Watermark
from shared.intake import Batch
from shared.records import Fact
from tests.probe import until
from tests.quality.builders import local
from tests.quality.stream import Hearing, meeting_held, unit_configured

pytestmark = pytest.mark.postgres


def _heard(said: Event, reads: type[Consumed], *, sequence: int, recorded_at: datetime) -> Fact:
    return Fact(
        topic=said.topic,
        key=said.stream_key(),
        sequence=sequence,
        event_type=said.wire_type(),
        event_id="an-event",
        subject_version=said.subject_version(),
        recorded_at=recorded_at,
        trace=Trace("a-correlation"),
        body=reads.model_validate_json(said.model_dump_json()),
    )


async def _passes(tx: Transaction, instant: datetime) -> None:
    await gate.raise_watermarks(tx, [Watermark(topic, 0, 1, instant) for topic in handlers.TOPICS])


class TestAUnitThatChanges:
    @pytest.mark.asyncio
    async def test_has_its_promises_judged_by_the_next_sweep(
        self, service_databases: Callable[[str], Awaitable[Urls]]
    ) -> None:
        """Holidays that a unit lets move a due date move it for what is open too, and no sweep stumbles over it."""
        urls = await service_databases("quality")
        database = await Database.open(urls.runtime, application_name="quality")
        held = MeetingHeld.example().model_copy(
            update={
                "held_from": local("2026-10-22 13:00"),
                "held_until": local("2026-10-22 14:00"),
                "held_on": date(2026, 10, 22),
            }
        )
        unit = UnitIs.example().model_copy(update={"holiday_policy": "roll_forward_150_1930"})
        recorded = local("2026-10-22 15:00")
        async with database.transaction() as tx:
            facts = (_heard(held, MeetingStated, sequence=1, recorded_at=recorded),)
            assert await handlers.take_in(tx, Batch(facts)) == []
            assert await _due_on(tx) == date(2026, 11, 22)

        async with database.transaction() as tx:
            changed = _heard(unit, UnitConfigured, sequence=1, recorded_at=recorded)
            await handlers.take_in(tx, Batch((changed,)))
            await _passes(tx, recorded + timedelta(minutes=1))
            await handlers.look_again(tx, limit=10)
            assert await _due_on(tx) == date(2026, 11, 23)
        await database.close()

    @pytest.mark.asyncio
    async def test_keeps_promises_from_being_made_by_the_rules_of_before(self, hearing: Hearing) -> None:
        """Who makes a promise at that moment waits for the new rule, so that no promise misses to be judged anew."""
        unit, meeting = hearing.number(
            unit_configured("2026-10-22 12:00", holiday_policy="roll_forward_150_1930"),
            meeting_held("2026-10-22 13:00"),
        )
        async with hearing.database.transaction() as changing:
            await handlers.take_in(changing, Batch((unit,)))
            making = asyncio.create_task(hearing.take(Batch((meeting,))))

            async def waits_or_is_done() -> bool:
                return making.done() or await hearing.database.pool.fetchval(
                    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
                )

            await until(waits_or_is_done)
        await making

        async with hearing.database.transaction() as tx:
            assert await _due_on(tx) == date(2026, 11, 23)


async def _due_on(tx: Transaction) -> date:
    return await tx.fetchval("SELECT due_on FROM promises")
