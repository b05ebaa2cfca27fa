"""A stranger starts the trial, looks around with the commands, and stops it: nothing is left."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import asyncpg
import httpx
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from deploy import kafka, kafka_topics, postgres, topics
from deploy.trial import _folder
from deploy.trouble import Trouble
from tests import probe
from tests.architecture.tree import ROOT

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

ROLES = {
    *("coordinator", "consulting_social_worker", "responsible_social_worker", "family_therapist", "team_lead"),
    *("quality_manager", "ops", "hedgehog"),  # the last is no role but a neighbour of the other team
}


@dataclass(frozen=True, slots=True)
class Ended:
    exit_code: int | None
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class CommandLine:
    """`heijastin` as somebody with a machine of their own uses it."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """That of this machine, with folders of its own."""
        machine = {name: value for name, value in os.environ.items() if not name.startswith("HEIJASTIN_")}
        return machine | {"XDG_RUNTIME_DIR": str(self.home / "run"), "TMPDIR": str(self.home / "tmp")}

    async def start(self, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
        """Start a command and leave it running."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deploy.cli", *arguments),
            cwd=ROOT,
            env=self.environment | environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *arguments: str) -> Ended:
        """Return how a command ended."""
        process = await self.start(*arguments)
        out, err = await process.communicate()
        return Ended(process.returncode, out.decode(), err.decode())

    def files(self) -> list[Path]:
        """Return what lies in the machine's folders."""
        return [path for path in self.home.rglob("*") if path.parent != self.home]

    def processes(self) -> dict[int, str]:
        """Return the command lines, by process id, of all that have to do with this machine."""
        found: dict[int, str] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                about = command + (folder / "environ").read_bytes().decode(errors="replace")
            except OSError:  # it ended while we looked, or it is somebody else's
                continue
            if str(self.home) in about:
                found[int(folder.name)] = command
        return found


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial that said it is ready, and the command line beside it."""

    process: asyncio.subprocess.Process
    ready: dict[str, Any]
    command: CommandLine


@contextmanager
def a_machine() -> Generator[CommandLine]:
    """Yield a machine of one's own, as far as files go."""
    # Not pytest's own folder: every user must be able to pass through, as Postgres does when we are root.
    with TemporaryDirectory(prefix="heijastin-") as name:
        home = Path(name)
        home.chmod(0o711)
        for folder in ("run", "tmp"):
            (home / folder).mkdir(mode=0o711)
        yield CommandLine(home)


@asynccontextmanager
async def a_trial(command: CommandLine, *arguments: str) -> AsyncGenerator[Trial]:
    """Yield a trial when it is ready; at the end it gets a Ctrl-C, if it has not ended by then."""
    process = await command.start("trial", "--json", "--any-ports", *arguments)
    assert process.stdout is not None
    assert process.stderr is not None
    line = await process.stdout.readline()
    assert line, (await process.stderr.read()).decode()
    yield Trial(process, json.loads(line), command)
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
    await process.communicate()


@pytest_asyncio.fixture(name="trial", scope="module", loop_scope="module")
async def _trial() -> AsyncGenerator[Trial]:
    with a_machine() as command:
        async with a_trial(command) as trial:
            yield trial


