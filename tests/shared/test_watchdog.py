import asyncio
import subprocess
import sys
from dataclasses import dataclass

import pytest

from shared.loops import Dependency
from shared.watchdog import database_probe, kafka_probe, watch
from tests.architecture.tree import ROOT
from tests.conftest import FreshTopics

pytestmark = pytest.mark.asyncio


@dataclass(slots=True)
class Oven:
    """Something to look after, whose state a test chooses."""

    name: str = "oven"
    needs: frozenset[Dependency] = frozenset({"database"})
    is_dead: bool = False
    hangs_for_looks: int = 0

    def has_died(self) -> bool:
        """As asked for."""
        return self.is_dead

    def hangs(self) -> bool:
        """As often as asked for."""
        self.hangs_for_looks -= 1
        return self.hangs_for_looks >= 0


class Probe:
    """A dependency that answers or does not, and knows how often it was asked."""

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers
        self.asked = 0

    async def __call__(self) -> bool:
        """Count and answer."""
        self.asked += 1
        return self.answers


async def verdict(oven: Oven, database: Probe, *, looks: int = 10) -> str | None:
    """Return why the process must end, or None if after so many looks there is no reason."""
    watching = asyncio.create_task(watch([oven], {"database": database}, look_every_seconds=0))
    for _ in range(looks * 3):
        await asyncio.sleep(0)
    watching.cancel()
    await asyncio.wait({watching})
    return None if watching.cancelled() else watching.result()


class TestWatchdog:
    async def test_lets_a_healthy_process_be(self) -> None:
        """And asks no dependency without a reason."""
        database = Probe(answers=True)

        assert await verdict(Oven(), database) is None
        assert database.asked == 0

    async def test_ends_the_process_when_a_loop_has_died(self) -> None:
        """Nothing in here would start it again."""
        assert await verdict(Oven(is_dead=True), Probe(answers=False)) == "oven died"

    async def test_ends_the_process_when_a_loop_hangs_though_its_dependency_answers(self) -> None:
        """Then the fault is ours, and a new process may do better."""
        assert await verdict(Oven(hangs_for_looks=99), Probe(answers=True)) == "oven hangs while database answers"

    async def test_waits_while_the_dependency_does_not_answer(self) -> None:
        """An outage is weather: a restart cures nothing, and would take the requests down too."""
        assert await verdict(Oven(hangs_for_looks=99), Probe(answers=False)) is None

    async def test_gives_a_second_look(self) -> None:
        """A process that was suspended for an hour finds everything late, and itself in good health."""
        assert await verdict(Oven(hangs_for_looks=1), Probe(answers=True)) is None


@pytest.mark.kafka
class TestKafkaProbe:
    async def test_says_yes_when_every_partition_has_leader_and_replicas(
        self, kafka_servers: str, fresh_topics: FreshTopics
    ) -> None:
        """Less than that may keep a producer waiting, which is no fault of ours."""
        topic = await fresh_topics("loaves")

        assert await kafka_probe(kafka_servers, [topic])()

    async def test_says_no_when_nobody_answers_or_a_topic_is_missing(self, kafka_servers: str) -> None:
        """Neither can be cured by ending."""
        assert not await kafka_probe("127.0.0.1:1", ["bakery.oven.loaves.v1"])()
        assert not await kafka_probe(kafka_servers, ["bakery.oven.missing.v1"])()


@pytest.mark.postgres
class TestDatabaseProbe:
    async def test_asks_over_a_connection_of_its_own(self, postgres_admin_url: str) -> None:
        """The pool may be what hangs."""
        assert await database_probe(postgres_admin_url)()
        assert not await database_probe("postgresql://oven@127.0.0.1:1/oven")()


class TestBlockGuard:
    async def test_ends_a_process_whose_event_loop_is_blocked_and_says_where(self) -> None:
        """Nothing that runs in the loop could."""
        program = (
            "import asyncio\n"
            "from shared import logs\n"
            "from shared.watchdog import BlockGuard\n"
            "logs.configure(service='bakery', version='1', environment='test')\n"
            "async def main():\n"
            "    BlockGuard(blocked_after_seconds=1, exit_code=70).start()\n"
            "    knead_for_ever()\n"
            "def knead_for_ever():\n"
            "    while True: pass\n"
            "asyncio.run(main())\n"
        )

        ended = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", program],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

        assert ended.returncode == 70
        assert '"event": "process_ends"' in ended.stdout
        assert "knead_for_ever" in ended.stdout
