"""The life of a process, seen from outside: a toy service that is started, asked, and told to end."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy import kafka
from deploy.processes import free_port
from shared import ids, migrations
from shared.clock import monotonic
from tests.architecture.tree import ROOT
from tests.conftest import FreshTopics
from tests.probe import until
from tests.shared.bakehouse.__main__ import MIGRATIONS

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]

ENDS_WITHIN_SECONDS = 15


@dataclass(slots=True)
class Bakehouse:
    """A running process, and what it has said."""

    process: asyncio.subprocess.Process
    log: Path
    http: httpx.AsyncClient
    answered: list[str] = field(default_factory=list[str])

    def lines(self) -> list[dict[str, Any]]:
        """Return its log so far; a line that is not JSON fails the test."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def events(self) -> list[str]:
        """Return the names of its log events so far."""
        return [line["event"] for line in self.lines()]

    def why_it_ended(self) -> str:
        """Return the reason in its log."""
        (line,) = (line for line in self.lines() if line["event"] == "process_ends")
        return line["because"]

    async def kafka_state(self) -> str:
        """Return what it tells of Kafka; it must be ready meanwhile."""
        answer = await self.http.get("/readyz")
        assert answer.status_code == 200
        return answer.json()["kafka"]["state"]

    async def bake(self) -> None:
        """Ask for a loaf, and remember it if it is promised."""
        with contextlib.suppress(httpx.TransportError):
            answer = await self.http.post("/loaves")
            if answer.status_code == 201:
                self.answered.append(answer.text)

    async def bake_for_ever(self) -> None:
        """Be a busy customer."""
        while True:
            await self.bake()
            await asyncio.sleep(0)

    async def end(self, how: signal.Signals = signal.SIGTERM) -> float:
        """Tell it to end and return how many seconds it took."""
        began = monotonic()
        self.process.send_signal(how)
        await asyncio.wait_for(self.process.wait(), ENDS_WITHIN_SECONDS + 5)
        return monotonic() - began


Environment = dict[str, str]
Start = Callable[..., AbstractAsyncContextManager[Bakehouse]]


@pytest_asyncio.fixture(name="environment")
async def _environment(postgres_admin_url: str) -> AsyncGenerator[Environment]:
    """Settings of a bakehouse with a migrated database of its own, and without Kafka."""
    name = f"test_bakehouse_{ids.new_id().hex[:12]}"
    admin = await asyncpg.connect(postgres_admin_url)
    await admin.execute(f"CREATE DATABASE {name}")
    url = postgres_admin_url.rpartition("/")[0] + "/" + name
    await migrations.migrate(url, *MIGRATIONS)
    settings = {
        "DATABASE_URL": url,
        "KAFKA_SERVERS": f"127.0.0.1:{free_port()}",
        "KAFKA_INSTANCE": "1",
        "HTTP_PORT": "0",
        "TOKEN_KEYS_FILE": "unused",
        "TOKEN_ISSUER": "unused",
        "TOKEN_AUDIENCE": "unused",
        "ENVIRONMENT": "test",
        "WATERMARK_INTERVAL_SECONDS": "0.5",
    }
    yield {f"BAKEHOUSE_{name}": value for name, value in settings.items()}
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(name="start")
def _start(environment: Environment, tmp_path: Path) -> Start:
    """Return a function that runs a bakehouse, with settings changed as wanted, and kills it at the end."""

    @asynccontextmanager
    async def start(*, listens: bool = True, **changes: str) -> AsyncGenerator[Bakehouse]:
        log = tmp_path / f"{ids.new_id().hex}.log"
        with log.open("w") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.shared.bakehouse", cwd=ROOT, stdout=out, stderr=out,
                env={**os.environ, **environment, **{f"BAKEHOUSE_{name.upper()}": to for name, to in changes.items()}},
            )  # fmt: skip
        bakehouse = Bakehouse(process, log, httpx.AsyncClient(timeout=30))
        try:
            if listens:
                await until(lambda: _address(bakehouse, of="door_listens"), within_seconds=30)
                bakehouse.http.base_url = httpx.URL(await _address(bakehouse))
            yield bakehouse
        finally:
            await bakehouse.http.aclose()
            if process.returncode is None:
                process.kill()
                await process.wait()

    return start


