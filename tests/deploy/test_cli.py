"""The command line answers at once, and says what is wrong in words and in its exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT


@pytest.fixture(name="elsewhere")
def _elsewhere(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine on which no trial runs."""
    machine = {name: value for name, value in os.environ.items() if not name.startswith(("HEIJASTIN_", "KAFKA_"))}
    return machine | {"XDG_RUNTIME_DIR": str(tmp_path)}


def heijastin(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


class TestTheCommandLine:
    def test_imports_nothing_heavy_to_show_its_help(self):
        """Help that takes a second is not asked for."""
        heavy = "{'aiokafka', 'asyncpg', 'fastapi', 'faststream', 'httpx', 'joserfc', 'pydantic'}"
        program = f"import sys, deploy.cli; print(sorted({heavy} & sys.modules.keys()))"

        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

        assert done.stdout == "[]\n"

    def test_lists_its_commands_and_exit_codes(self, elsewhere: dict[str, str]):
        """The first thing that anybody types."""
        done = heijastin(elsewhere, "--help")

        commands = (
            "trial",
            "tour",
            "serve",
            "migrate",
            "databases",
            "topics",
            "events",
            "gaps",
            "parked",
            "clock",
            "audit",
        )
        for command in commands:
            assert f"\n  {command} " in done.stdout
        assert "4 conflict" in done.stdout

    @pytest.mark.parametrize(
        "arguments",
        [
            ("events", "tail"),
            ("topics", "check"),
            ("gaps", "list"),
            ("gaps", "fill"),
            ("parked", "list"),
            ("audit", "verify"),
            ("audit", "report", "--case", "K7-4QX"),
            ("migrate", "--all"),
            ("clock", "show"),
            ("token", "ops"),
            ("import", "docs/samples/a-year.csv"),
        ],
        ids=" ".join,
    )
    def test_says_that_no_trial_runs(self, elsewhere: dict[str, str], arguments: tuple[str, ...]):
        """And how one is started, or what else could be named."""
        done = heijastin(elsewhere, *arguments)

        assert (done.returncode, done.stdout) == (5, "")
        assert "No trial is running" in done.stderr
        assert "make trial" in done.stderr

    @pytest.mark.parametrize(
        "arguments, said",
        [
            (("serve", "bakery"), "There is no service 'bakery'."),
            (("migrate",), "Name one service, or say --all."),
            (("parked", "discard", "quality", "7"), "Missing option '--reason'"),
            (("parked", "show", "quality", "9" * 19), "Invalid value for 'number'"),
            (("databases", "create"), "HEIJASTIN_ADMIN_URL is not set."),
            (("import", "docs/samples/a-year.csv", "--alias", "Kesk."), "does not say what a spelling means."),
            (("import", "docs"), "docs is not a file."),
            (("import", "docs", "--source", "Our CIS"), "'Our CIS' cannot be the name of a source."),
            (("topics", "check", "--kafka", "broker:kafka"), "'broker:kafka' names no servers of Kafka."),
        ],
        ids=lambda value: value if isinstance(value, str) else " ".join(value),
    )
    def test_tells_wrong_usage_apart(self, elsewhere: dict[str, str], arguments: tuple[str, ...], said: str):
        """A script must know whether to try again."""
        done = heijastin(elsewhere, *arguments)

        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr

    @pytest.mark.parametrize(
        "arguments",
        [
            ("gaps", "list", "quality"),
            ("parked", "replay", "quality", "1"),
            ("audit", "verify", "quality"),
            ("migrate", "quality"),
            ("quality", "rebuild", "--kafka", "127.0.0.1:1"),
        ],
        ids=" ".join,
    )
    def test_says_that_postgres_does_not_answer(self, elsewhere: dict[str, str], arguments: tuple[str, ...]):
        """In words, as it does of Kafka: the one time that somebody needs these commands is when something is away."""
        nobody = "postgresql://quality:secret@127.0.0.1:1/quality"
        urls = {f"QUALITY_{which}_URL": nobody for which in ("DATABASE", "OWNER", "AUDITOR")}

        done = heijastin(elsewhere | urls, *arguments)

        assert (done.returncode, done.stdout) == (5, "")
        assert done.stderr.startswith("Nobody answers: ")
        assert "secret" not in done.stderr

    @pytest.mark.parametrize("address", ["scheduling.example", "https://scheduling.example:port"])
    def test_refuses_at_once_what_is_no_address_of_a_service(self, elsewhere: dict[str, str], address: str):
        """An import would wait a minute for it to answer."""
        where = {"HEIJASTIN_TOKEN": "token", "SCHEDULING_URL": address, "QUALITY_URL": "https://quality.example"}

        done = heijastin(elsewhere | where, "import", "docs/samples/a-year.csv")

        assert done.returncode == 2
        assert f"'{address}' is no address of a service." in done.stderr
