"""The tour is the shortest proof that the whole path works."""

import os
import re
import subprocess
import sys
from collections.abc import Generator
from tempfile import TemporaryDirectory

import pytest

from tests.architecture.tree import ROOT

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.journey,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

ANOTHER_SYSTEM = {
    "HEIJASTIN_TOKEN": "of another system",
    "SCHEDULING_URL": "http://127.0.0.1:9",
    "SCHEDULING_AUDITOR_URL": "postgresql://127.0.0.1:9/another",
}
"""What may stand in the environment of somebody who operates one."""


@pytest.fixture(name="tour", scope="module")
def _tour() -> Generator[subprocess.CompletedProcess[str]]:
    with TemporaryDirectory(prefix="heijastin-") as run:
        yield subprocess.run(
            [sys.executable, "-m", "deploy.cli", "tour"],
            cwd=ROOT,
            env=os.environ | ANOTHER_SYSTEM | {"XDG_RUNTIME_DIR": run},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


class TestTheTour:
    def test_plays_to_the_end_and_asks_no_other_system(self, tour: subprocess.CompletedProcess[str]):
        """Whatever the environment says; every scene has seen its claim come true."""
        assert tour.returncode == 0, tour.stdout
        assert tour.stdout.endswith("Everything came as it should.\n")

    @pytest.mark.parametrize(
        "claims",
        [
            pytest.param(
                [
                    r"PromiseKept +Otso +met on",
                    r"DeviationRaised +Jänis +to meet again\n",
                    r"DeviationWithdrawn +Jänis +to meet again\n",
                    r"quality has heard until .* only, and raises nothing it cannot know",
                    r"5, kept 3 \(of these recorded late 1\), lapsed 2, rate 60%",
                ],
                id="the month",
            ),
            pytest.param(
                [
                    r"PromiseMade +Otso +memo to go through until",
                    r"DeviationRaised +Pöllö +memo to record\n",
                    r"Otso: refused: The family has not gone through the memo",
                    r"Ilves: refused: The family has not gone through the memo",
                    r"PromiseKept +Otso +memo gone through on",
                    r"PreparationCompleted +Otso +confirmed\n",
                    r"PreparationCompleted +Ilves +confirmed, by override: family goes on without\n",
                ],
                id="the memo and the gate",
            ),
            pytest.param(
                [
                    r"(?s)FeedbackLinksSent +Otso\n.*FeedbackLinksSent +Otso\n",
                    r"PromiseVoided +Karhu +to meet again\n",
                    r"FeedbackRoundEnded +the unit +5 meetings, 11 links\n",
                    r"FeedbackWindowHeldBack +the unit +.*, carried on\n",
                    r"FeedbackSummarised +the unit +6 answers",
                ],
                id="what families say",
            ),
            pytest.param(
                [
                    r";Heli Satusiili;.*;estetty yritys: asiakkuuden perustietojen katselu;ei perustetta\n",
                    r";Heli Satusiili;.*;asiakkuuden perustietojen katselu;sijainen\n",
                ],
                id="people",
            ),
            pytest.param(
                [
                    r"1 case would be held back\.",
                    r"sent: 28 opened, 0 changed, 0 unchanged, 116 facts\n",
                    r"all units +41 +32 +7 +2 +0 +0 +78%\n",
                    r"no warning, no memo, no letter",
                    r"sent: 0 opened, 0 changed, 28 unchanged, 0 facts\n",
                ],
                id="a past year",
            ),
        ],
    )
    def test_tells_of(self, tour: subprocess.CompletedProcess[str], claims: list[str]):
        """In this order, each claim is told."""
        rest = tour.stdout
        for claim in claims:
            found = re.search(claim, rest)
            assert found, f"{claim} is not told in:\n{rest}"
            rest = rest[found.end() :]
