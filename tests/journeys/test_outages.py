"""Something is gone for a while: Kafka, the relay, a service. Nothing is lost, and nothing false is said."""

import asyncio
import contextlib
import json
from datetime import timedelta
from functools import partial

import asyncpg
import pytest

from deploy.api import Answer
from deploy.seed import booked
from deploy.trouble import Trouble
from shared.clock import monotonic
from tests.journeys.region import (
    CASES,
    JOURNEY,
    PROMISES,
    SERVICES,
    Family,
    LiveRegion,
    at,
    midnight_after,
    month_after,
    sequences,
)
from tests.probe import until

pytestmark = [*JOURNEY, pytest.mark.fault]

ENDS_WITHIN_SECONDS = 15


class TestKafkaAway:
    async def test_delays_everything_and_loses_nothing(self, region: LiveRegion):
        """People go on working; what they did arrives afterwards, in order. Services come and go meanwhile."""
        day = await region.monday()
        before = await region.promised(day)
        await region.broker.kill()

        # Writing and reading over HTTP go on.
        await region.advance(at(day + timedelta(days=1), 10))
        await region.people.met(before.case, at=at(day + timedelta(days=1), 9))
        during = await region.open(day)
        await region.hold(during)
        assert (await region.promise(before))["status"] == "open"
        await region.board()

        # Told to end, each service ends in time; started again without Kafka, each is ready to be asked.
        for service in SERVICES:
            assert await ends_when_told(region, service) == 0
            await region.start(service)
        await retract(region, await region.people.met(during.case, at=at(day + timedelta(days=1), 9)))

        # Kafka comes back.
        await region.broker.start()
        await region.told(before, "PromiseKept")
        await region.told(during, "FollowUpRetracted", topic=CASES)
        assert region.kinds(during, CASES)[-2:] == ["FollowUpHeld", "FollowUpRetracted"]
        for family in (before, during):
            facts = region.facts(family, CASES)
            assert sequences(facts) == list(range(1, len(facts) + 1))
        await region.judged(at(day + timedelta(days=1), 10))
        assert (await region.promise(during))["status"] == "open"
        await region.story(before)
        await region.story(during)


class TestTheRelayStopped:
    async def test_over_midnight_raises_nothing_false(self, region: LiveRegion):
        """Quality waits until it knows, also when it is started anew: a follow-up was held, it has only not heard."""
        day = await region.monday()
        due = month_after(day)
        family = await region.promised(day, booked(at(due, 13)))
        await region.advance(at(due, 13))
        await region.judged(at(due, 12))

        async with region.relay_held("scheduling"):
            await region.advance(at(due, 14, 5))
            await region.meet(family, at(due, 13))
            await region.advance(midnight_after(due) + timedelta(hours=1))
            await region.kill("quality")
            await region.start("quality")
            await region.swept()
            heard_until = await region.as_of()
            assert heard_until is not None
            assert heard_until < midnight_after(due)
            assert (await region.promise(family))["status"] == "open"

        kept = await region.told(family, "PromiseKept", status="kept")
        assert not kept["is_recorded_late"]
        await region.judged(midnight_after(due))
        assert "DeviationRaised" not in await region.story(family)


class TestAFactLostOnTheWay:
    async def test_is_missed_and_sent_again_by_an_operator(self, region: LiveRegion):
        """Kafka never got what the writer has on record: nothing is certain of the case until it comes."""
        day = await region.monday()
        family = await region.promised(day)
        await region.advance(at(day + timedelta(days=2), 14))
        async with region.relay_held("scheduling"):
            await region.people.met(family.case, at=at(day + timedelta(days=1), 9))
            await take_for_sent(region, family, sequence=4)
        await retract(region, await region.people.met(family.case, at=at(day + timedelta(days=2), 9)))
        await region.told(family, "PromiseUndetermined", status="open")

        await until(partial(both_miss, region, family, sequence=4))
        _, said = await region.cli("gaps", "fill", "quality")
        assert said.startswith("quality: 1 of ")

        kept = await region.told(family, "PromiseKept", status="kept", is_undetermined=False)
        assert kept["met_on"] == (day + timedelta(days=1)).isoformat()
        await until(partial(misses_nothing, region, family))


