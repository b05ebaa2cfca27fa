import asyncio
import json
from collections import Counter
from uuid import UUID

import pytest

from services.feedback import handlers, store
from services.feedback.commands import GiveAnswer
from services.feedback.handlers import LinkNotValid
from shared import ids
from tests.feedback.builders import DECEMBER_1, NOVEMBER_1, NOVEMBER_2, OCTOBER_2, OTHER_UNIT, UNIT
from tests.feedback.hearing import Hearing
from tests.probe import until

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]


_SOMEBODY_WAITS = """
    SELECT EXISTS (
        SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()
    )
"""


async def lists(hearing: Hearing) -> tuple[list[dict[str, int]], list[str]]:
    """Return the marks and the open answers of the unit's open window as they are stored."""
    row = await hearing.database.pool.fetchrow("SELECT marks, open_answers FROM windows WHERE unit_id = $1", UNIT)
    assert row is not None
    return json.loads(row["marks"]), json.loads(row["open_answers"])


async def form(hearing: Hearing, token: str) -> str | None:
    """Return which form a link opens."""
    async with hearing.database.reading() as source:
        return await handlers.find_form(source, token)


class TestALink:
    async def test_opens_the_form_of_its_kind_as_often_as_one_likes(self, hearing: Hearing) -> None:
        """Looking uses nothing up: previews and scanners look too."""
        [adult], [child] = (
            await hearing.links(NOVEMBER_1, how_many=1),
            await hearing.links(NOVEMBER_1, kind="child", how_many=1),
        )

        assert [await form(hearing, adult), await form(hearing, child), await form(hearing, adult)] == [
            "adult",
            "child",
            "adult",
        ]

    async def test_is_used_once(self, hearing: Hearing) -> None:
        """Its row is gone, and the second answer with it."""
        token, *_ = await hearing.links(NOVEMBER_1)
        await hearing.answer(token, 5)

        with pytest.raises(LinkNotValid):
            await hearing.answer(token, 1)

        assert await form(hearing, token) is None
        assert await lists(hearing) == ([{"heard": 5, "useful": 5}], [])

    async def test_is_used_once_also_by_two_at_the_same_moment(self, hearing: Hearing) -> None:
        """A double click, or a family that shares a link."""
        token, *_ = await hearing.links(NOVEMBER_1)

        outcomes = await asyncio.gather(*(hearing.answer(token) for _ in range(4)), return_exceptions=True)

        assert Counter(type(outcome) for outcome in outcomes) == {type(None): 1, LinkNotValid: 3}
        assert len((await lists(hearing))[0]) == 1

    @pytest.mark.parametrize("token", ["", "x", "0" * 22, "ö/😊", "\ud800", "a" * 4000])
    async def test_that_never_was_is_refused_like_a_used_one(self, hearing: Hearing, token: str) -> None:
        """Whatever somebody types."""
        await hearing.links(NOVEMBER_1)

        assert await form(hearing, token) is None
        with pytest.raises(LinkNotValid):
            await hearing.answer(token)

    async def test_is_not_used_up_when_the_answer_is_not_taken(self, hearing: Hearing) -> None:
        """Both or neither: a failure between them gives the link back."""
        token, *_ = await hearing.links(NOVEMBER_1)

        async def break_off() -> None:
            async with hearing.database.transaction() as tx:
                await handlers.give_answer(GiveAnswer(heard=1), token, tx=tx)
                raise ConnectionError

        with pytest.raises(ConnectionError):
            await break_off()

        assert await form(hearing, token) == "adult"
        assert await lists(hearing) == ([], [])


