"""
A running region for the journeys: real Postgres, a Kafka and a mail gateway of its own, every service as a process.

Journeys share it. Each has families of its own, and business time only moves forward; who kills or stops something
starts it again.
"""

import asyncio
import math
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy import clocks, kafka_topics, processes, relays, seed, supervision, tokens, topics, trial
from deploy.api import Answer, Api, asked_by
from deploy.clocks import HELSINKI, at
from deploy.databases import Urls
from deploy.state import Running
from deploy.stream import Told, facts
from services.quality.domain.calendar import is_working_day
from tests.journeys.processes import Broker, ServiceProcess
from tests.mailbox import Mailbox, mailbox
from tests.probe import until

JOURNEY = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.journey,
    pytest.mark.kafka,
    pytest.mark.postgres,
]
"""What each journey is marked with."""

CASES = "heijastin.scheduling.cases.v1"
PROMISES = "heijastin.quality.promises.v1"
MEMOS = "heijastin.records.memos.v1"
SERVICES = ("feedback", "quality", "records", "scheduling")

MONTH = "met_within_a_month"
MEMO_RECORDED = "memo_recorded_in_three_days"
MEMO_REVIEWED = "memo_reviewed_as_agreed"

_QUICKLY = {"WATERMARK_INTERVAL_SECONDS": "0.2", "SEAL_INTERVAL_SECONDS": "0.2"}
_LATEST_DAY = 26  # every month has it, and the day after it


@dataclass(slots=True)
class Family:
    """A family under way: its case and its Heijastin as scheduling answered last, and the day of that Heijastin."""

    case: Answer
    meeting: Answer
    day: date

    @property
    def id(self) -> str:
        """The case's id, which is the key of all its facts."""
        return str(self.case["case_id"])


