"""What migrations carry over from the schema of before, and what the program of before still does on the new one."""

import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from deploy import databases, migrating
from deploy.databases import Passwords, Urls
from shared import members, migrations
from shared.database import Database
from shared.derived import derived_id, subject_digest
from shared.ids import new_id
from shared.relations import Standing
from tests.quality.builders import UNIT

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

TEAM, ME, AWAY = (derived_id(UNIT, name) for name in ("team", "me", "away"))
WORKERS = [
    (ME, 3, UNIT, TEAM, True, subject_digest("me"), None),
    (AWAY, 2, UNIT, None, True, None, ME),
]
NEWS = [
    (ME, 4, UNIT, None, True, subject_digest("me"), None),
    (AWAY, 1, UNIT, TEAM, True, None, ME),
]
COLUMNS = "worker_id, version, unit_id, team_id, is_active, account_digest, deputy_id, deputy_from_on"
WRITE = f"INSERT INTO workers ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, '2026-01-01')"
# As the program of before wrote and read them.
OVERWRITE = f"""
    {WRITE} ON CONFLICT (worker_id) DO UPDATE SET version = excluded.version, team_id = excluded.team_id
    WHERE workers.version < excluded.version
"""
READ = """
    SELECT clock.now, workers FROM (SELECT business_now() AS now) AS clock
    LEFT JOIN workers ON account_digest = $1
        OR deputy_id IN (SELECT worker_id FROM workers WHERE account_digest = $1)
"""


@pytest.fixture(name="service", params=["quality", "records"])
def _service(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest_asyncio.fixture(name="moved")
async def _moved(service: str, postgres_admin_url: str, tmp_path: Path) -> AsyncGenerator[Urls]:
    """A database in which workers were known before they moved."""
    name = f"before_{service}_{new_id().hex}"
    secret = Passwords(owner="test", runtime="test", auditor="test")
    urls = await databases.provision(postgres_admin_url, service, secret, database=name)
    before: list[Path] = []
    for folder in migrating.folders_of(service):
        before.append(tmp_path / folder.parent.name / "migrations")
        shutil.copytree(folder, before[-1], ignore=shutil.ignore_patterns("00[3-9]*"))
    await migrations.migrate(urls.owner, *before)
    owner = await asyncpg.connect(urls.owner)
    await owner.executemany(WRITE, WORKERS)
    await owner.close()
    await migrating.migrate(urls.owner, service)
    yield urls
    admin = await asyncpg.connect(postgres_admin_url)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


class TestWorkers:
    async def test_are_members_and_still_workers_to_the_program_of_before(self, moved: Urls) -> None:
        """Nobody has to be put again, and two programs may run on the schema while one makes way for the other."""
        database = await Database.open(moved.runtime, application_name="test")
        standing = Standing(related=frozenset({"coordinator"}), shared=frozenset(), leading=frozenset())
        async with database.transaction() as tx:
            me = await members.load_relations(
                tx, standing, "me", roles=["coordinator"], belongs=frozenset({UNIT}), day_of=lambda now: now.date()
            )
            assert (me.known_as, me.crews, me.stood_in_for) == (ME, {TEAM}, {AWAY})

            for worker in NEWS:
                await tx.execute(OVERWRITE, *worker)
            rows = await tx.fetch(READ, subject_digest("me"))
            assert {(row["workers"]["worker_id"], row["workers"]["team_id"]) for row in rows} == {
                (ME, None),
                (AWAY, None),
            }
        await database.close()
