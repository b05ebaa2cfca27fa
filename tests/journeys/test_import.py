"""A region's past comes in while everything around it falls over: each fact once, and the figures of a calm day."""

import asyncio
import csv
import os
import re
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy import seed, supervision, tokens
from deploy.importing import sample
from tests.journeys.region import CASES, JOURNEY, LiveRegion
from tests.probe import until

pytestmark = [*JOURNEY, pytest.mark.fault, pytest.mark.timeout(600)]

MEETINGS = 40
_COUNTS = ("due", "kept", "kept_late", "lapsed", "ended_with_case", "undetermined")
Figures = Mapping[tuple[str, str, str], int]
"""How many by unit, month and column."""


def corrected(content: bytes) -> bytes:
    """Return the file as it is a week later: some follow-ups were later, some rows not held, a meeting shorter."""
    lines = content.decode("cp1252").splitlines()
    for number in range(1, len(lines), 7):
        if "Jatkotapaaminen" in lines[number]:
            lines[number] = lines[number].replace("Pidetty", "Peruttu")
    for number in range(2, len(lines), 9):
        lines[number] = re.sub(r"(\d)\.2026 ", r"\1.2026 ", lines[number]).replace(";Ei;", ";Kyllä;")
        if "Heijastin" in lines[number]:
            lines[number] = re.sub(r" (\d\d)\.(00|15|30);", r" \1.05;", lines[number], count=1)
    return "\r\n".join(lines).encode("cp1252")


FIRST = sample.export(MEETINGS, 3, with_faults=False)
SECOND = corrected(FIRST)


async def heijastin_import(region: LiveRegion, path: Path, source: str, *words: str) -> "asyncio.subprocess.Process":
    """Start an import as the region's team lead would."""
    environment = {f"{name.upper()}_URL": address for name, address in region.running.http.items()}
    token = tokens.mint(region.running.folder, seed.PEOPLE["team_lead"])
    return await asyncio.create_subprocess_exec(
        *supervision.CLI, "import", path, "--source", source, *words,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **environment, "HEIJASTIN_TOKEN": token},
    )  # fmt: skip


async def imported(region: LiveRegion, path: Path, source: str, *words: str) -> str:
    """Import a file, demand that all of it goes in, and return what was said."""
    process = await heijastin_import(region, path, source, *words)
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said
    return said


async def figures(region: LiveRegion) -> Figures:
    """Return quality's figures of everything that was imported."""
    report = await region.manager.get("/v1/figures", **{"from": "2025-08-01", "until": "2026-12-31"})
    return Counter(
        {
            (each["unit_id"], each["month"], count): each[count]
            for each in report["figures"]
            if each["imported"]
            for count in _COUNTS
        }
    )


async def facts(region: LiveRegion) -> Counter[str]:
    """Return how many facts of each type scheduling has told of cases."""
    async with region.database("scheduling") as connection:
        rows = await connection.fetch(
            "SELECT event_type, count(*) AS times FROM outbox WHERE topic = $1 GROUP BY event_type", CASES
        )
    return Counter({row["event_type"].split(".")[2]: row["times"] for row in rows})


async def cases_in(region: LiveRegion, source: str) -> int:
    """Return how many cases of a source are in."""
    async with region.database("scheduling") as connection:
        return await connection.fetchval("SELECT count(*) FROM imported WHERE kind = 'case' AND source = $1", source)


async def warned(region: LiveRegion) -> int:
    """Return how often quality has ever warned."""
    async with region.database("quality") as connection:
        return await connection.fetchval("SELECT count(*) FROM outbox WHERE event_type LIKE '%PromiseAtRisk%'")


@asynccontextmanager
async def falling_over(region: LiveRegion, service: str, failpoint: str) -> AsyncGenerator[None]:
    """Let a service die at a *failpoint* while the context is open, and start it again."""
    await region.kill(service)
    await region.start(service, FAILPOINTS=failpoint)

    async def falls() -> None:
        assert await region.processes[service].ended() == -9
        await region.start(service)

    falling = asyncio.create_task(falls())
    yield
    await falling


