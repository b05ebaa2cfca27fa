"""What may come down a topic: twice, out of order, about nobody known, of a type nobody knows, or broken."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from operator import itemgetter
from typing import Final
from uuid import UUID

import pytest

from deploy import parked as operations
from services.scheduling.events import FollowUpHeld, FollowUpRetracted, FollowUpScheduled
from shared.ids import new_id
from shared.parking import ReasonMissing
from shared.producer import Record
from tests.journeys.region import CASES, JOURNEY, LiveRegion, at
from tests.journeys.stranger import Stranger, held_times, strangers, without_header
from tests.probe import until

pytestmark = JOURNEY


@pytest.fixture(name="operator")
def _operator(region: LiveRegion, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `heijastin parked`, called here and not as a process of its own, find quality's database."""
    monkeypatch.setenv("QUALITY_DATABASE_URL", region.running.databases["quality"].runtime)


class TestFacts:
    async def test_count_once_and_in_their_order_however_they_come(self, region: LiveRegion):
        """Kafka delivers again, and a gap may close late: undetermined meanwhile, and then as if nothing had been."""
        day = await region.monday()
        held = at(day - timedelta(days=2), 13)
        follow_up = {"follow_up_id": new_id()}
        async with strangers(region, 1) as [case]:
            meeting = await case.meeting_held(1, day - timedelta(days=5))
            booked = await case.fact(2, FollowUpScheduled.example(), **follow_up)
            met = await case.fact(3, FollowUpHeld.example(), **(follow_up | held_times(held, hours=1)))
            before = await region.counted("quality_consumer_duplicates_total")

            # The third comes before the second: something is missing, so nothing is certain.
            await case.tell(meeting, met)
            await region.told(case.id, "PromiseUndetermined", is_undetermined=True)

            # The second arrives late, and everything once more; then the follow-up is taken back.
            await case.tell(booked)
            await region.told(case.id, "PromiseKept", is_undetermined=False)
            await case.tell(meeting, booked, met)
            retracted = {"status": "retracted", "version": 3}
            await case.tell(await case.fact(4, FollowUpRetracted.example(), **(follow_up | retracted)))
            await region.told(case.id, "PromiseReopened", status="open")

            story = await region.story(case.id)
            assert (story.count("PromiseMade"), story.count("PromiseReopened")) == (1, 1)
            assert await region.counted("quality_consumer_duplicates_total") == before + 3

    async def test_about_unknown_cases_and_units_are_kept(self, region: LiveRegion):
        """Topics arrive in any order: a follow-up may be heard of before its case, its meeting and its unit."""
        day = await region.monday()
        elsewhere = {"unit_id": UUID(int=7)}
        async with strangers(region, 1) as [case]:
            await case.tell(await case.follow_up_held(1, at(day - timedelta(days=2), 13), **elsewhere))
            await case.tell(
                await case.meeting_held(2, day - timedelta(days=5), **elsewhere, held_in_unit_id=UUID(int=8))
            )
            kept = await region.told(case.id, "PromiseKept", status="kept")
            assert kept["unit_id"] == str(UUID(int=8))

    async def test_of_an_unknown_type_pass(self, region: LiveRegion, operator: None):
        """A publisher may say new things before its readers know them."""
        del operator
        day = await region.monday()
        async with strangers(region, 1) as [case]:
            meeting = await case.meeting_held(1, day - timedelta(days=5))
            novelty = await case.follow_up_held(2, at(day - timedelta(days=3), 13))
            novelty = replace(
                novelty,
                value=b"{}",
                headers=[
                    (n, b"heijastin.scheduling.FamilySung.v1" if n == "ce_type" else v) for n, v in novelty.headers
                ],
            )
            await case.tell(meeting, novelty, await case.follow_up_held(3, at(day - timedelta(days=2), 13)))

            await region.told(case.id, "PromiseKept", status="kept", is_undetermined=False)
            assert "PromiseUndetermined" not in await region.story(case.id)
            assert await parked(case) == []


