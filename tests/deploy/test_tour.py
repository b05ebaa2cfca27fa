"""The tour is the shortest proof that the whole path works."""

import asyncio
import os
import re
import sys
from tempfile import TemporaryDirectory

import pytest

from tests.architecture.tree import ROOT


@pytest.mark.asyncio
@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(300)
class TestTheTour:
    async def test_plays_the_month_and_finds_everything_as_it_should_be(self):
        """Kept, warned of, lapsed at midnight, withdrawn, and nothing false raised while a relay stood still."""
        with TemporaryDirectory(prefix="heijastin-") as run:
            tour = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "deploy.cli", "tour"),
                cwd=ROOT,
                env=os.environ | {"XDG_RUNTIME_DIR": run},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            out, _ = await tour.communicate()

        told = out.decode()
        assert tour.returncode == 0, told
        assert "due in" in told
        assert re.search(r"DeviationRaised +Pöllö +memo to record\n", told)
        assert "5, kept 3 (of these recorded late 1), lapsed 2, rate 60%" in told
        assert told.endswith("Everything came as it should.\n")