class TestAnImport:
    async def test_ends_the_same_however_often_everything_falls_over(self, region: LiveRegion, tmp_path: Path):
        """
        First, again and corrected: on a calm day, and with the services and the import itself killed meanwhile.

        The same cases under two names must tell the same facts and give the same figures twice.
        """
        first, second = tmp_path / "first.csv", tmp_path / "second.csv"
        first.write_bytes(FIRST)
        second.write_bytes(SECOND)
        nothing, before, warnings = await figures(region), await facts(region), await warned(region)

        await imported(region, first, "calm")
        after_first, told_first = await figures(region), await facts(region)
        said = await imported(region, first, "calm")
        assert "0 opened, 0 changed" in said
        assert await facts(region) == told_first
        said = await imported(region, second, "calm")
        assert " 0 facts" not in said
        assert await facts(region) - told_first
        once, told_once = await figures(region), (await facts(region)) - before

        # The importing program dies with half of it in; scheduling dies between a commit and its answer, and between
        # Kafka's answer and its own note of it; quality before and after it has kept what it read.
        async with falling_over(region, "scheduling", "case_imported:7"):
            process = await heijastin_import(region, first, "stormy")

            async def is_half_in() -> bool:
                return await cases_in(region, "stormy") >= 5

            await until(is_half_in, within_seconds=60)
            process.kill()
            await process.communicate()
        assert await cases_in(region, "stormy") > 0
        async with falling_over(region, "quality", "intake_before_commit:3"):
            await imported(region, first, "stormy")
        assert Counter(await figures(region)) == Counter(once) + (Counter(after_first) - Counter(nothing))
        said = await imported(region, first, "stormy")
        assert " 0 facts" in said
        async with (
            falling_over(region, "quality", "intake_committed:3"),
            falling_over(region, "scheduling", "case_imported:11,relay_sent:2"),
        ):
            await imported(region, second, "stormy")

        twice = Counter({key: 2 * (times - nothing[key]) + nothing[key] for key, times in once.items()})
        assert await figures(region) == twice
        assert (await facts(region)) - before == Counter({name: 2 * times for name, times in told_once.items()})
        assert await warned(region) == warnings
        for source in ("calm", "stormy"):
            assert " 0 facts" in await imported(region, second, source)

    async def test_tells_the_year_and_writes_it_down(self, region: LiveRegion, tmp_path: Path):
        """What people see is what stands beside the file; a bad row holds back its case, and says so by exit code 4."""
        path = tmp_path / "year.csv"
        header, *rows = sample.export(12, 5, with_faults=False).decode("cp1252").splitlines()
        path.write_bytes("\r\n".join([header, *rows, rows[0].replace("T00001", "T9").replace("2026", "2066")]).encode())

        process = await heijastin_import(region, path, "told")
        said = (await process.communicate())[0].decode()

        assert process.returncode == 4, said
        assert "1 case was held back" in said
        with (tmp_path / "year.year.csv").open(encoding="utf-8-sig") as file:
            *_, total = csv.reader(file, delimiter=";")
        assert total[0] == "all units"
        assert re.search(r"all units +" + " +".join(total[2:8]), said)
        with (tmp_path / "year.held-back.csv").open(encoding="utf-8-sig") as file:
            _, *held_back = csv.reader(file, delimiter=";")
        assert [line[0] for line in held_back][-1] == str(len(rows) + 2)
        assert held_back[-1][2:5] == ["end", held_back[-1][3], "This lies in the future"]

        path.write_bytes("\r\n".join([header, *rows]).encode())
        assert "opened" in await imported(region, path, "told")
        assert not (tmp_path / "year.held-back.csv").exists()

        # A row that is gone is told, and goes on counting.
        path.write_bytes("\r\n".join([header, *rows[1:]]).encode())
        said = await imported(region, path, "told")
        assert "1 rows of earlier files are not in this one" in said

    async def test_dry_keeps_nothing(self, region: LiveRegion, tmp_path: Path):
        """It says what would come of it."""
        path = tmp_path / "dry.csv"
        path.write_bytes(sample.export(12, 7, with_faults=False))
        before = await facts(region)

        said = await imported(region, path, "dry", "--dry-run")

        assert "nothing kept" in said
        assert await facts(region) == before
        assert await cases_in(region, "dry") == 0