class TestATrial:
    async def test_is_ready_with_addresses_and_a_token_for_each_role(self, trial: Trial):
        """What a stranger needs to begin, and all of it works."""
        async with httpx.AsyncClient() as http:
            for service in ("scheduling", "quality", "records", "feedback"):
                answer = await http.get(f"{trial.ready['addresses'][service]}/readyz")
                assert answer.json()["is_ready"]
            token = trial.ready["tokens"]["coordinator"]
            headers = {"Authorization": f"Bearer {token}"}
            cases = await http.get(f"{trial.ready['addresses']['scheduling']}/v1/cases", headers=headers)

        assert trial.ready["tokens"].keys() == ROLES
        assert len(cases.json()["items"]) == 5

    async def test_is_found_by_the_commands(self, trial: Trial):
        """Nobody should have to copy addresses about."""
        token = await trial.command.run("token", "coordinator")
        checked = await trial.command.run("topics", "check")
        migrated = await trial.command.run("migrate", "--all")
        audited = await trial.command.run("audit", "verify")

        assert token.out.count(".") == 2
        assert checked == Ended(0, "", "")
        assert migrated.exit_code == 0
        assert audited.out.count("are whole") == audited.out.count("\n")

    async def test_tells_its_facts(self, trial: Trial):
        """The stream is the product's other face: what was held becomes a promise, on a public topic."""

        async def four_promises() -> list[dict[str, Any]]:
            tail = await trial.command.run("events", "tail", "--until-now", "--json", "--type", "PromiseMade")
            made = [json.loads(line)["payload"] for line in tail.out.splitlines()]
            months = [promise for promise in made if promise["policy"] == "met_within_a_month"]
            return months if len(months) == 4 else []

        promises = await probe.until(four_promises, within_seconds=60)
        code: str = promises[0]["case_code"]
        of_one = await trial.command.run("events", "tail", "--until-now", "--case", code.lower())

        assert of_one.out.splitlines()[0].split()[2] == "scheduling.CaseOpened"
        assert all(line.endswith(code) for line in of_one.out.splitlines())

    async def test_shows_what_a_service_could_not_take(self, trial: Trial):
        """An operator looks, tries again, and gives up with a reason that is kept."""
        producer = AIOKafkaProducer(bootstrap_servers=trial.ready["addresses"]["kafka"])
        await producer.start()
        send = cast("Callable[..., Awaitable[object]]", producer.send_and_wait)
        await send("heijastin.scheduling.cases.v1", b"{", key=b"nobody's")
        await producer.stop()

        async def parked() -> list[dict[str, Any]]:
            listed: list[dict[str, Any]] = json.loads((await trial.command.run("parked", "list", "--json")).out)
            return [row for row in listed if row["service"] == "quality"]  # all who listen have parked it

        [row] = await probe.until(parked, within_seconds=30)
        record = ("quality", str(row["number"]))
        shown = await trial.command.run("parked", "show", *record)
        replayed = await trial.command.run("parked", "replay", *record)
        discarded = await trial.command.run("parked", "discard", *record, "--reason", "A test of ours.")
        settled = await trial.command.run("parked", "list", "--settled")

        assert row["key"] == "nobody's"
        assert row["reason"] in shown.out
        assert (replayed.exit_code, replayed.out) == (4, "taken: 0\n")
        assert discarded.exit_code == 0
        assert await parked() == []
        assert row["reason"] in settled.out

    async def test_lets_a_day_pass(self, trial: Trial):
        """A month must fit into an afternoon; it never goes back."""
        before = await trial.command.run("clock", "show")
        after = await trial.command.run("clock", "advance", "--by", "1d")
        back = await trial.command.run("clock", "advance", "--by", "-1d")

        assert after.out > before.out
        assert back.exit_code == 4
        assert "only be moved forward" in back.err

    async def test_is_the_only_one(self, trial: Trial):
        """Two would share ports, the state file and confusion."""
        second = await trial.command.run("trial")

        assert second.exit_code == 4
        assert f"Another trial is running (process {trial.ready['pid']})." in second.err
        assert f"kill {trial.ready['pid']}" in second.err

    async def test_starts_a_service_again_that_died(self, trial: Trial):
        """One crash must not end an afternoon."""
        address, log = trial.ready["addresses"]["quality"], Path(trial.ready["folder"]) / "quality.log"
        [pid] = [pid for pid, line in trial.command.processes().items() if "serve quality" in line]

        os.kill(pid, signal.SIGKILL)
        assert trial.process.stderr is not None
        said = b"..."
        while said and b"quality" not in said:
            said = await trial.process.stderr.readline()

        assert b"quality died (killed by SIGKILL) and is started again" in said

        async def is_back() -> bool:
            async with httpx.AsyncClient() as http:
                try:
                    answer = await http.get(f"{address}/readyz")
                except httpx.TransportError as error:
                    raise AssertionError(log.read_text()[-2000:]) from error
                assert answer.is_success, answer.text
                return True

        await probe.until(is_back, within_seconds=60)


