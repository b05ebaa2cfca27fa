"""The front door opens on a bare machine, or says what would open it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

MAKE = shutil.which("make") or "make"
GIT = shutil.which("git") or "git"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """As much of a fresh clone as preparing the environment looks at."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    return tmp_path


def program(path: Path, text: str) -> Path:
    """Write a small shell program, and return its path."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def prepare(clone: Path, **environment: str) -> str:
    """Let make prepare the environment, which must fail, and return what it said."""
    machine = {"PATH": f"{clone / 'bin'}:/usr/bin:/bin", "HOME": str(clone), "PYTHON": sys.executable} | environment
    done = subprocess.run([MAKE, "trial"], cwd=clone, env=machine, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    return done.stderr


class TestPreparing:
    def test_asks_for_a_newer_python(self, clone: Path) -> None:
        """An old Python would fail much later, and say something else."""
        old = program(clone / "old-python", 'if [ "$1" = --version ]; then echo Python 3.9.18; else exit 1; fi')

        said = prepare(clone, PYTHON=str(old))

        assert "Python 3.11 or newer is needed" in said
        assert "Python 3.9.18" in said
        assert "apt-get install python3 python3-venv" in said

    def test_asks_for_the_venv_module(self, clone: Path) -> None:
        """Debian packs it apart."""
        bare = program(clone / "bare-python", f'case "$2" in *venv*) exit 1 ;; esac\nexec {sys.executable} "$@"')

        assert "apt-get install python3-venv" in prepare(clone, PYTHON=str(bare))

    def test_asks_for_disk(self, clone: Path) -> None:
        """A full disk half-way leaves a puzzle."""
        program(clone / "bin/df", "echo header\necho disk 9 9 5000 9 /")

        assert "Less than 1 GB is free" in prepare(clone)

    def test_asks_for_the_network(self, clone: Path) -> None:
        """The first run downloads; whoever sits behind a proxy learns how to say so."""
        nowhere = "http://127.0.0.1:9"

        said = prepare(clone, PIP_INDEX_URL=f"{nowhere}/simple", PIP_RETRIES="0", HTTPS_PROXY=nowhere)

        assert "The package index cannot be reached" in said
        assert "export HTTPS_PROXY" in said


class TestTheTree:
    @pytest.mark.parametrize("trace", ["https://files.{}.org/x", "see /{}/somebody/notes"])
    def test_keeps_no_trace_of_a_builders_machine(self, tmp_path: Path, trace: str) -> None:
        """A path or a mirror of one machine is a riddle on every other."""
        check = tmp_path / "deploy/check_tree.sh"
        check.parent.mkdir()
        shutil.copy(ROOT / "deploy/check_tree.sh", check)
        (tmp_path / "clean.md").write_text("read README.md and https://bakery.example/home\n")
        # Put together here, so that this file itself stays clean.
        (tmp_path / "dirty.md").write_text(trace.format("pythonhosted" if "://" in trace else "home") + "\n")

        def look_at(*files: str) -> subprocess.CompletedProcess[str]:
            for command in (["init", "--quiet"], ["add", *files]):
                subprocess.run([GIT, *command], cwd=tmp_path, check=True)
            return subprocess.run([str(check)], capture_output=True, text=True, check=False)

        assert look_at("clean.md", "deploy").returncode == 0
        found = look_at("dirty.md")
        assert found.returncode == 1
        assert found.stdout.startswith("dirty.md:1:")


class TestHelp:
    def test_tells_every_command_in_one_line(self) -> None:
        """A command that help does not show is a secret."""
        makefile = (ROOT / "Makefile").read_text()
        commands, *_ = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)

        said = subprocess.run([MAKE, "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

        told = dict(re.findall(r"^  make ([\w-]+) +(\S.*)$", said, re.MULTILINE))
        assert told.keys() == set(commands.split())


class TestTheBrowserTests:
    def test_ask_for_a_browser(self, tmp_path: Path) -> None:
        """None is downloaded behind anybody's back; and nothing is started that nobody could look at."""
        machine = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "tests/browser/test_barriers.py",
        ]

        done = subprocess.run(command, cwd=ROOT, env=machine, capture_output=True, text=True, check=False)

        assert done.returncode == 1
        assert "There is no Chromium on this machine" in done.stdout
        assert "apt-get install chromium" in done.stdout
        assert list(tmp_path.iterdir()) == []
