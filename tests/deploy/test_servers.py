"""Real servers come and go without a trace."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from deploy import kafka, postgres
from deploy.trouble import Trouble
from tests import probe
from tests.architecture.tree import ROOT

pytestmark = pytest.mark.asyncio


@pytest.fixture(name="folder")
def _folder() -> Generator[Path]:
    """A folder that every user may pass through, unlike pytest's own."""
    with TemporaryDirectory(prefix="heijastin-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


class TestPostgres:
    async def test_answers_while_it_runs_and_leaves_nothing(self, folder: Path):
        """A trial without --data leaves no file and no process."""
        async with postgres.running(folder / "data") as server:
            connection = await asyncpg.connect(server.admin_url)
            version: str = await connection.fetchval("SHOW server_version")
            await connection.close()

        assert version.startswith("18.")
        assert is_gone(server.pid)
        assert files_in(folder) == []

    async def test_keeps_its_data_when_told_to(self, folder: Path):
        """With --data, a trial goes on where it was."""
        async with postgres.running(folder / "data", keep=True) as server:
            connection = await asyncpg.connect(server.admin_url)
            await connection.execute("CREATE TABLE loaves ()")
            await connection.close()

        async with postgres.running(folder / "data", keep=True) as server:
            connection = await asyncpg.connect(server.admin_url)
            await connection.execute("SELECT FROM loaves")
            await connection.close()

    async def test_lets_nobody_in_without_the_password(self, folder: Path):
        """A loopback is shared with everyone who has an account on the machine."""
        async with postgres.running(folder / "data") as server:
            place = server.admin_url.rpartition("@")[2]

            with pytest.raises(asyncpg.InvalidPasswordError):
                await asyncpg.connect(f"postgresql://postgres:guess@{place}")

    async def test_says_that_its_port_is_taken(self, folder: Path):
        """The commonest reason why a trial does not start."""
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]

            with pytest.raises(Trouble, match=f"Port {port}, wanted for Postgres, is taken") as trouble:
                async with postgres.running(folder / "data", port=port):
                    pass

        assert "choose another port" in trouble.value.cure

    async def test_ends_with_a_parent_that_was_killed(self, folder: Path):
        """Nobody wants to look for orphans after the machine was short of memory."""
        script = (
            "import asyncio, pathlib, sys\nfrom deploy import postgres\n"
            "async def main():\n"
            "    async with postgres.running(pathlib.Path(sys.argv[1])) as server:\n"
            "        print(server.pid, flush=True)\n"
            "        await asyncio.Event().wait()\n"
            "asyncio.run(main())"
        )
        parent = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, folder / "data", cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        assert parent.stdout is not None
        pid = int(await parent.stdout.readline())

        parent.send_signal(signal.SIGKILL)
        await parent.wait()

        await probe.until(lambda: asyncio.to_thread(is_gone, pid))


@pytest.mark.kafka
class TestKafka:
    async def test_leaves_nothing(self, folder: Path):
        """A trial without --data leaves no file and no process."""
        async with kafka.running(folder / "data") as server:
            assert not is_gone(server.pid)

        assert is_gone(server.pid)
        assert files_in(folder) == []

    async def test_says_why_it_does_not_start(self, folder: Path):
        """Its own last words, and what to do."""
        (folder / "data" / "log").mkdir(parents=True)
        (folder / "data" / "log" / "meta.properties").write_text("version=99\n")

        with pytest.raises(Trouble, match=r"Kafka does not start:\n(.|\n)*meta\.properties") as trouble:
            async with kafka.running(folder / "data"):
                pass

        assert "--data DIR" in trouble.value.cure