class TestItsEnd:
    async def test_leaves_no_process_and_no_file(self):
        """Ctrl-C is all it takes."""
        with a_machine() as command:
            async with a_trial(command) as trial:
                assert len(command.processes()) > 4
                trial.process.send_signal(signal.SIGINT)
                await trial.process.communicate()

            assert trial.process.returncode == 0
            assert command.processes() == {}
            assert command.files() == []

    async def test_keeps_the_data_that_it_was_told_to_keep(self):
        """Two afternoons, one region; even when the first one ended with the power."""
        with a_machine() as command:
            data = ("--data", str(command.home / "tmp" / "data"))
            async with a_trial(command, *data) as first:
                headers = {"Authorization": f"Bearer {first.ready['tokens']['coordinator']}"}
                first.process.send_signal(signal.SIGKILL)
                await first.process.communicate()

            async def all_have_ended() -> bool:
                return not command.processes()

            await probe.until(all_have_ended)
            async with a_trial(command, *data) as second, httpx.AsyncClient() as http:
                answer = await http.get(f"{second.ready['addresses']['scheduling']}/v1/cases", headers=headers)

            assert len(answer.json()["items"]) == 5

    async def test_leaves_servers_alone_that_are_not_its_own(self):
        """Whoever names their own Kafka and Postgres keeps them."""
        with a_machine() as command:
            async with (
                kafka.running(command.home / "kafka") as broker,
                postgres.running(command.home / "postgres") as server,
                a_trial(command, "--kafka", broker.servers, "--postgres", server.admin_url) as trial,
            ):
                assert trial.ready["addresses"]["kafka"] == broker.servers
                trial.process.send_signal(signal.SIGINT)
                await trial.process.communicate()

                assert await kafka_topics.check(broker.servers, topics.load().values()) == []
                owner = await asyncpg.connect(server.admin_url)
                databases: list[str] = await owner.fetchval("SELECT array_agg(datname ORDER BY 1) FROM pg_database")
                await owner.close()

            services = ("feedback", "quality", "records", "scheduling")
            assert {f"heijastin_{service}" for service in services} <= set(databases)

    async def test_is_refused_in_production(self):
        """A trial signs its own tokens."""
        with a_machine() as command:
            process = await command.start("trial", HEIJASTIN_ENV="production")
            _, err = await process.communicate()

            assert process.returncode == 2
            assert b"this is production" in err


class TestWhatIsInTheWay:
    async def test_may_be_the_disk(self):
        """Kafka and Postgres would fail in the middle, and with other words."""
        with pytest.raises(Trouble, match="MB are free on the disk of") as trouble, _folder(None, bytes_needed=10**18):
            pass

        assert "--data DIR" in trouble.value.cure

    @pytest.mark.parametrize(
        "arguments, environment, said, cure",
        [
            ((), {"HEIJASTIN_MAVEN_URL": "http://127.0.0.1:1"}, "Kafka cannot be fetched", "run needs the network"),
            (("--kafka", "127.0.0.1:1"), {}, "No Kafka answers at 127.0.0.1:1.", "Check the address"),
            (("--postgres", "postgresql://me@127.0.0.1:1/postgres"), {}, "cannot be used", "leave --postgres out"),
            (("--data", "/proc/nowhere"), {}, "The folder /proc/nowhere cannot be used", "--data DIR"),
        ],
        ids=["no network", "no kafka", "no postgres", "no folder"],
    )
    async def test_is_told_with_its_cure(
        self, arguments: tuple[str, ...], environment: dict[str, str], said: str, cure: str
    ):
        """And it leaves nothing behind that would be in the way next time."""
        with a_machine() as command:
            cache = {"XDG_CACHE_HOME": str(command.home / "cache")} if environment else {}
            process = await command.start("trial", "--any-ports", *arguments, **environment, **cache)
            _, err = await process.communicate()

            assert process.returncode in {1, 5}
            assert said in err.decode()
            assert cure in err.decode()
            assert command.processes() == {}
            assert not [path for path in command.files() if command.home / "cache" not in path.parents]