async def _address(bakehouse: Bakehouse, *, of: str = "http_listens") -> str:
    assert bakehouse.process.returncode is None, bakehouse.log.read_text()
    return "".join(f"http://{each['host']}:{each['port']}" for each in bakehouse.lines() if each["event"] == of)


def is_in(bakehouse: Bakehouse, *states: str) -> Callable[[], Awaitable[bool]]:
    """Return a probe: the bakehouse is ready and tells one of these states of Kafka."""

    async def probe() -> bool:
        return await bakehouse.kafka_state() in states

    return probe


async def loaves(environment: Environment) -> tuple[set[str], dict[str, int]]:
    """Return the loaves that were baked, and how often each was eaten."""
    connection = await asyncpg.connect(environment["BAKEHOUSE_DATABASE_URL"])
    baked = await connection.fetch("SELECT loaf_id::text FROM loaves")
    eaten = await connection.fetch("SELECT loaf_id::text, times FROM eaten")
    await connection.close()
    return {row["loaf_id"] for row in baked}, {row["loaf_id"]: row["times"] for row in eaten}


async def everything_is_eaten_once(environment: Environment, promised: list[str]) -> None:
    """Wait until every loaf was eaten; fail if one was promised and is not there, or was eaten twice."""

    async def all_eaten() -> bool:
        baked, eaten = await loaves(environment)
        return baked == set(eaten)

    await until(all_eaten, within_seconds=60)
    baked, eaten = await loaves(environment)
    assert set(promised) <= baked
    assert set(eaten.values()) == {1}


@asynccontextmanager
async def customers(bakehouse: Bakehouse, *, at_least: int = 100) -> AsyncGenerator[None]:
    """Keep eight customers busy, from the moment when they have got *at_least* so many loaves."""
    busy = [asyncio.create_task(bakehouse.bake_for_ever()) for _ in range(8)]

    await until(lambda: _has_answered(bakehouse, at_least), within_seconds=60)
    yield
    for each in busy:
        each.cancel()
    await asyncio.wait(busy)


async def _has_answered(bakehouse: Bakehouse, at_least: int) -> bool:
    return len(bakehouse.answered) >= at_least


@pytest.mark.kafka
class TestEndUnderLoad:
    async def test_comes_in_time_and_loses_nothing(
        self,
        start: Start,
        environment: Environment,
        kafka_servers: str,
        fresh_topics: FreshTopics,
    ) -> None:
        """Whoever was promised something has it, and what was told arrives once."""
        environment["BAKEHOUSE_KAFKA_SERVERS"] = kafka_servers
        environment["BAKEHOUSE_TOPIC"] = await fresh_topics("loaves")
        async with start() as bakehouse:
            await until(is_in(bakehouse, "consuming"))
            async with customers(bakehouse):
                seconds = await bakehouse.end()

        assert bakehouse.process.returncode == 0
        assert seconds < ENDS_WITHIN_SECONDS
        assert bakehouse.events()[-1] == "process_ended"
        async with start() as successor:
            await everything_is_eaten_once(environment, bakehouse.answered)
            await successor.end()

    @pytest.mark.fault
    @pytest.mark.slow
    @pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP], ids=["dead", "frozen"])
    async def test_comes_in_time_when_kafka_is_gone(
        self, start: Start, environment: Environment, tmp_path: Path, blow: signal.Signals
    ) -> None:
        """Requests were answered all the while, and what they told arrives, once, when Kafka is back."""
        port = free_port()
        environment["BAKEHOUSE_KAFKA_SERVERS"] = f"127.0.0.1:{port}"
        environment["BAKEHOUSE_TOPIC"] = topic = "bakery.oven.loaves.v1"
        async with kafka.running(tmp_path / "kafka", port=port, keep=True) as server:
            await _create(server.servers, topic)
            async with start() as bakehouse:
                await until(is_in(bakehouse, "consuming"))
                async with customers(bakehouse):
                    os.kill(server.pid, blow)
                    before = len(bakehouse.answered)
                    await until(lambda: _has_answered(bakehouse, before + 100), within_seconds=60)
                    seconds = await bakehouse.end()
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, signal.SIGKILL)

        assert bakehouse.process.returncode == 0
        assert seconds < ENDS_WITHIN_SECONDS
        async with kafka.running(tmp_path / "kafka", port=port), start() as successor:
            await everything_is_eaten_once(environment, bakehouse.answered)
            await successor.end()


