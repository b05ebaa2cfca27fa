"""
`heijastin tour`: a month in the invented region, played by moving the clock and told event by event.

Everything goes through the public APIs and is heard on the public topics; what should happen and does not ends it.
"""

import asyncio
import re
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from http import HTTPStatus

import httpx

from deploy import clocks, relays, seed, tokens
from deploy.api import Answer, Api, asked_by
from deploy.clocks import HELSINKI
from deploy.narrator import OUR_FAULT, Narrator, listening
from deploy.seed import PEOPLE, Region, booked, nothing_agreed
from deploy.state import Running
from deploy.trial import Wishes, started
from deploy.trial_command import ends_on_signals, say
from deploy.trouble import ExitCode, Trouble

_HEARD_WITHIN_SECONDS = 30.0
_LOOK_EVERY_SECONDS = 0.1
_SWEEPS = re.compile(r"\w*loop_passes_total\{.*loop=\"sweep\"")
_LATEST_DAY = 27  # every month has it, so a promise made on it is due on it

_MONTH, _MEMO = "met_within_a_month", "memo_recorded_in_three_days"
"""Promises as quality names them."""
_UNMET = ("Pöllö", "Kurki", "Jänis")
"""Whom nobody is known to have met in the month."""
_ANSWERS = 6
_MONTH_RUNS = {**dict.fromkeys(_UNMET, "at_risk"), "Ilves": "open"}
"""The worker's board from the day that Otso was met on: who is to be met, and how they stand."""


def run() -> None:
    """
    Play the tour in a trial of its own.

    Raises:
        Trouble: the system does not do what it should.
    """
    try:
        asyncio.run(_run())
    except asyncio.CancelledError:
        sys.exit(ExitCode.INTERRUPTED)


async def _run() -> None:
    with ends_on_signals():
        say("starting a trial of its own ...")
        async with started(Wishes(any_ports=True, watermarks_every_seconds=0.2), say) as trial:
            say(f"ready after {trial.seconds['all']:.1f} s")
            async with _tour(trial.running) as tour:
                await tour.play()


