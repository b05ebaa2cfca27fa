"""What every act of the tour stands on: the region, the narrator, and the time, which passes when an act says so."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx

from deploy import clocks, migrating, seed, supervision, tokens
from deploy.api import Answer, Api, asked_by
from deploy.clocks import HELSINKI, at
from deploy.importing import sample
from deploy.seed import PEOPLE, Region
from deploy.state import Running
from deploy.tour.narrator import OUR_FAULT, Narrator, listening
from deploy.trouble import Trouble
from services.quality.domain.calendar import is_working_day

MONTH, MEMO_RECORDED, MEMO_REVIEWED = "met_within_a_month", "memo_recorded_in_three_days", "memo_reviewed_as_agreed"
"""Promises as quality names them."""
THE_UNIT = "the unit"
"""What the narrator calls it."""

_SO_WITHIN_SECONDS = 30.0
_LOOK_EVERY_SECONDS = 0.1
_SWEEPS = re.compile(r"\w*loop_passes_total\{.*loop=\"sweep\"")
_FIRST_DAYS, _SECOND_HALF_BEGINS, _WEEKDAYS = range(2, 9), 16, range(1, 6)
_ELSEWHERE = ("HEIJASTIN_", "KAFKA_", *(f"{service.upper()}_" for service in migrating.services()))
"""How names of settings begin that might point to another system than the tour's own."""


@dataclass(slots=True)
class Stage:
    """
    The tour under way; `cases` and `meetings` are what scheduling answered last, by family.

    `first` is a Monday from the 2nd to the 8th: then two weeks later a half-month has ended, and the next before the
    promises of `first` are due.
    """

    running: Running
    region: Region
    quality: Api
    narrator: Narrator
    first: date
    cases: dict[str, Answer] = field(default_factory=dict[str, Answer])
    meetings: dict[str, Answer] = field(default_factory=dict[str, Answer])

    @property
    def boundary(self) -> datetime:
        """When the half-month of `first` has ended."""
        return at(self.first.replace(day=_SECOND_HALF_BEGINS), 9)

    @property
    def second_boundary(self) -> datetime:
        """When the next has."""
        return at((self.first.replace(day=1) + timedelta(days=31)).replace(day=1), 9)

    async def advance(self, to: datetime, told: str) -> None:
        """Let the time pass, and tell what happens then."""
        self.narrator.heading(f"{to.astimezone(HELSINKI):%a %d.%m.%Y %H:%M}  {told}")
        await clocks.advance(self.running.databases.values(), to=to)

    async def now(self) -> datetime:
        """Return the business time."""
        return await clocks.now(self.running.databases.values())

    async def settle(self, expected: Mapping[str, str]) -> None:
        """
        Wait until all that is so by now has been heard, judged, said, and is on the worker's board.

        Raises:
            Trouble: the board is not as *expected*, families and how they stand.
        """
        await self._until_heard(await self.now())
        await self.until_looked_at()
        said_until = await self.now()
        board: dict[str, str] = {}

        async def is_told() -> bool:
            nonlocal board
            answer = await self.region.scheduling["responsible_social_worker"].get("/v1/board")
            board = {self.narrator.families[item["case_id"]]: item["standing"] for item in answer["items"]}
            return answer["as_of"] is not None and datetime.fromisoformat(answer["as_of"]) >= said_until

        await until(is_told, f"The board does not know what was said until {local(said_until)}")
        told = ", ".join(f"{family} {standing.replace('_', ' ')}" for family, standing in board.items())
        self.narrator.note(f"the worker's board: {told or 'empty'}")
        insist(board == expected, f"The worker's board should be {dict(expected)}, and is {board}.")

    async def heard_until(self) -> datetime | None:
        """Return until when quality has heard everything."""
        as_of: str | None = (await self.quality.get("/v1/as-of"))["as_of"]
        return datetime.fromisoformat(as_of) if as_of else None

    async def until_looked_at(self) -> None:
        """Wait until quality has looked at what is due three times more."""
        before = await self._sweeps()

        async def swept() -> bool:
            return await self._sweeps() >= before + 3

        await until(swept, "Quality does not look at what is due")

    async def heijastin(self, *words: str, folder: Path) -> tuple[int, list[str]]:
        """Run a command in *folder*, as somebody in another terminal; return its exit code and the lines it said."""
        self.narrator.note(f"$ heijastin {' '.join(words)}")
        ours = {name: value for name, value in os.environ.items() if not name.startswith(_ELSEWHERE)}
        code, said = await supervision.heijastin(*words, environment=ours, folder=folder)
        return code, said.splitlines()

    async def _until_heard(self, instant: datetime) -> None:
        """Wait until quality has heard all that was recorded before *instant*, and so has judged by it."""

        async def heard() -> bool:
            heard_until = await self.heard_until()
            return heard_until is not None and heard_until >= instant

        await until(heard, f"Quality has not heard all until {local(instant)}")

    async def _sweeps(self) -> float:
        async with httpx.AsyncClient(trust_env=False) as http:
            text = (await http.get(f"{self.running.http['quality']}/metrics")).text
        [line] = [line for line in text.splitlines() if _SWEEPS.match(line)]
        return float(line.rpartition(" ")[2])


@asynccontextmanager
async def opened(running: Running) -> AsyncGenerator[Stage]:
    """Yield a stage on which the region has just been entered, on the morning of the first day."""
    databases = running.databases.values()
    first = _first_monday(max((await clocks.now(databases)).astimezone(HELSINKI).date(), sample.EXPORTED_ON))
    await clocks.advance(databases, to=at(first, 8))
    manager = tokens.mint(running.folder, PEOPLE["quality_manager"])
    async with (
        seed.region(running) as region,
        asked_by(manager, running.http["quality"]) as quality,
        listening(running, _tell) as narrator,
    ):
        await region.configure()
        narrator.families[seed.UNIT] = THE_UNIT
        yield Stage(running, region, quality, narrator, first)


async def until(is_so: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    """
    Wait until something is so.

    Raises:
        Trouble: it is not within half a minute; *otherwise* says so.
    """
    try:
        async with asyncio.timeout(_SO_WITHIN_SECONDS):
            while not await is_so():  # noqa: ASYNC110 - the news is in other processes
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
    except TimeoutError:
        what = f"{otherwise}, after {_SO_WITHIN_SECONDS:g} s."
        raise Trouble(what, cure=OUR_FAULT) from None


def insist(is_so: bool, otherwise: str) -> None:  # noqa: FBT001 - a claim is a claim
    """
    Go on only if it is so.

    Raises:
        Trouble: it is not; *otherwise* says what is so instead.
    """
    if not is_so:
        raise Trouble(otherwise, cure=OUR_FAULT)


def local(instant: datetime | None) -> str:
    """Return a time as people read it."""
    return f"{instant.astimezone(HELSINKI):%d.%m. %H:%M}" if instant else "nothing yet"


def _first_monday(after: date) -> date:
    """Return the next Monday *after* a day that comes early enough in its month, with no holiday until the third."""
    day = after + timedelta(days=1)
    while day.isoweekday() != 1 or day.day not in _FIRST_DAYS or not _is_worked_through(day):
        day += timedelta(days=1)
    return day


def _is_worked_through(monday: date) -> bool:
    """Tell whether each weekday until the Monday two weeks later is worked: warnings come in working hours only."""
    days = (monday + timedelta(days=ahead) for ahead in range(15))
    return all(is_working_day(day) for day in days if day.isoweekday() in _WEEKDAYS)


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