async def _create(servers: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 3, 1)])
    await admin.close()


class TestEnd:
    async def test_is_quick_where_kafka_never_was(self, start: Start) -> None:
        """The service is there for its users meanwhile."""
        async with start() as bakehouse:
            await bakehouse.bake()
            state = await bakehouse.kafka_state()
            seconds = await bakehouse.end()

        assert (state, len(bakehouse.answered)) == ("connecting", 1)
        assert bakehouse.process.returncode == 0
        assert seconds < 5
        assert bakehouse.why_it_ended() == "SIGTERM"

    async def test_answers_what_was_asked_before(self, start: Start) -> None:
        """A request that is on its way is not cut off."""
        async with start() as bakehouse:
            asked = asyncio.create_task(bakehouse.http.post("/loaves?takes_seconds=1.5"))
            await until(lambda: _sleeps(bakehouse))
            await bakehouse.end()

        assert (await asked).status_code == 201

    async def test_does_not_wait_for_a_request_that_never_ends(self, start: Start) -> None:
        """It is cut off, and nothing of it has happened."""
        async with start() as bakehouse:
            asked = asyncio.create_task(bakehouse.http.post("/loaves?takes_seconds=50"))
            await until(lambda: _sleeps(bakehouse))
            seconds = await bakehouse.end()

        assert seconds < ENDS_WITHIN_SECONDS
        await asyncio.wait({asked})
        assert asked.exception() is not None or asked.result().status_code >= 500

    async def test_comes_at_once_when_told_twice(self, start: Start) -> None:
        """Ctrl-C, Ctrl-C: somebody sits there waiting."""
        async with start() as bakehouse:
            asked = asyncio.create_task(bakehouse.http.post("/loaves?takes_seconds=50"))
            await until(lambda: _sleeps(bakehouse))
            bakehouse.process.send_signal(signal.SIGINT)
            await until(lambda: _says(bakehouse, "process_ends"))
            seconds = await bakehouse.end(signal.SIGINT)

        assert bakehouse.process.returncode == 128 + signal.SIGINT
        assert seconds < 1
        await asyncio.wait({asked})
        assert asked.exception() is not None


async def _says(bakehouse: Bakehouse, event: str) -> bool:
    return event in bakehouse.events()


async def _sleeps(bakehouse: Bakehouse) -> bool:
    """Tell whether a request has come as far as its slow statement."""
    metrics = (await bakehouse.http.get("/metrics")).text
    return 'bakehouse_database_pool_connections{state="used"} 1.0' in metrics


