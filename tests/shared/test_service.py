"""The life of a process, seen from outside: a toy service that is started, asked, and told to end."""

import asyncio
import os
import re
import signal
import socket

import asyncpg
import httpx
import pytest

from deploy.processes import free_port
from tests.probe import until
from tests.shared.bakehouse.running import ENDS_WITHIN_SECONDS, Environment, Start, address, says, sleeps

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]


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
            await until(lambda: sleeps(bakehouse))
            await bakehouse.end()

        assert (await asked).status_code == 201

    async def test_does_not_wait_for_a_request_that_never_ends(self, start: Start) -> None:
        """It is cut off, and nothing of it has happened."""
        async with start() as bakehouse:
            asked = asyncio.create_task(bakehouse.http.post("/loaves?takes_seconds=50"))
            await until(lambda: sleeps(bakehouse))
            seconds = await bakehouse.end()

        assert seconds < ENDS_WITHIN_SECONDS
        await asyncio.wait({asked})
        assert asked.exception() is not None or asked.result().status_code >= 500

    async def test_comes_at_once_when_told_twice(self, start: Start) -> None:
        """Ctrl-C, Ctrl-C: somebody sits there waiting."""
        async with start() as bakehouse:
            asked = asyncio.create_task(bakehouse.http.post("/loaves?takes_seconds=50"))
            await until(lambda: sleeps(bakehouse))
            bakehouse.process.send_signal(signal.SIGINT)
            await until(lambda: says(bakehouse, "process_ends"))
            seconds = await bakehouse.end(signal.SIGINT)

        assert bakehouse.process.returncode == 128 + signal.SIGINT
        assert seconds < 3
        await asyncio.wait({asked})
        assert asked.exception() is not None


class TestASecondDoor:
    async def test_has_an_application_of_its_own(self, start: Start) -> None:
        """Neither leads to what is behind the other, and what the process tells of itself is told at the first only."""
        async with start() as bakehouse:
            await bakehouse.bake()
            counter = await address(bakehouse, of="door_listens")

            assert (await bakehouse.http.get(f"{counter}/loaves")).text == "1"
            assert (await bakehouse.http.post(f"{counter}/loaves")).status_code == 405
            assert (await bakehouse.http.get("/loaves")).status_code == 405
            for path in ("/livez", "/readyz", "/metrics"):
                assert (await bakehouse.http.get(f"{counter}{path}")).status_code == 404

    async def test_leaves_no_trace_of_who_came(self, start: Start) -> None:
        """Its application decides what is kept of a visit; nothing around it does."""
        async with start() as bakehouse:
            counter = await address(bakehouse, of="door_listens")
            await bakehouse.http.get(f"{counter}/loaves")
            await bakehouse.http.get(f"{counter}/somebody")
            measured = (await bakehouse.http.get("/metrics")).text

            assert "somebody" not in bakehouse.log.read_text() + measured
            assert not re.search(r"^bakehouse_http_request", measured, re.MULTILINE)
            assert not {"request_served", "request_failed"} & set(bakehouse.events())

    async def test_closes_with_the_process_when_what_was_asked_is_answered(self, start: Start) -> None:
        """Both doors at once, and neither cuts anybody off."""
        async with start() as bakehouse:
            counter = await address(bakehouse, of="door_listens")
            asked = asyncio.create_task(bakehouse.http.get(f"{counter}/loaves?takes_seconds=1.5"))
            await until(lambda: sleeps(bakehouse))
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

    async def test_names_keys_that_are_of_no_use(self, start: Start) -> None:
        """A secret that was not mounted shows only when it is read."""
        async with start(listens=False, token_keys_file="/not/mounted") as bakehouse:
            await asyncio.wait_for(bakehouse.process.wait(), 20)

        assert bakehouse.process.returncode == os.EX_CONFIG
        assert bakehouse.why_it_ended() == "the token keys cannot be read as a JWKS (FileNotFoundError)"

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
            await until(lambda: says(bakehouse, "database_awaited"))
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