class TestAPoisonedFact:
    async def test_waits_with_its_key_and_stops_nobody_else(self, region: LiveRegion, operator: None):
        """It parks itself and what comes after it of its key; an operator who gives it up says why."""
        del operator
        day = await region.monday()
        monday = day - timedelta(days=7)
        async with strangers(region, 4) as [other, *cases]:
            for case, (poisoned, _, following) in zip(cases, _POISONS, strict=True):
                await case.tell(
                    await case.meeting_held(1, monday),
                    poisoned(await case.follow_up_held(2, at(monday + timedelta(days=1), 13))),
                    await case.follow_up_held(following, at(monday + timedelta(days=2), 13)),
                )
            await other.tell(
                await other.meeting_held(1, monday), await other.follow_up_held(2, at(monday + timedelta(days=2), 13))
            )

            # The neighbour in the same partition goes on; each case itself is undetermined.
            await region.told(other.id, "PromiseKept", status="kept", is_undetermined=False)
            for case, (_, reason, _) in zip(cases, _POISONS, strict=True):
                await region.told(case.id, "PromiseUndetermined", status="open")
                first, second = waiting = await parked(case)
                assert [row["reason"] for row in waiting] == [reason, "behind_a_parked_fact"]

                # It cannot be taken as it is, nor be given up without a reason.
                assert (await operations.replayed("quality", first["number"])).taken == 0
                with pytest.raises(ReasonMissing):
                    await operations.discarded("quality", first["number"], because="  ")
                assert await parked(case) == waiting

                # Given up, it no longer keeps the others waiting.
                await operations.discarded("quality", first["number"], because="broken in transit")
                assert (await operations.replayed("quality", second["number"])).taken == 1
                await region.told(case.id, "PromiseKept", status="kept", is_undetermined=False)
                assert await parked(case) == []

    async def test_is_taken_in_order_once_its_cause_is_gone(self, region: LiveRegion, operator: None):
        """Held tomorrow cannot be; when tomorrow has come, all that waited is taken, one after the other."""
        del operator
        day = await region.monday()
        tomorrow = at(day + timedelta(days=1), 13)
        follow_up = {"follow_up_id": new_id()}
        async with strangers(region, 1) as [case]:
            retracted = {"status": "retracted", "version": 4}
            await case.tell(
                await case.meeting_held(1, day - timedelta(days=5)),
                await case.fact(2, FollowUpHeld.example(), **follow_up, **held_times(tomorrow, hours=1)),
                await case.fact(3, FollowUpRetracted.example(), **follow_up, **retracted),
                await case.follow_up_held(4, at(day - timedelta(days=1), 13)),
            )

            async def all_wait() -> bool:
                return len(await parked(case)) == 3

            await until(all_wait)
            assert (await region.promise(case.id))["is_undetermined"]

            await region.advance(tomorrow + timedelta(hours=2))
            numbers = [row["number"] for row in await parked(case)]
            code, said = await region.cli("parked", "replay", "quality", str(numbers[0]))
            assert (code, said) == (0, "taken: 3\n")
            taken = sorted([await operations.shown("quality", each) for each in numbers], key=itemgetter("settled_at"))
            assert [row["sequence"] for row in taken] == [2, 3, 4]
            kept = await region.told(case.id, "PromiseKept", is_undetermined=False)
            assert kept["met_on"] == (day - timedelta(days=1)).isoformat()


class TestATrace:
    async def test_leads_from_a_request_to_the_last_effect_in_another_service(self, region: LiveRegion):
        """Whoever asks why something was said finds who asked for what, by one id."""
        day = await region.monday()
        family = await region.open(day)
        await region.advance(at(day, 15, 5))
        request_id = str(new_id())
        leader = region.people.scheduling["consulting_social_worker"].http
        leader.headers["X-Request-Id"] = request_id
        try:
            await region.hold(family)
        finally:
            del leader.headers["X-Request-Id"]
        await region.told(family, "PromiseMade")
        [held] = [fact.envelope for fact in region.facts(family, CASES) if fact.is_of("MeetingHeld")]
        [made] = [fact.envelope for fact in region.facts(family) if fact.is_of("PromiseMade")]
        assert held is not None
        assert made is not None
        assert (held.trace.correlation_id, made.trace.correlation_id) == (request_id, request_id)
        assert made.trace.causation_id == held.event_id


_POISONS: Final[tuple[tuple[Callable[[Record], Record], str, int], ...]] = (
    (partial(replace, value=b'{"half": '), "unreadable_body", 3),
    (partial(replace, value=b'{"follow_up_id": "nobody"}'), "unreadable_body", 3),
    # Without its header the record has no sequence, and so takes none.
    (partial(without_header, name="ce_sequence"), "unreadable_envelope", 2),
)
"""How a record is poisoned, the reason that the operator is told, and the sequence of the fact that comes next."""


async def parked(case: Stranger) -> list[operations.Row]:
    """Return what the operator is told to be parked of a case, oldest first."""
    return [row for row in await operations.listed("quality", settled=False) if row["key"] == case.id]