@dataclass(slots=True)
class LiveRegion:
    """
    The region; `people` ask scheduling and records as their roles let them, `manager` asks quality.

    What is asked or told of promises is about the month's unless another policy is named.
    """

    running: Running
    people: seed.Region
    manager: Api
    broker: Broker
    processes: dict[str, ServiceProcess]
    mailbox: Mailbox
    """Who was sent what."""
    heard: list[Told] = field(default_factory=list[Told])
    """Every record of every topic but watermarks, in the order of its partition."""

    # --- time

    async def now(self) -> datetime:
        """Return the business time."""
        return await clocks.now(self.running.databases.values())

    async def advance(self, to: datetime) -> None:
        """Let business time pass in all databases."""
        await clocks.advance(self.running.databases.values(), to=to)

    async def monday(self, such_that: Callable[[date], bool] = lambda _: True) -> date:
        """
        Go on to the next Monday, 9 o'clock, on which people work, and return it.

        Its month and the next have its day and the one after.
        """
        day = (await self.now()).astimezone(HELSINKI).date() + timedelta(days=1)
        while day.isoweekday() != 1 or not is_working_day(day) or day.day > _LATEST_DAY or not such_that(day):
            day += timedelta(days=1)
        await self.advance(at(day, 9))
        return day

    # --- what people do

    async def open(self, day: date) -> Family:
        """Open a case for an invented family and schedule its Heijastin for *day*, 12 to 15."""
        case = await self.people.open_case("Perhe Koe-Keksitty", on=at(day, 9))
        return Family(case, await self.people.schedule(case, at=at(day, 12)), day)

    async def hold(self, family: Family, close: Mapping[str, object] | None = None) -> None:
        """Record that the family's Heijastin was held; with nothing agreed unless *close* says otherwise."""
        nothing = seed.nothing_agreed(book_by=at(family.day, 12) + timedelta(days=7))
        family.meeting = await self.people.hold(family.meeting, at=at(family.day, 12), close=close or nothing)

    async def promised(self, day: date, close: Mapping[str, object] | None = None) -> Family:
        """Let a family have its Heijastin on *day*, and wait until the promise is made."""
        family = await self.open(day)
        if await self.now() < at(day, 15):
            await self.advance(at(day, 15, 5))
        await self.hold(family, close)
        await self.told(family, "PromiseMade")
        return family

    async def expected(self, day: date, close: Mapping[str, object] | None = None) -> Family:
        """Let a family have its Heijastin on *day*, and wait until its memo is promised."""
        family = await self.promised(day, close)
        await self.told(family, "PromiseMade", policy=MEMO_RECORDED)
        return family

    async def meet(self, family: Family, when: datetime) -> Answer:
        """Record the family's one booked follow-up as held."""
        [follow_up] = await self.people.follow_ups(family.case)
        return await self.people.meet(follow_up, at=when)

    async def board(self) -> dict[str, Answer]:
        """Return what waits for the responsible worker, by case."""
        items = (await self.people.scheduling["responsible_social_worker"].get("/v1/board", limit="100"))["items"]
        return {item["case_id"]: item for item in items}

    # --- what is told

    def facts(self, family: Family | str, topic: str = PROMISES, *, policy: str | None = MONTH) -> list[Told]:
        """
        Return what the topic tells of a family, each fact once, in the order it came first.

        Of promises those of one *policy*; None: all.
        """
        key = family if isinstance(family, str) else family.id
        found: dict[str, Told] = {}
        for told in self.heard:
            if told.key != key or told.record.topic != topic or told.envelope is None:
                continue
            if topic != PROMISES or policy in {None, told.payload["policy"]}:
                found.setdefault(told.envelope.event_id, told)
        return list(found.values())

    def kinds(self, family: Family | str, topic: str = PROMISES, *, policy: str = MONTH) -> list[str]:
        """Return the names of those facts."""
        return [told.kind.rpartition(".")[2] for told in self.facts(family, topic, policy=policy)]

    async def told(
        self, family: Family | str, kind: str, *, topic: str = PROMISES, policy: str = MONTH, **said: object
    ) -> dict[str, Any]:
        """Wait until a fact of *kind* that says *said* has come of a family, and return the last such body."""

        async def has_come() -> dict[str, Any]:
            bodies = [told.payload for told in self.facts(family, topic, policy=policy) if told.is_of(kind)]
            matching = [body for body in bodies if said.items() <= body.items()]
            assert matching, f"no {kind} {said} among {self.kinds(family, topic, policy=policy)}: {bodies}"
            return matching[-1]

        return await until(has_come, within_seconds=45)

    def repeats(self, topic: str) -> int:
        """Return how many facts of the topic Kafka was given again."""
        ids = [
            told.envelope.event_id for told in self.heard if told.record.topic == topic and told.envelope is not None
        ]
        return len(ids) - len(set(ids))

    async def has_repeated(self, topic: str, *, since: int) -> bool:
        """Tell whether there are more of them than there were."""
        return self.repeats(topic) > since

    async def promise(self, family: Family | str, *, policy: str = MONTH) -> Answer:
        """Return quality's answer about the family's one promise."""
        [promise] = await self.promises(family, policy=policy)
        return promise

    async def promises(self, family: Family | str, *, policy: str = MONTH) -> list[Answer]:
        """Return quality's answer about the family's promises, by due day."""
        key = family if isinstance(family, str) else family.id
        return list((await self.manager.get("/v1/promises", case_id=key, policy=policy))["items"])

    async def story(self, family: Family | str, *, policy: str = MONTH) -> list[str]:
        """
        Return the names of all that quality ever published of a family's one promise, in order.

        From its own log, which is complete at once; waits until the topic tells the same, each fact with the next
        sequence.
        """
        promise = await self.promise(family, policy=policy)
        history = await self.manager.http.get(f"/v1/promises/{promise['promise_id']}/history")
        said = [each["event_type"].split(".")[2] for each in history.raise_for_status().json()]

        async def topic_tells_the_same() -> bool:
            assert self.kinds(family, policy=policy) == said
            return True

        await until(topic_tells_the_same, within_seconds=45)
        everything = sequences(self.facts(family, policy=None))
        assert everything == list(range(1, len(everything) + 1))
        return said

    async def as_of(self, *, policy: str = MONTH) -> datetime | None:
        """Return until when quality has heard everything."""
        heard_until: str | None = (await self.manager.get("/v1/as-of", policy=policy))["as_of"]
        return datetime.fromisoformat(heard_until) if heard_until else None

    async def judged(self, beyond: datetime) -> None:
        """Wait until quality has heard everything recorded before *beyond*, and has looked at all that was due."""

        async def is_heard() -> bool:
            lines = [await self.as_of(policy=policy) for policy in (MONTH, MEMO_RECORDED)]
            return all(heard_until is not None and heard_until > beyond for heard_until in lines)

        await until(is_heard, within_seconds=45)
        await self.swept()

    async def swept(self) -> None:
        """Wait until quality has begun, and ended, a look at all that is due."""
        await self.turned("quality", "sweep")

    async def turned(self, service: str, loop: str) -> None:
        """Wait until a loop of a service has begun, and ended, a pass."""
        metric = f"{service}_loop_passes_total"
        before = await self.counted(metric, service=service, loop=loop)

        async def has_turned() -> bool:
            # The first of them may have begun before.
            return await self.counted(metric, service=service, loop=loop) >= before + 2

        await until(has_turned, within_seconds=45)

    async def at_rest(self, service: str, loop: str) -> None:
        """Wait until passes of a loop of a service write no fact: what is due may be more than one of them does."""
        before, now = -1, await self._written(service)
        while now > before:
            await self.turned(service, loop)
            before, now = now, await self._written(service)

    async def _written(self, service: str) -> int:
        connection = await asyncpg.connect(self.running.databases[service].owner)
        try:
            return await connection.fetchval("SELECT count(*) FROM outbox")
        finally:
            await connection.close()

    async def counted(self, metric: str, *, service: str = "quality", **labels: str) -> float:
        """Return what a service counts, 0 if it has counted nothing yet."""
        async with httpx.AsyncClient(trust_env=False) as http:
            text = (await http.get(f"{self.running.http[service]}/metrics")).text
        return next(
            (
                float(sample.value)
                for family in text_string_to_metric_families(text)
                for sample in family.samples
                if sample.name == metric and sample.labels == labels
            ),
            0.0,
        )

    async def figures(self, due_on: date) -> Mapping[str, Any]:
        """
        Return the figures of the region's one unit for one due day, zeros if there are none.

        Each journey has a Monday of its own, so nobody else's promise is due on its day.
        """
        after = due_on + timedelta(days=1)
        report = await self.manager.get("/v1/figures", **{"from": due_on.isoformat(), "until": after.isoformat()})
        return next((each for each in report["figures"] if not each["imported"]), NO_FIGURES)

    # --- what breaks

    async def kill(self, service: str) -> None:
        """End a service as a power cut would."""
        await self.processes[service].kill()

    async def start(self, service: str, **settings: str) -> None:
        """Start a service again, with other environment variables if need be, and wait until it is ready."""
        await self.processes[service].start(**settings)
        await self.processes[service].until_ready()

    @asynccontextmanager
    async def relay_held(self, service: str) -> AsyncGenerator[None]:
        """Keep a service from publishing anything while the context is open; all else goes on."""
        async with relays.stopped(self.running, service):
            yield

    @asynccontextmanager
    async def database(self, service: str) -> AsyncGenerator["asyncpg.Connection[asyncpg.Record]"]:
        """Look into a service's own database."""
        connection = await asyncpg.connect(self.running.databases[service].runtime)
        try:
            yield connection
        finally:
            await connection.close()

    async def cli(self, *words: str) -> tuple[int, str]:
        """Run `heijastin` as an operator would; returns the exit code and all that it said."""
        urls = {f"{name.upper()}_DATABASE_URL": urls.runtime for name, urls in self.running.databases.items()}
        owners = {f"{name.upper()}_OWNER_URL": urls.owner for name, urls in self.running.databases.items()}
        auditors = {f"{name.upper()}_AUDITOR_URL": urls.auditor for name, urls in self.running.databases.items()}
        ours = {**os.environ, **urls, **owners, **auditors, "KAFKA_SERVERS": self.running.kafka}
        return await supervision.heijastin(*words, environment=ours)