class TestASecondDoor:
    async def test_has_an_application_of_its_own(self, start: Start) -> None:
        """Neither leads to what is behind the other, and what the process tells of itself is told at the first only."""
        async with start() as bakehouse:
            await bakehouse.bake()
            counter = await _address(bakehouse, of="door_listens")

            assert (await bakehouse.http.get(f"{counter}/loaves")).text == "1"
            assert (await bakehouse.http.post(f"{counter}/loaves")).status_code == 405
            assert (await bakehouse.http.get("/loaves")).status_code == 405
            for path in ("/livez", "/readyz", "/metrics"):
                assert (await bakehouse.http.get(f"{counter}{path}")).status_code == 404

    async def test_leaves_no_trace_of_who_came(self, start: Start) -> None:
        """Its application decides what is kept of a visit; nothing around it does."""
        async with start() as bakehouse:
            counter = await _address(bakehouse, of="door_listens")
            await bakehouse.http.get(f"{counter}/loaves")
            await bakehouse.http.get(f"{counter}/somebody")
            measured = (await bakehouse.http.get("/metrics")).text

            assert "somebody" not in bakehouse.log.read_text() + measured
            assert not re.search(r"^bakehouse_http_request", measured, re.MULTILINE)
            assert not {"request_served", "request_failed"} & set(bakehouse.events())

    async def test_closes_with_the_process_when_what_was_asked_is_answered(self, start: Start) -> None:
        """Both doors at once, and neither cuts anybody off."""
        async with start() as bakehouse:
            counter = await _address(bakehouse, of="door_listens")
            asked = asyncio.create_task(bakehouse.http.get(f"{counter}/loaves?takes_seconds=1.5"))
            await until(lambda: _sleeps(bakehouse))
            seconds = await bakehouse.end()

            assert (await asked).text == "0"
            assert (bakehouse.process.returncode, bakehouse.events()[-1]) == (0, "process_ended")
            assert seconds < 5
            with pytest.raises(httpx.ConnectError):
                await bakehouse.http.get(f"{counter}/loaves")

    async def test_does_not_open_alone(self, start: Start) -> None:
        """A service with one door open and one that cannot open ends, and names the one."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            async with start(listens=False, counter_port=str(port)) as bakehouse:
                await asyncio.wait_for(bakehouse.process.wait(), 20)

        assert bakehouse.process.returncode == os.EX_UNAVAILABLE
        assert bakehouse.why_it_ended() == f"cannot listen on 127.0.0.1:{port}: Address already in use"
        assert bakehouse.events() == ["process_ends"]


class TestStart:
    async def test_refuses_a_database_without_its_schema_and_names_the_cure(
        self, start: Start, environment: Environment
    ) -> None:
        """A program on the wrong schema would do harm later, and less visibly."""
        connection = await asyncpg.connect(environment["BAKEHOUSE_DATABASE_URL"])
        await connection.execute("DELETE FROM migrations WHERE series = 'bakehouse'")
        await connection.close()

        async with start(listens=False) as bakehouse:
            await asyncio.wait_for(bakehouse.process.wait(), 20)

        assert bakehouse.process.returncode == os.EX_CONFIG
        assert "bakehouse/0001_loaves.sql is missing" in bakehouse.why_it_ended()
        assert bakehouse.why_it_ended().endswith(": bake migrate")

    async def test_names_the_settings_that_are_wrong(self, start: Start) -> None:
        """All at once, and without their values."""
        async with start(listens=False, http_port="many", database_url="mysql://oven:hush@db") as bakehouse:
            await asyncio.wait_for(bakehouse.process.wait(), 20)

        assert bakehouse.process.returncode == os.EX_CONFIG
        said = bakehouse.log.read_text()
        assert [line.partition(":")[0] for line in said.splitlines()] == [
            "BAKEHOUSE_DATABASE_URL",
            "BAKEHOUSE_HTTP_PORT",
        ]
        assert "hush" not in said

    async def test_says_that_its_port_is_taken(self, start: Start) -> None:
        """And which."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            async with start(listens=False, http_port=str(port)) as bakehouse:
                await asyncio.wait_for(bakehouse.process.wait(), 20)

        assert bakehouse.process.returncode == os.EX_UNAVAILABLE
        assert bakehouse.why_it_ended() == f"cannot listen on 127.0.0.1:{port}: Address already in use"

    async def test_waits_for_a_database_that_is_away(self, start: Start) -> None:
        """Weather too; told once, and left at once when asked to end."""
        away = f"postgresql://oven@127.0.0.1:{free_port()}/oven"
        async with start(listens=False, database_url=away) as bakehouse:
            await until(lambda: _says(bakehouse, "database_awaited"))
            seconds = await bakehouse.end()

        assert bakehouse.events() == ["database_awaited", "process_ends"]
        assert bakehouse.process.returncode == 0
        assert seconds < 5


@pytest.mark.slow
class TestWatchdog:
    async def test_ends_the_process_when_a_loop_died(self, start: Start) -> None:
        """So that whoever started it starts it again."""
        async with start(sick_loop="dies") as bakehouse:
            await asyncio.wait_for(bakehouse.process.wait(), 30)

        assert bakehouse.process.returncode == os.EX_SOFTWARE
        assert bakehouse.why_it_ended() == "oven died"
        assert bakehouse.events()[-1] == "process_ended"

    async def test_ends_the_process_when_a_loop_hangs(self, start: Start) -> None:
        """While the database answers, so that the fault is ours."""
        async with start(sick_loop="hangs", hangs_after_seconds="0.1") as bakehouse:
            await asyncio.wait_for(bakehouse.process.wait(), 30)

        assert bakehouse.process.returncode == os.EX_SOFTWARE
        assert bakehouse.why_it_ended() == "oven hangs while database answers"