class TestAServiceKilled:
    @pytest.mark.parametrize("failpoint", ["intake_before_commit", "intake_committed", "relay_sent", "relay_confirmed"])
    async def test_takes_each_fact_once(self, region: LiveRegion, failpoint: str):
        """Killed before, between and after its commits: each fact takes effect once, and is told in order."""
        day = await region.monday()
        await region.kill("quality")
        family = await region.open(day)
        await region.advance(at(day + timedelta(days=1), 10))
        await region.hold(family)
        await region.people.met(family.case, at=at(day + timedelta(days=1), 9))
        await region.told(family, "FollowUpHeld", topic=CASES)

        repeats = region.repeats(PROMISES)
        await region.processes["quality"].start(FAILPOINTS=failpoint)
        assert await region.processes["quality"].ended() == -9
        await region.start("quality")

        await region.told(family, "PromiseKept", status="kept")
        story = await region.story(family)
        assert len(story) == len(set(story))
        if failpoint == "relay_sent":
            await until(partial(region.has_repeated, PROMISES, since=repeats))

    @pytest.mark.parametrize("failpoint", ["relay_sent", "relay_confirmed"])
    async def test_tells_everything_in_order(self, region: LiveRegion, failpoint: str):
        """Killed between Kafka's answer and its own note of it, it says the same again, with the same id."""
        day = await region.monday()
        family = await region.open(day)
        await region.advance(at(day, 15, 5))
        await region.told(family, "MeetingScheduled", topic=CASES)
        # What a new day brings by itself is told by now: the failpoint is to meet the meeting, and nothing before it.
        await region.at_rest("scheduling", "feedback_rounds")
        await region.kill("scheduling")

        repeats = region.repeats(CASES)
        await region.start("scheduling", FAILPOINTS=failpoint)
        with contextlib.suppress(Trouble):  # it may die before it has answered
            await region.hold(family)
        assert await region.processes["scheduling"].ended() == -9
        await region.start("scheduling")

        await region.told(family, "PromiseMade")
        assert region.kinds(family, CASES) == ["CaseOpened", "MeetingScheduled", "MeetingHeld"]
        assert sequences(region.facts(family, CASES)) == [1, 2, 3]
        if failpoint == "relay_sent":
            await until(partial(region.has_repeated, CASES, since=repeats))


class TestAServiceToldToEnd:
    async def test_ends_in_time_while_people_work(self, region: LiveRegion):
        """A rolling update under load: who was answered has been served, who was not may ask again."""
        day = await region.monday()
        answered: list[str] = []

        async def work() -> None:
            with contextlib.suppress(Trouble):
                while True:
                    answered.append((await region.open(day)).id)

        workers = [asyncio.create_task(work()) for _ in range(4)]

        async def is_under_load() -> bool:
            return len(answered) > 10

        await until(is_under_load)
        assert await ends_when_told(region, "scheduling") == 0
        await asyncio.gather(*workers)
        await region.start("scheduling")
        for case_id in answered:
            await region.told(case_id, "MeetingScheduled", topic=CASES)


async def retract(region: LiveRegion, follow_up: Answer) -> None:
    """Take back that a follow-up was held."""
    path = f"/v1/follow-ups/{follow_up['follow_up_id']}/retracted"
    await region.people.scheduling["responsible_social_worker"].change(path, version=follow_up["version"])


async def take_for_sent(region: LiveRegion, family: Family, *, sequence: int) -> None:
    """Let scheduling believe, while its relay is held, that it has published a fact long ago."""
    owner = await asyncpg.connect(region.running.databases["scheduling"].owner)
    lost = "UPDATE outbox SET xid = '3' WHERE topic = $1 AND key = $2 AND sequence = $3"
    assert await owner.execute(lost, CASES, family.id, sequence) == "UPDATE 1"
    await owner.close()


async def missed(region: LiveRegion, family: Family) -> set[tuple[str, int, int]]:
    """Return who misses which facts of a family, as an operator is told."""
    code, said = await region.cli("gaps", "list", "--json")
    assert code == 0
    return {(row["service"], row["first"], row["last"]) for row in json.loads(said) if row["key"] == family.id}


async def both_miss(region: LiveRegion, family: Family, *, sequence: int) -> bool:
    """Tell whether both who listen miss one fact of a family, each of which notices by itself."""
    return await missed(region, family) == {(service, sequence, sequence) for service in ("quality", "records")}


async def misses_nothing(region: LiveRegion, family: Family) -> bool:
    """Tell whether nobody misses anything of a family."""
    return not await missed(region, family)


async def ends_when_told(region: LiveRegion, service: str) -> int:
    """Tell a service to end, demand that it does so in time, and return its exit code."""
    process = region.processes[service]
    assert process.process is not None
    began = monotonic()
    process.process.terminate()
    code = await process.ended()
    assert monotonic() - began < ENDS_WITHIN_SECONDS
    return code