NO_FIGURES: Mapping[str, Any] = dict.fromkeys(
    ("due", "kept", "kept_recorded_late", "kept_late", "lapsed", "ended_with_case", "undetermined"), 0
)


@asynccontextmanager
async def running_region(
    folder: Path, admin_url: str, copy: Callable[[str], Awaitable[Urls]]
) -> AsyncGenerator[LiveRegion]:
    """Yield a region whose people, teams and workers are entered, and which nobody uses yet."""
    broker = Broker(folder / "kafka", processes.free_port())
    running = Running(
        pid=os.getpid(),
        folder=folder,
        keeps_data=False,
        kafka=f"127.0.0.1:{broker.port}",
        postgres=admin_url,
        databases={service: await copy(service) for service in SERVICES},
        http={service: f"http://127.0.0.1:{processes.free_port()}" for service in SERVICES},
        form=f"http://127.0.0.1:{processes.free_port()}",
    )
    keys = tokens.make_keys(folder)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(broker.kill)
        await broker.start()
        await kafka_topics.apply(running.kafka, topics.load().values())
        box = stack.enter_context(mailbox())
        services: dict[str, ServiceProcess] = {}
        for name in SERVICES:
            quickly = {f"{name.upper()}_{setting}": value for setting, value in _QUICKLY.items()}
            environment = trial.environment_of(name, running, keys) | quickly | _by_mail(box)
            services[name] = ServiceProcess(name, running, environment)
            stack.push_async_callback(services[name].stop)
            await services[name].start()
        for service in services.values():
            await service.until_ready()
        people = await stack.enter_async_context(seed.region(running))
        token = tokens.mint(folder, seed.PEOPLE["quality_manager"])
        manager = await stack.enter_async_context(asked_by(token, running.http["quality"]))
        region = LiveRegion(running, people, manager, broker, services, box)
        listening = asyncio.create_task(_listen(region))
        stack.callback(listening.cancel)
        await people.configure()
        yield region


def _by_mail(box: Mailbox) -> dict[str, str]:
    """Return the settings by which families are sent links, a booklet of them small enough to be used up."""
    return {
        "SCHEDULING_MAIL_HOST": "127.0.0.1",
        "SCHEDULING_MAIL_PORT": str(box.port),
        "SCHEDULING_MAIL_SECURITY": "none",
        "SCHEDULING_FEEDBACK_BOOKLET_LINKS": "100",
    }


async def _listen(region: LiveRegion) -> None:
    # Kafka is away for a while in some journeys; the listener waits for it.
    flowing = facts(region.running.kafka, topics.load(), from_beginning=True, follow=True, quiet_seconds=math.inf)
    async with aclosing(flowing) as flow:
        async for told in flow:
            region.heard.append(told)


def sequences(told: list[Told]) -> list[int]:
    """Return the sequence of each fact."""
    return [each.envelope.sequence for each in told if each.envelope is not None]


def month_after(day: date) -> date:
    """Return the last day on which a Heijastin of *day*, which the next month has, may be followed up in time."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=day.day)


def midnight_after(day: date) -> datetime:
    """Return the local midnight that ends *day*."""
    return at(day + timedelta(days=1), 0)
