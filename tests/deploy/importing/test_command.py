"""The command as a program: what it exits with, and that it can be cut short."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from deploy.importing import command
from deploy.importing.command import Wishes
from deploy.importing.directory import Choices
from deploy.trouble import ExitCode, Trouble
from tests.architecture.tree import ROOT

SAMPLE = ROOT / "docs" / "samples" / "a-year.csv"


def a_machine(tmp_path: Path, scheduling: str) -> dict[str, str]:
    """Return the environment of a machine on which scheduling is somewhere, and no trial runs."""
    urls = {"SCHEDULING_URL": scheduling, "QUALITY_URL": scheduling}
    return {**os.environ, **urls, "HEIJASTIN_TOKEN": "invented", "XDG_RUNTIME_DIR": str(tmp_path)}


async def start(environment: dict[str, str], path: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.cli", "import", path),
        cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


@pytest.fixture(name="_interruptible")
def _interruptible_fixture() -> Generator[None]:
    """Programs started from here can be interrupted, even if we were started in the background of a script."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.asyncio
class TestTheImport:
    @pytest.mark.parametrize(
        "content, exit_code, said",
        [
            (None, ExitCode.NOT_FOUND, "is not there."),
            (b"PK\x03\x04", ExitCode.FAILED, "an Excel or OpenDocument workbook"),
        ],
        ids=["missing", "workbook"],
    )
    async def test_looks_at_the_file_before_anybody_is_asked(
        self, tmp_path: Path, content: bytes | None, exit_code: ExitCode, said: str
    ) -> None:
        """So a bad file is told even where nothing runs, and nothing is half done."""
        path = tmp_path / "meetings.csv"
        if content is not None:
            path.write_bytes(content)

        process = await start(a_machine(tmp_path, "http://127.0.0.1:9"), path)
        out, words = await process.communicate()

        assert (process.returncode, out) == (exit_code, b"")
        assert said in words.decode()

    @pytest.mark.usefixtures("_interruptible")
    async def test_can_be_cut_short(self, tmp_path: Path) -> None:
        """Ctrl-C is told as what it is: nothing is lost by it."""
        with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes what is asked, and never answers
            process = await start(a_machine(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}"), SAMPLE)
            assert process.stderr is not None
            await process.stderr.readuntil(b"rows, Windows-1252")
            process.send_signal(signal.SIGINT)
            _, words = await process.communicate()

        assert process.returncode == ExitCode.INTERRUPTED
        assert "Run the same command again" in words.decode()
        assert "Traceback" not in words.decode()


class TestPatience:
    def test_ends_with_what_to_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody answers: that is told as such, by an exit code of its own."""
        monkeypatch.setenv("HEIJASTIN_TOKEN", "invented")
        nowhere = "http://127.0.0.1:9"
        wishes = Wishes(
            path=SAMPLE,
            source="cis",
            choices=Choices(),
            ignored=(),
            scheduling=nowhere,
            quality=nowhere,
            dry_run=False,
            patience_seconds=0.0,
        )

        with pytest.raises(Trouble) as trouble:
            command.run(wishes)

        assert trouble.value.exit_code is ExitCode.UNAVAILABLE
        assert "Run the same command again" in trouble.value.cure
