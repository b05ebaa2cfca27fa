"""Ports for what is started by the dozen at once: a trial draws eight before anything listens at one of them."""

import subprocess
import sys

import pytest

from deploy import processes
from tests.architecture.tree import ROOT

FEW = (20_000, 20_150)
ANOTHER = f"""
import sys
from deploy import processes
processes._FREE_PORTS = {FEW}
print(*(processes.free_port() for _ in range(40)), flush=True)
sys.stdin.read()
"""


class TestAFreePort:
    def test_is_given_once_to_all_who_ask_at_the_same_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever listens at it later would find somebody else there, one time in some hundred."""
        monkeypatch.setattr(processes, "_FREE_PORTS", FEW)
        with subprocess.Popen(
            [sys.executable, "-c", ANOTHER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as another:
            assert another.stdout is not None
            theirs = another.stdout.readline().split()
            ours = [str(processes.free_port()) for _ in range(40)]
            another.communicate()

        assert len({*theirs, *ours}) == 80
