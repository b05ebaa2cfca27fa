"""Who sees a family: their team, and a deputy from the moment that it is said; and how the family learns who looked."""

from collections.abc import AsyncGenerator, Sequence

import asyncpg
import pytest_asyncio

from deploy import seed, tokens
from deploy.api import Api, asked_by
from tests.journeys.region import JOURNEY, MEMOS, Family, LiveRegion, at, midnight_after
from tests.probe import until

pytestmark = JOURNEY

CASE = "/v1/cases/{}"


@pytest_asyncio.fixture(name="heli", loop_scope="session")
async def _heli(region: LiveRegion) -> AsyncGenerator[dict[str, Api]]:
    """A worker of the other team, as she asks each service."""
    token = tokens.mint(region.running.folder, seed.PEOPLE[seed.NEIGHBOUR])
    async with (
        asked_by(token, region.running.http["quality"]) as quality,
        asked_by(token, region.running.http["records"]) as records,
    ):
        yield {"scheduling": region.people.scheduling[seed.NEIGHBOUR], "quality": quality, "records": records}


async def looks(heli: dict[str, Api], promise_path: str, family: Family) -> set[bool]:
    """Return whether Heli finds a family's case, its promise and its memo: one answer where all services agree."""
    paths = {
        "scheduling": CASE.format(family.id),
        "quality": promise_path,
        "records": f"/v1/memos/{family.meeting['meeting_id']}",
    }
    return {await heli[service].finds(path) for service, path in paths.items()}


async def lines(region: LiveRegion, service: str, family: Family) -> Sequence[tuple[str, str | None]]:
    """Return what a service's log has of a family and Heli: what she did, and on what ground."""
    async with region.database(service) as connection:
        return [
            (row["did"], row["ground"])
            for row in await connection.fetch(
                "SELECT did, ground FROM access_log WHERE object_id = $1 AND known_as = $2 ORDER BY id",
                family.case["case_id"],
                seed.worker(seed.NEIGHBOUR),
            )
        ]


class TestPeople:
    async def test_of_another_team_find_nothing_until_they_are_deputies(self, region: LiveRegion, heli: dict[str, Api]):
        """Refused and on record; then there, in all services; and the family is told all of it."""
        day = await region.monday()
        family = await region.promised(day)
        await region.told(family, "MemoExpected", topic=MEMOS)
        promise = f"/v1/promises/{(await region.promise(family))['promise_id']}"

        # Heli is of another team: the family is not there for her, in whatever service, and neither is its promise.
        assert await looks(heli, promise, family) == {False}

        # Satu, who is responsible, is away today, and Heli is named as her deputy.
        await region.people.set_deputy("responsible_social_worker", seed.NEIGHBOUR, on=at(day, 12))

        async def all_find_it() -> bool:
            return await looks(heli, promise, family) == {True}

        assert await heli["scheduling"].finds(CASE.format(family.id))  # at once, where it was said
        await until(all_find_it, within_seconds=45)

        # At midnight she is deputy no longer.
        await region.advance(at(day, 23, 59))
        assert await looks(heli, promise, family) == {True}
        await region.advance(midnight_after(day))
        assert await looks(heli, promise, family) == {False}

        # Every look is in the log of the service where it was taken.
        for service in heli:
            seen = await lines(region, service, family)
            assert (seen[0], seen[-1]) == (("refused", None), ("refused", None))
            assert set(seen) == {("refused", None), ("read", "stand_in")}

        # The family asks who looked, and gets one answer out of all services.
        code, page = await region.cli("audit", "report", "--case", str(family.case["code"]))
        assert code == 0, page
        for told in (
            f"Lokitiedot: asiakkuus {family.case['code']}",
            "<td>Heli Satusiili</td><td>lapsen asioista vastaava sosiaalityöntekijä</td>",
            "<td>estetty yritys: asiakkuuden perustietojen katselu</td>",
            "<td>laatulupauksen katselu</td><td>sijainen</td>",
            "<td>laatulupausten luettelon katselu</td><td>laadun seuranta</td>",
            "<td>pidetyn Heijastin-kokouksen kirjaaminen</td><td>oma tiimi</td>",
        ):
            assert told in page
        code, table = await region.cli("audit", "report", "--case", family.id, "--csv")
        assert (code, table.count("Heli Satusiili")) == (0, page.count("Heli Satusiili"))

    async def test_who_change_a_line_of_the_log_are_found_out(self, region: LiveRegion):
        """The services seal their logs by themselves; an auditor finds the one line, and its batch."""
        await region.manager.get("/v1/promises")

        async def is_sealed() -> bool:
            code, said = await region.cli("audit", "verify")
            assert code == 0, said
            waiting = [line for line in said.splitlines() if " 0 lines wait for their seal" not in line]
            return not waiting and "the last seal is" in said

        await until(is_sealed, within_seconds=60)

        owner = await asyncpg.connect(region.running.databases["quality"].owner)
        before = await owner.fetchrow("SELECT id, roles FROM access_log ORDER BY id DESC LIMIT 1")
        assert before is not None
        batch = await owner.fetchval("SELECT max(number) FROM access_seals")
        await owner.execute("UPDATE access_log SET roles = '{ops}' WHERE id = $1", before["id"])
        code, said = await region.cli("audit", "verify")
        await owner.execute("UPDATE access_log SET roles = $2 WHERE id = $1", *before.values())
        await owner.close()

        assert code == 1
        assert f"quality: batch {batch} holds a line that was altered" in said
        assert "scheduling: batch" not in said
