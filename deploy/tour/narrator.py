"""The tour's voice: tells each fact as it flows by, and notices when one that should have come has not."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from deploy import topics
from deploy.clocks import HELSINKI
from deploy.state import Running
from deploy.stream import Told, facts
from deploy.trouble import Trouble

OUR_FAULT = "This is a fault of the system, not yours: please report it with what is told above."

_COMES_WITHIN_SECONDS = 30.0


@dataclass(slots=True)
class Narrator:
    """Listens to all topics from the beginning; `families` gives names to case ids, and only of these it tells."""

    say: Callable[[str], None]
    families: dict[str, str] = field(default_factory=dict[str, str])
    _heard: list[Told] = field(default_factory=list[Told])
    _expected: set[tuple[str, int, int]] = field(default_factory=set[tuple[str, int, int]])
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _is_silent: bool = True

    def heading(self, text: str) -> None:
        """Tell what happens next."""
        self._is_silent = False
        self.say(f"\n{text}")

    def note(self, text: str) -> None:
        """Tell what was looked up."""
        self.say(f"    {text}")

    async def expect(self, kind: str, family: str, **said: object) -> Told:
        """
        Return the next fact of *kind* about *family* that says *said*, waiting for it; each fact is expected once.

        Raises:
            Trouble: it does not come within half a minute.
        """
        try:
            async with asyncio.timeout(_COMES_WITHIN_SECONDS):
                while True:
                    self._news.clear()
                    for told in self._heard:
                        if _place(told) not in self._expected and self._is(told, kind, family, said):
                            self._expected.add(_place(told))
                            return told
                    await self._news.wait()
        except TimeoutError:
            others = "\n".join(told.line() for told in self._heard if self.families.get(told.key) == family)
            wanted = f"{kind} {' '.join(f'{name}={value}' for name, value in said.items())}".strip()
            what = f"{wanted} for {family} did not come within {_COMES_WITHIN_SECONDS:g} s. What came:\n{others}"
            raise Trouble(what, cure=OUR_FAULT) from None

    def never(self, kind: str, family: str, **said: object) -> None:
        """
        Do nothing if no fact of *kind* about *family* that says *said* has come so far.

        Raises:
            Trouble: one has.
        """
        for told in self._heard:
            if self._is(told, kind, family, said):
                what = f"{told.line()} came for {family}, and it is false."
                raise Trouble(what, cure=OUR_FAULT)

    def of_strangers(self) -> Counter[str]:
        """Return how many facts of each kind came of cases that have no name."""
        return Counter(_name(told) for told in self._heard if told.code and told.key not in self.families)

    async def listen(self, running: Running) -> None:
        """Hear and tell until cancelled."""
        async with aclosing(facts(running.kafka, topics.load(), from_beginning=True, follow=True)) as flow:
            async for told in flow:
                self._heard.append(told)
                if not self._is_silent and told.key in self.families and _name(told) not in _IN_PASSING:
                    self.say(self._line(told))
                self._news.set()

    def _is(self, told: Told, kind: str, family: str, said: Mapping[str, object]) -> bool:
        body: dict[str, object] = told.payload
        return told.is_of(kind) and self.families.get(told.key) == family and said.items() <= body.items()

    def _line(self, told: Told) -> str:
        when = told.recorded_at.astimezone(HELSINKI).strftime("%d.%m. %H:%M") if told.recorded_at else ""
        return f"    {when}  {told.kind:<32}{self.families[told.key]:<10}{_aside(told)}".rstrip()


@asynccontextmanager
async def listening(running: Running, say: Callable[[str], None]) -> AsyncGenerator[Narrator]:
    """Yield a narrator who hears everything while the context is open."""
    narrator = Narrator(say)
    async with asyncio.TaskGroup() as ears:
        task = ears.create_task(narrator.listen(running))
        try:
            yield narrator
        finally:
            task.cancel()


def _place(told: Told) -> tuple[str, int, int]:
    return told.record.topic, told.record.partition, told.record.offset


def _name(told: Told) -> str:
    return told.kind.rpartition(".")[2]


def _aside(told: Told) -> str:
    """Return what a listener wants to know beside the type."""
    said = told.payload
    owed, done = _WORDS.get(said.get("policy", ""), ("", ""))
    match _name(told):
        case "PromiseMade" | "PromiseReopened" | "PromiseRedated":
            return f"{owed} until {said['due_on']}"
        case "PromiseAtRisk":
            return f"{owed}: {said['warning']}".replace("1_days", "1_day").replace("_", " ")
        case "PromiseKept":
            return f"{done} on {said['met_on']}{', recorded late' if said['is_recorded_late'] else ''}"
        case "PromiseKeptLate":
            return f"{done} on {said['met_on']}, {said['days_late']} day{'s' * (said['days_late'] > 1)} late"
        case "PreparationCompleted":
            reason = said["override_reason"]
            return f"confirmed, by override: {reason.replace('_', ' ')}" if reason else "confirmed"
        case name:
            return _ASIDES.get(name, owed).format_map(said)


_ASIDES = {
    "MemoReviewAgreed": "to go through it on {review_on}",
    "FeedbackRoundEnded": "{meetings} meetings, {links} links",
    "FeedbackSummarised": "{answers} answers, {from_on} to {until_on}",
    "FeedbackWindowHeldBack": "{from_on} to {until_on}, carried on",
}
"""What some kinds say beside."""
_IN_PASSING = {"CaseOpened", "WorkerConfigured", "FeedbackBookletIssued", "WarningCleared"}
"""Heard, and not told: nothing new to a listener."""
_WORDS = {
    "met_within_a_month": ("to meet again", "met"),
    "memo_recorded_in_three_days": ("memo to record", "memo recorded"),
    "memo_reviewed_as_agreed": ("memo to go through", "memo gone through"),
}
"""What is owed by each promise, and what was done."""
