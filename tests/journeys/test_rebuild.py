"""Quality forgets everything and reads it again: the facts say the same as ever."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.journeys.region import JOURNEY, PROMISES, LiveRegion, at, midnight_after, month_after
from tests.journeys.stranger import strangers

pytestmark = JOURNEY

_KNOWN = """
    SELECT (SELECT json_agg(f ORDER BY case_id, kind, subject_id, version) FROM facts f)::text AS facts,
           (SELECT json_agg(m ORDER BY case_id, meeting_id, version) FROM memos m)::text AS memos,
           (SELECT json_agg(u ORDER BY unit_id) FROM units u)::text AS units,
           (SELECT json_agg(c ORDER BY case_id) FROM
               (SELECT case_id, disturbed_since, memos_disturbed_since FROM cases) c)::text AS cases,
           (SELECT json_agg(p ORDER BY promise_id) FROM promises p)::text AS promises,
           (SELECT json_agg(o ORDER BY id) FROM outbox o)::text AS said
"""


class TestARebuild:
    async def test_ends_in_the_same_facts_statuses_and_figures(self, region: LiveRegion):
        """What is known follows from what was told, and from nothing else; so nothing is said again."""
        day = await region.monday()
        due = month_after(day)
        kept, lapsed, late = [await region.promised(day) for _ in range(3)]
        await region.advance(at(day + timedelta(days=2), 10))
        await region.people.met(kept.case, at=at(day + timedelta(days=1), 13))
        await region.advance(midnight_after(due) + timedelta(hours=9))
        await region.told(lapsed, "DeviationRaised")
        await region.told(late, "DeviationRaised")
        await region.people.met(late.case, at=at(due, 13))
        await region.told(late, "DeviationWithdrawn")
        await region.judged(await region.now())
        for family in (kept, lapsed, late):
            await region.story(family)
        known, figures, told = await everything(region), await region.figures(due), on_topic(region)

        code, said = await region.cli("quality", "rebuild")
        assert code == 0, said

        assert await everything(region) == known
        await region.judged(await region.now())
        assert (await region.figures(due)) == figures
        assert await everything(region) == known
        assert on_topic(region) == told

        # And it goes on from there.
        await region.people.met(lapsed.case, at=at(due + timedelta(days=1), 8))
        await region.told(lapsed, "PromiseKeptLate")

    async def test_lets_the_day_of_grace_run_on(self, region: LiveRegion):
        """What has been missing, or parked, for more than a day is not missing since now: the verdicts stand."""
        day = await region.monday()
        held = at(day - timedelta(days=2), 13)
        async with strangers(region, 2) as [gap, poisoned]:
            await gap.tell(await gap.meeting_held(1, day - timedelta(days=50)), await gap.follow_up_held(3, held))
            broken = replace(await poisoned.follow_up_held(2, held), value=b"{}")
            await poisoned.tell(await poisoned.meeting_held(1, day - timedelta(days=50)), broken)
            for case in (gap, poisoned):
                await region.told(case.id, "PromiseUndetermined")
            await region.advance(at(day + timedelta(days=1), 10))
            for case, status in ((gap, "kept_late"), (poisoned, "lapsed")):
                await region.told(case.id, "DeviationRaised", status=status, is_undetermined=False)
            await region.judged(await region.now())
            known, told = await everything(region), on_topic(region)

            code, said = await region.cli("quality", "rebuild")

            assert code == 0, said
            await region.judged(await region.now())
            assert await everything(region) == known
            assert on_topic(region) == told


async def everything(region: LiveRegion) -> dict[str, Any]:
    """Return, as text, what quality knows and all that it ever said."""
    async with region.database("quality") as connection:
        row = await connection.fetchrow(_KNOWN)
    assert row is not None
    return dict(row)


def on_topic(region: LiveRegion) -> int:
    """Return how many facts of quality's lie in its topic."""
    return sum(told.record.topic == PROMISES for told in region.heard)
