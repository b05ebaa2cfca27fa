"""
With everything in hand, nobody ties an answer to a link better than by chance among the answers between two dumps.

The same adversary is let loose on copies of feedback that are weakened on purpose, and must see through each: an attack
that never succeeds would prove nothing.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date
from http import HTTPStatus
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio

from services.feedback.domain.questionnaire import ITEM_IDS
from tests.journeys import evidence, weaknesses
from tests.journeys.adversary import ATTACKS, KINDS, Kind, Score, Stretch, score, stretches
from tests.journeys.evidence import Dump, Evidence
from tests.journeys.families import UNITS, Unit, a_unit, half_month_begins
from tests.journeys.region import JOURNEY, LiveRegion
from tests.journeys.weaknesses import WEAKNESSES, Weakness

pytestmark = [*JOURNEY, pytest.mark.slow, pytest.mark.timeout(400)]  # one half-month for all of them, 30 s or more

AS_IT_IS = 4
"""Units of the feedback that we have; each weakened copy has one more."""
FAMILIES = 12
FAMILIES_OF_A_WEAKENED_COPY = 6


@dataclass(slots=True)
class Asked:
    """A unit whose families answer, and what each of them did: to tell how often the adversary is right."""

    unit: Unit
    browser: httpx.AsyncClient
    place: int
    """Among the units: no two people in all of them answer the same."""
    weakness: Weakness | None = None
    truth: dict[Kind, dict[str, str]] = field(default_factory=lambda: {"marks": {}, "open_answers": {}})

    async def one_more_family(self, number: int, day: date) -> None:
        """Let a family of two or three be mailed its links, and answer on the spot: that helps the adversary most."""
        family = await self.unit.family(members=2 + number % 2, day=day)
        for token in await family.hand_out():
            await self._answers(token)

    async def _answers(self, token: str) -> None:
        number = len(self.truth["marks"])
        marks = {item: (100 * self.place + number) // 5**digit % 5 + 1 for digit, item in enumerate(ITEM_IDS)}
        words = "sana " * number + f"loppu {self.place}"
        body = urlencode({**marks, "open_answer": words}).encode()
        running = self.unit.region.running
        if self.weakness is not None and self.weakness.is_logged:
            weaknesses.note_request(running.folder, token, body)
        headers = {"content-type": "application/x-www-form-urlencoded"}
        sent = await self.browser.post(f"{running.form}/p/{token}", content=body, headers=headers)
        assert sent.status_code == HTTPStatus.SEE_OTHER
        self.truth["marks"][token] = evidence.as_text(marks)
        self.truth["open_answers"][token] = evidence.as_text(words)

    def tried(self, collected: Evidence, kind: Kind) -> list[Stretch]:
        """Return the stretches that the adversary looks at; all that was answered must be in them."""
        found = stretches(collected, self.unit.id, kind)
        assert sorted(token for stretch in found for token in stretch.links) == sorted(self.truth[kind])
        assert sorted(text for stretch in found for text in stretch.answers) == sorted(self.truth[kind].values())
        return found


@dataclass(frozen=True, slots=True)
class HalfMonth:
    """A half-month that is over: who was asked, and all that there is to be found of it."""

    as_it_is: list[Asked]
    weakened: Mapping[str, Asked]
    collected: Evidence


@pytest_asyncio.fixture(name="half_month", scope="module", loop_scope="session")
async def _half_month(region: LiveRegion) -> AsyncGenerator[HalfMonth]:
    """Twelve families of each unit are met and answer; dumps are taken before, after the sixth, and at the end."""
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        as_it_is = [Asked(await stack.enter_async_context(a_unit(region)), browser, place) for place in range(AS_IT_IS)]
        weakened: dict[str, Asked] = {}
        for place, weakness in enumerate(WEAKNESSES, start=AS_IT_IS):
            asked = Asked(await stack.enter_async_context(a_unit(region)), browser, place, weakness)
            await weakness.into(region.running.databases["feedback"].owner, asked.unit.id)
            weakened[weakness.name] = asked
        everybody = [*as_it_is, *weakened.values()]
        day = await half_month_begins(region)
        for asked in everybody:
            await asked.unit.knows_links_of(day)
        dumps: list[Dump] = [await evidence.dump(region)]
        for _ in range(2):
            for asked in everybody:
                families = FAMILIES if asked.weakness is None else FAMILIES_OF_A_WEAKENED_COPY
                for number in range(families // 2):
                    await asked.one_more_family(number, day)
            dumps.append(await evidence.dump(region))
        start, middle, end = dumps
        records, lines = await evidence.records(region), evidence.lines(region)
        yield HalfMonth(as_it_is, weakened, Evidence((start, middle, end), records, lines))


def scores(asked: list[Asked], collected: Evidence, kinds: tuple[Kind, ...] = KINDS) -> dict[str, Score]:
    """Return how well each attack ties what those who were *asked* marked and wrote."""
    found: dict[str, Score] = {}
    for attack in ATTACKS:
        each = [score(attack, one.tried(collected, kind), one.truth[kind]) for kind in kinds for one in asked]
        found[attack.__name__] = sum(each[1:], start=each[0])
    return found


class TestTheAdversary:
    async def test_ties_no_answer_to_a_link_better_than_chance(self, half_month: HalfMonth) -> None:
        """Every attack that we know, against all that there is."""
        found = scores(half_month.as_it_is, half_month.collected)

        print("\n".join(f"{name:40} {each}" for name, each in found.items()))  # noqa: T201 - the report that is asked for
        assert {name: str(each) for name, each in found.items() if each.is_better_than_chance} == {}

    @pytest.mark.parametrize("weakness", WEAKNESSES, ids=lambda weakness: weakness.name)
    async def test_sees_through_a_copy_with(self, half_month: HalfMonth, weakness: Weakness) -> None:
        """Else what it does not see would be no proof."""
        asked = [half_month.weakened[weakness.name]]
        found = scores(asked, half_month.collected, weakness.shows)[weakness.seen_by.__name__]

        print(f"{weakness.name:28} {weakness.seen_by.__name__:38} {found}")  # noqa: T201 - likewise
        assert found.is_better_than_chance
        assert found.tied == found.links

    async def test_finds_no_used_link_anywhere_but_in_its_booklet(self, half_month: HalfMonth) -> None:
        """Not in a row, not in a log; in the topics only where it was told of before any meeting."""
        collected = half_month.collected
        used = [token for asked in half_month.as_it_is for token in asked.truth["marks"]]
        found = {
            place
            for token in used
            for words in (token, evidence.digest(token).hex())
            for place in (
                *(row.table for row in collected.dumps[-1].rows.naming(words)),
                *(record.topic for record in collected.records.naming(words)),
                *(line.text for line in collected.lines.naming(words)),
            )
        }

        assert found == {"scheduling.outbox", UNITS}