class TestAnswers:
    async def test_stand_in_one_row_in_an_order_that_tells_nothing(self, hearing: Hearing) -> None:
        """Drawn anew at each answer: the last to come is found in every place, and its words are elsewhere."""
        tokens = await hearing.links(NOVEMBER_1, how_many=60)
        places: Counter[int] = Counter()
        for round_, token in enumerate(tokens, start=1):
            await hearing.answer(token, 5 if round_ % 3 == 0 else 1, open_answer=f"sana {round_}")
            texts = (await lists(hearing))[1]
            places[texts.index(f"sana {round_}") * 4 // round_] += 1

        marks, texts = await lists(hearing)
        in_order = [5 if number % 3 == 0 else 1 for number in range(1, 61)]
        assert Counter(mark["heard"] for mark in marks) == Counter(in_order)
        assert [mark["heard"] for mark in marks] != in_order
        assert texts != sorted(texts, key=lambda text: int(text.split()[1]))
        assert all(places[quarter] > 3 for quarter in range(4)), places
        by_text = [5 if int(text.split()[1]) % 3 == 0 else 1 for text in texts]
        assert by_text != [mark["heard"] for mark in marks]

    async def test_change_no_other_row(self, hearing: Hearing) -> None:
        """The link goes, the window changes; nothing else is written by an answer."""
        token, *_ = await hearing.links(NOVEMBER_1)
        before = await _written(hearing)

        await hearing.answer(token, open_answer="Kiitos")

        after = await _written(hearing)
        assert {table for table in after if after[table] != before[table]} == {"links", "windows"}

    async def test_of_two_units_do_not_meet(self, hearing: Hearing) -> None:
        """Each has a window of its own."""
        [theirs] = await hearing.links(NOVEMBER_1, unit_id=OTHER_UNIT, how_many=1)
        await hearing.links(NOVEMBER_1)

        await hearing.answer(theirs)

        assert await lists(hearing) == ([], [])

    async def test_may_be_words_alone(self, hearing: Hearing) -> None:
        """It counts as an answer, and marks nothing."""
        token, *_ = await hearing.links(NOVEMBER_1)
        async with hearing.database.transaction() as tx:
            await handlers.give_answer(GiveAnswer(open_answer="Kiitos"), token, tx=tx)

        assert await lists(hearing) == ([{}], ["Kiitos"])


async def _written(hearing: Hearing) -> dict[str, list[str]]:
    """Return the whole content of each table, row versions included."""
    names = await hearing.database.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {
        row["tablename"]: [
            str(tuple(record))
            for record in await hearing.database.pool.fetch(f"SELECT ctid, xmin, t.* FROM {row['tablename']} t")
        ]
        for row in names
    }


async def _shown(hearing: Hearing, unit_id: UUID = UNIT) -> list[store.ToldWindow]:
    """Return the windows of a unit that staff see."""
    async with hearing.database.reading() as source:
        return await store.list_told(source, frozenset({unit_id}), after=None, limit=10)


class TestAWindow:
    async def test_closes_at_the_end_of_the_half_month_with_its_figures(self, hearing: Hearing) -> None:
        """One fact; the marks are gone, the words are kept for the unit's own people, and the next window is empty."""
        tokens = await hearing.links(NOVEMBER_1)
        for token in tokens[:6]:
            await hearing.answer(token, open_answer="Kiitos")
        await hearing.ended(NOVEMBER_1)

        assert await hearing.pass_gate(NOVEMBER_2) == 1

        [(name, fact)] = await hearing.told()
        assert name == "FeedbackSummarised"
        assert (fact["answers"], fact["from_on"], fact["until_on"]) == (6, "2026-11-01", "2026-11-16")
        assert await lists(hearing) == ([], [])
        [row] = await hearing.database.pool.fetch("SELECT * FROM summaries")
        assert json.loads(row["open_answers"]) == ["Kiitos"] * 6
        assert "Kiitos" not in json.dumps(fact)

    async def test_is_told_of_under_a_trace_of_its_own(self, hearing: Hearing) -> None:
        """Two units, two traces: nothing that was decided together can be told to have been."""
        await hearing.links(NOVEMBER_1)
        await hearing.links(NOVEMBER_1, unit_id=OTHER_UNIT)
        for unit_id in (UNIT, OTHER_UNIT):
            await hearing.ended(NOVEMBER_1, unit_id=unit_id)

        assert await hearing.pass_gate(NOVEMBER_2) == 2

        traces = await hearing.database.pool.fetch("SELECT DISTINCT correlation_id, causation_id FROM outbox")
        assert len({row["correlation_id"] for row in traces}) == 2
        assert {row["causation_id"] for row in traces} == {None}

    async def test_is_carried_on_and_said_to_be_once_a_half_month(self, hearing: Hearing) -> None:
        """Its answers stay; at the next boundary they are told of with what has come since."""
        tokens = await hearing.links(NOVEMBER_1)
        for token in tokens[:4]:
            await hearing.answer(token)
        await hearing.ended(NOVEMBER_1)
        assert [await hearing.pass_gate(NOVEMBER_2), await hearing.pass_gate(NOVEMBER_2)] == [1, 0]

        later = await hearing.links(NOVEMBER_2)
        await hearing.answer(later[0])
        await hearing.ended(NOVEMBER_2)
        assert await hearing.pass_gate(DECEMBER_1) == 1

        (first, held_back), (second, summary) = await hearing.told()
        assert (first, second) == ("FeedbackWindowHeldBack", "FeedbackSummarised")
        assert held_back["window_id"] == summary["window_id"]
        assert (held_back["version"], summary["version"]) == (1, 2)
        assert (summary["answers"], summary["from_on"], summary["until_on"]) == (5, "2026-11-01", "2026-12-01")

    async def test_is_carried_on_in_silence_while_nobody_is_asked(self, hearing: Hearing) -> None:
        """Nothing is held back, and staff see no window that waits for nothing; it begins where it began."""
        await hearing.links(NOVEMBER_1)
        await hearing.ended(NOVEMBER_1, meetings=0, largest_family=0)
        assert [await hearing.pass_gate(NOVEMBER_2), await hearing.pass_gate(NOVEMBER_2)] == [1, 0]
        assert await hearing.told() == []
        assert await _shown(hearing) == []

        await hearing.ended(NOVEMBER_2, meetings=1)
        await hearing.pass_gate(DECEMBER_1)

        [(name, fact)] = await hearing.told()
        assert name == "FeedbackWindowHeldBack"
        assert (fact["version"], fact["from_on"], fact["until_on"]) == (1, "2026-11-01", "2026-12-01")
        assert [str(window.until_on) for window in await _shown(hearing)] == ["2026-12-01"]

    async def test_says_nothing_of_answers_that_came_late(self, hearing: Hearing) -> None:
        """With them it is as silent as without: else who was asked before would be known to have answered."""
        for unit_id, are_late in ((UNIT, True), (OTHER_UNIT, False)):
            tokens = await hearing.links(NOVEMBER_1, unit_id=unit_id)
            for token in tokens[:5]:
                await hearing.answer(token)
            await hearing.ended(NOVEMBER_1, unit_id=unit_id)
            await hearing.pass_gate(NOVEMBER_2)
            if are_late:
                await hearing.answer(tokens[5])
            await hearing.ended(NOVEMBER_2, meetings=0, largest_family=0, unit_id=unit_id)
        assert await hearing.pass_gate(DECEMBER_1) == 2

        for unit_id in (UNIT, OTHER_UNIT):
            assert [name for name, _ in await hearing.told(unit_id)] == ["FeedbackSummarised"]
            assert len(await _shown(hearing, unit_id)) == 1

    async def test_waits_for_the_gate(self, hearing: Hearing) -> None:
        """No watermark, no decision; and within the half-month there is nothing to decide."""
        await hearing.links(NOVEMBER_1)
        async with hearing.database.transaction() as tx:
            assert await handlers.decide_windows(tx) == 0

        assert await hearing.pass_gate(NOVEMBER_1) == 0

    async def test_waits_for_the_counts(self, hearing: Hearing) -> None:
        """The half-month is over, but what was handed out in it has not been told."""
        await hearing.links(NOVEMBER_1)
        assert await hearing.pass_gate(NOVEMBER_2) == 0

        await hearing.ended(NOVEMBER_1)

        assert await hearing.pass_gate(NOVEMBER_2) == 1

    async def test_is_told_of_though_its_counts_came_before_its_links(self, hearing: Hearing) -> None:
        """Facts come in any order; a late booklet does not take the counts back."""
        await hearing.ended(NOVEMBER_1)
        await hearing.links(NOVEMBER_1)

        assert await hearing.pass_gate(NOVEMBER_2) == 1

    async def test_lets_links_go_that_have_run_out(self, hearing: Hearing) -> None:
        """They are good in their own half-month and in the next."""
        [old, *_], [new, *_] = await hearing.links(NOVEMBER_1), await hearing.links(NOVEMBER_2)
        await hearing.ended(NOVEMBER_1)
        await hearing.pass_gate(NOVEMBER_2)
        assert [await form(hearing, old), await form(hearing, new)] == ["adult", "adult"]

        await hearing.ended(NOVEMBER_2)
        await hearing.pass_gate(DECEMBER_1)

        assert [await form(hearing, old), await form(hearing, new)] == [None, "adult"]

    async def test_takes_an_answer_that_waited_while_it_closed(self, hearing: Hearing) -> None:
        """The link is used up, so the answer must not be lost: it is the first of the next window."""
        tokens = await hearing.links(NOVEMBER_1)
        for token in tokens[:5]:
            await hearing.answer(token)
        await hearing.ended(NOVEMBER_1)
        await hearing.pass_gate(NOVEMBER_1)
        async with hearing.database.transaction() as tx:
            await tx.execute("UPDATE watermarks SET complete_until = '2026-11-20T00:00Z'")
        async with hearing.database.transaction() as tx:
            assert await handlers.decide_windows(tx) == 1
            waiting = asyncio.create_task(hearing.answer(tokens[5], 1))
            await until(lambda: tx.fetchval(_SOMEBODY_WAITS))
        await waiting

        assert await lists(hearing) == ([{"heard": 1, "useful": 1}], [])
        assert (await hearing.told())[-1][1]["answers"] == 5

    async def test_refuses_an_answer_whose_link_ran_out_while_it_waited(self, hearing: Hearing) -> None:
        """Nobody stands in anybody's way: neither the answer nor the decision is undone for the other's sake."""
        old, *_ = await hearing.links(NOVEMBER_1)
        for half_month in (NOVEMBER_1, NOVEMBER_2):
            await hearing.ended(half_month)
        await hearing.pass_gate(NOVEMBER_1)
        async with hearing.database.transaction() as tx:
            await tx.execute("UPDATE watermarks SET complete_until = '2026-12-02T00:00Z'")
        async with hearing.database.transaction() as tx:
            await tx.execute("SELECT FROM windows FOR UPDATE")
            waiting = asyncio.create_task(hearing.answer(old))
            await until(lambda: tx.fetchval(_SOMEBODY_WAITS))
            assert await handlers.decide_windows(tx) == 1

        with pytest.raises(LinkNotValid):
            await waiting
        assert await lists(hearing) == ([], [])


class TestWhatIsHeard:
    async def test_may_come_of_a_unit_for_the_next_half_month_first(self, hearing: Hearing) -> None:
        """One batch with both: the window begins with the earlier."""
        await hearing.links(NOVEMBER_1)
        await hearing.links(NOVEMBER_2)

        [row] = await hearing.database.pool.fetch("SELECT from_on FROM windows")
        assert row["from_on"] == NOVEMBER_1

    async def test_late_of_links_that_have_run_out_opens_nothing(self, hearing: Hearing) -> None:
        """A booklet that was parked for weeks: who got its links is no part of the window's reckoning any more."""
        for token in (await hearing.links(NOVEMBER_1))[:5]:
            await hearing.answer(token)
        await hearing.ended(NOVEMBER_1)
        await hearing.pass_gate(NOVEMBER_2)

        [gone, *_], [late, *_] = await hearing.links(OCTOBER_2), await hearing.links(NOVEMBER_1)

        assert [await form(hearing, gone), await form(hearing, late)] == [None, "adult"]

    async def test_of_other_kinds_is_passed_over(self, hearing: Hearing) -> None:
        """An empty batch, as a disturbance brings it."""
        await hearing.hear()

        assert await hearing.database.pool.fetchval("SELECT count(*) FROM windows") == 0


class TestATokensDigest:
    async def test_is_what_scheduling_publishes(self, hearing: Hearing) -> None:
        """Two services that never meet agree on it by the contract alone."""
        token = ids.new_token()
        assert len(token) >= 22  # 128 bits in base 64

        tokens = await hearing.links(NOVEMBER_1, how_many=3)

        assert await form(hearing, tokens[1]) == "adult"