@asynccontextmanager
async def _tour(running: Running) -> AsyncGenerator["Tour"]:
    manager = tokens.mint(running.folder, PEOPLE["quality_manager"])
    async with (
        seed.region(running) as region,
        asked_by(manager, running.http["quality"]) as quality,
        listening(running, _tell) as narrator,
    ):
        yield Tour(running, region, quality, narrator, await clocks.now(running.databases.values()))


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@dataclass(slots=True)
class Tour:
    """The tour under way; `cases` and `meetings` are what scheduling answered last, by family."""

    running: Running
    region: Region
    quality: Api
    narrator: Narrator
    now: datetime
    cases: dict[str, Answer] = field(default_factory=dict[str, Answer])
    meetings: dict[str, Answer] = field(default_factory=dict[str, Answer])

    async def play(self) -> None:
        """Play the month."""
        await self.region.configure()
        self.narrator.families[seed.UNIT] = "the unit"
        await self.narrator.expect("WorkerConfigured", "the unit", worker_id=seed.worker("team_lead"))
        first = _next_monday(self.now)
        await self.advance(at(first, 9), "Monday morning. Five families are to have their Heijastin.")
        for family in ("Otso", "Pöllö", "Kurki", "Jänis", "Ilves"):
            await self._open(family, first)
        due = await self._meetings_are_held(first)
        await self._memos(first)
        await self._a_promise_is_kept(first)
        await self._a_deputy_acts()
        await self._warnings(due)
        await self._families_tell_how_it_was()
        await self._the_month_ends(due)
        await self._a_late_record_withdraws(due)
        await self._the_relay_stops_over_midnight(due + timedelta(days=1))
        await self._the_figures(due)
        self.narrator.heading("That was the month. Everything came as it should.")

    async def advance(self, to: datetime, told: str) -> None:
        """Let the time pass."""
        self.narrator.heading(f"{to.astimezone(HELSINKI):%a %d.%m.%Y %H:%M}  {told}")
        await clocks.advance(self.running.databases.values(), to=to)

    async def _open(self, family: str, day: date) -> None:
        case = await self.region.open_case(f"Perhe {family}-Keksitty", on=at(day, 9))
        self.cases[family] = case
        self.narrator.families[case["case_id"]] = family
        # Ilves is met a day after the others, so that its month ends a day after theirs.
        held_on = day + timedelta(days=1) if family == "Ilves" else day
        self.meetings[family] = await self.region.schedule(case, at=at(held_on, 12))
        await self.narrator.expect("MeetingScheduled", family)

    async def _meetings_are_held(self, first: date) -> date:
        """Return the day until which the first four are to be met again."""
        await self.advance(at(first, 15, 5), "Four are held. Otso's follow-up is booked at once, Kurki's too late.")
        due = date.min
        await self._links_are_handed_out()
        for family, close in (
            ("Otso", booked(at(first + timedelta(days=14), 13))),
            ("Pöllö", nothing_agreed(book_by=at(first + timedelta(days=7), 12))),
            ("Kurki", booked(at(first + timedelta(days=40), 13))),
            ("Jänis", nothing_agreed(book_by=at(first + timedelta(days=7), 12))),
        ):
            await self.region.hold(self.meetings[family], at=at(first, 12), close=close)
            made = await self.narrator.expect("PromiseMade", family, policy=_MONTH)
            due = date.fromisoformat(made.payload["due_on"])
        await self.narrator.expect("PromiseAtRisk", "Pöllö", warning="nothing_booked")
        await self.narrator.expect("PromiseAtRisk", "Kurki", warning="booked_too_late")
        await self.advance(at(first + timedelta(days=1), 15, 5), "Ilves's is held, a day later.")
        close = booked(at(due + timedelta(days=1), 14))
        await self.region.hold(self.meetings["Ilves"], at=at(first + timedelta(days=1), 12), close=close)
        await self.narrator.expect("PromiseMade", "Ilves", policy=_MONTH)
        return due

    async def _memos(self, first: date) -> None:
        """Play what becomes of the memos, before two weeks have passed."""
        day = first + timedelta(days=2)
        await self.advance(at(day, 10), "The memos are recorded in the client information system, all but Pöllö's.")
        for family in ("Otso", "Kurki", "Jänis", "Ilves"):
            await self.narrator.expect("MemoExpected", family)
            await self.region.record_memo(self.meetings[family], on=day)
            await self.narrator.expect("PromiseKept", family, policy=_MEMO)
        promised = await self.narrator.expect("PromiseMade", "Pöllö", policy=_MEMO)
        due = date.fromisoformat(promised.payload["due_on"])
        await self.advance(at(due + timedelta(days=1), 0) + timedelta(seconds=1), "Three working days are over.")
        await self.narrator.expect("DeviationRaised", "Pöllö", policy=_MEMO)
        await self.advance(at(due + timedelta(days=1), 9), "In the morning Pöllö's is recorded too.")
        await self.region.record_memo(self.meetings["Pöllö"], on=due + timedelta(days=1))
        await self.narrator.expect("PromiseKeptLate", "Pöllö", policy=_MEMO)
        self.narrator.never("DeviationRaised", "Otso")

    async def _links_are_handed_out(self) -> None:
        """On paper, while the families are still there; some answer on the spot."""
        links: list[str] = []
        for family in ("Otso", "Pöllö", "Kurki", "Jänis"):
            links += await self.region.hand_out(self.meetings[family], "adult", "adult", "child")
            await self.narrator.expect("FeedbackLinksSent", family)
        async with httpx.AsyncClient(trust_env=False) as browser:
            for place, link in enumerate(links[::2]):
                await self._until_open(browser, link)
                marks = {"heard": str(4 + place % 2), "useful": "3" if place % 3 else "5"}
                taken = await browser.post(link, data={**marks, "open_answer": "Kiitos, että ehdimme puhua rauhassa."})
                if taken.status_code != HTTPStatus.SEE_OTHER:
                    what = f"The form answered with {taken.status_code} to a link that was just handed out."
                    raise Trouble(what, cure=OUR_FAULT)
        self.narrator.note("six of twelve have answered; nobody can tell who, nor how many from which family")

    async def _until_open(self, browser: httpx.AsyncClient, link: str) -> None:
        async def is_open() -> bool:
            return (await browser.get(link)).status_code == HTTPStatus.OK

        await _until(is_open, "Feedback has not heard of a link that was handed out")

    async def _families_tell_how_it_was(self) -> None:
        """The half-month of the meetings has ended by now, on whichever day they were."""
        summary = (await self.narrator.expect("FeedbackSummarised", "the unit")).payload
        told = {item["item"]: item["mean"] for item in summary["items"]}
        self.narrator.note(f"{summary['answers']} answers: heard {told['heard']}, useful {told['useful']}")
        if summary["answers"] != _ANSWERS:
            what = f"{_ANSWERS} answers should be told of together, not {summary['answers']}."
            raise Trouble(what, cure=OUR_FAULT)

    async def _a_promise_is_kept(self, first: date) -> None:
        day = first + timedelta(days=14)
        await self.advance(at(day, 14, 5), "Otso's follow-up has been held, as booked.")
        await self._hold_follow_up("Otso", at(day, 13))
        await self.narrator.expect("PromiseKept", "Otso", policy=_MONTH)
        await self._settle(_MONTH_RUNS)

    async def _a_deputy_acts(self) -> None:
        """
        Let a worker of the other team look for a family, before and after she is deputy for a day.

        Raises:
            Trouble: she finds it before, or not after.
        """
        self.narrator.heading("Heli of the hedgehogs looks for Pöllö, who is the foxes'. Then Satu is away for a day.")
        heli, pollo = self.region.scheduling[seed.NEIGHBOUR], f"/v1/cases/{self.cases['Pöllö']['case_id']}"
        before = await heli.finds(pollo)
        await self.region.set_deputy("responsible_social_worker", seed.NEIGHBOUR, on=await self._now())
        await self.narrator.expect("DeputySet", "the unit", deputy_id=seed.worker(seed.NEIGHBOUR))
        after = await heli.finds(pollo)
        if before or not after:
            what = f"Heli should find Pöllö as Satu's deputy only; before: {before}, after: {after}."
            raise Trouble(what, cure=OUR_FAULT)
        self.narrator.note("not found before, found from the moment she is deputy; both are in the access log")

    async def _warnings(self, due: date) -> None:
        for days in (7, 3, 1):
            await self.advance(at(due - timedelta(days=days), 10), f"The month ends in {days} day{'s' * (days > 1)}.")
            await self._settle(_MONTH_RUNS)
        for family in _UNMET:
            await self.narrator.expect("PromiseAtRisk", family, policy=_MONTH, warning="1_days_before")
        self.narrator.never("PromiseAtRisk", "Ilves")

    async def _the_month_ends(self, due: date) -> None:
        midnight = at(due + timedelta(days=1), 0)
        await self.advance(at(due, 23, 59), "The last minute. Jänis was met today, but nobody has recorded it.")
        await self._settle(_MONTH_RUNS)
        for family in _UNMET:
            self.narrator.never("DeviationRaised", family, policy=_MONTH)
        await self.advance(midnight + timedelta(seconds=1), "Midnight in Helsinki.")
        for family in _UNMET:
            await self.narrator.expect("DeviationRaised", family, policy=_MONTH)
        await self._settle({**dict.fromkeys(_UNMET, "month_over"), "Ilves": "open"})

    async def _a_late_record_withdraws(self, due: date) -> None:
        next_day = due + timedelta(days=1)
        await self.advance(at(next_day, 9), "The next morning: Jänis's worker records that they met in time.")
        await self.region.met(self.cases["Jänis"], at=at(due, 14))
        await self.narrator.expect("DeviationWithdrawn", "Jänis", is_recorded_late=True)
        await self._settle({"Pöllö": "month_over", "Kurki": "month_over", "Ilves": "open"})

    async def _the_relay_stops_over_midnight(self, due: date) -> None:
        midnight = at(due + timedelta(days=1), 0)
        await self.advance(at(due, 13), "Ilves's last day. Scheduling's relay is stopped: it writes, but nobody hears.")
        async with relays.stopped(self.running, "scheduling"):
            await self.advance(at(due, 15, 5), "Ilves's follow-up has been held in time, and is recorded.")
            await self._hold_follow_up("Ilves", at(due, 14))
            await self.advance(midnight + timedelta(hours=1), "Another midnight has passed.")
            await self._until_looked_at()
            heard_until = await self._heard_until()
            if heard_until is None or heard_until >= midnight:
                what = f"Quality believes to have heard everything until {heard_until}, though the relay is stopped."
                raise Trouble(what, cure=OUR_FAULT)
            self.narrator.never("DeviationRaised", "Ilves")
            self.narrator.note(f"quality has heard until {_local(heard_until)} only, and raises nothing it cannot know")
        self.narrator.heading("The relay runs again.")
        await self.narrator.expect("PromiseKept", "Ilves", policy=_MONTH, is_recorded_late=False)
        await self._settle({"Pöllö": "month_over", "Kurki": "month_over"})
        self.narrator.never("DeviationRaised", "Ilves")

    async def _the_figures(self, due: date) -> None:
        month = due.replace(day=1)
        until = (month + timedelta(days=62)).replace(day=1)
        report = await self.quality.get("/v1/figures", **{"from": month.isoformat(), "until": until.isoformat()})
        self.narrator.heading(f"What the quality manager sees, as of {_local(datetime.fromisoformat(report['as_of']))}")
        for figures in report["figures"]:
            self.narrator.note(
                f"due in {figures['month'][:7]}: {figures['due']}, kept {figures['kept']} "
                f"(of these recorded late {figures['kept_recorded_late']}), lapsed {figures['lapsed']}, "
                f"rate {figures['strict_rate']:.0%}"
            )
        totals = [sum(figures[name] for figures in report["figures"]) for name in ("due", "kept", "lapsed")]
        if totals != [5, 3, 2]:
            what = f"The figures should be 5 due, 3 kept, 2 lapsed; they are {totals}."
            raise Trouble(what, cure=OUR_FAULT)

    async def _hold_follow_up(self, family: str, when: datetime) -> None:
        [follow_up] = await self.region.follow_ups(self.cases[family])
        await self.region.meet(follow_up, at=when)

    async def _settle(self, expected: Mapping[str, str]) -> None:
        """
        Wait until all that is so by now has been heard, judged, said, and is on the worker's board.

        Raises:
            Trouble: the board is not as *expected*, families and how they stand.
        """
        await self._until_heard(await self._now())
        await self._until_looked_at()
        said_until = await self._now()
        board: dict[str, str] = {}

        async def is_told() -> bool:
            nonlocal board
            answer = await self.region.scheduling["responsible_social_worker"].get("/v1/board")
            board = {self.narrator.families[item["case_id"]]: item["standing"] for item in answer["items"]}
            return answer["as_of"] is not None and datetime.fromisoformat(answer["as_of"]) >= said_until

        await _until(is_told, f"The board does not know what was said until {_local(said_until)}")
        told = ", ".join(f"{family} {standing.replace('_', ' ')}" for family, standing in board.items())
        self.narrator.note(f"the worker's board: {told or 'empty'}")
        if board != expected:
            what = f"The worker's board should be {dict(expected)}, and is {board}."
            raise Trouble(what, cure=OUR_FAULT)

    async def _now(self) -> datetime:
        return await clocks.now(self.running.databases.values())

    async def _heard_until(self) -> datetime | None:
        as_of: str | None = (await self.quality.get("/v1/as-of"))["as_of"]
        return datetime.fromisoformat(as_of) if as_of else None

    async def _until_heard(self, instant: datetime) -> None:
        """Wait until quality has heard all that was recorded before *instant*, and so has judged by it."""

        async def heard() -> bool:
            until = await self._heard_until()
            return until is not None and until >= instant

        await _until(heard, f"Quality has not heard all until {_local(instant)}")

    async def _until_looked_at(self) -> None:
        """Wait until quality has looked at what is due three times more."""
        before = await self._sweeps()

        async def swept() -> bool:
            return await self._sweeps() >= before + 3

        await _until(swept, "Quality does not look at what is due")

    async def _sweeps(self) -> float:
        async with httpx.AsyncClient(trust_env=False) as http:
            text = (await http.get(f"{self.running.http['quality']}/metrics")).text
        [line] = [line for line in text.splitlines() if _SWEEPS.match(line)]
        return float(line.rpartition(" ")[2])


async def _until(is_so: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    try:
        async with asyncio.timeout(_HEARD_WITHIN_SECONDS):
            while not await is_so():  # noqa: ASYNC110 - the news is in other processes
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
    except TimeoutError:
        what = f"{otherwise}, after {_HEARD_WITHIN_SECONDS:g} s."
        raise Trouble(what, cure=OUR_FAULT) from None


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """Return a local time of *day*."""
    return datetime.combine(day, time(hour, minute), HELSINKI)


def _next_monday(now: datetime) -> date:
    """Return the next Monday of which the next month has the same day, and the one after."""
    day = now.astimezone(HELSINKI).date() + timedelta(days=1)
    while day.isoweekday() != 1 or day.day >= _LATEST_DAY:
        day += timedelta(days=1)
    return day


def _local(instant: datetime | None) -> str:
    return f"{instant.astimezone(HELSINKI):%d.%m. %H:%M}" if instant else "nothing yet"
