"""The access log at the edge: what was read, changed or refused is written with it, or nothing is."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from shared.database import Database
from shared.derived import subject_digest
from shared.errors import Conflict, NotFound
from shared.http import PUBLIC, OnRecord, Opened, Reading, Rules, Tx, UnsafeApplication, allow, create_app, router
from shared.ids import new_id
from tests.shared.http.bakery import TRUST, caller, new_key

LOAF, THEIRS, SOLD, BAKER = new_id(), new_id(), new_id(), new_id()
RULES: Rules = {
    "GET /v1/recipes/{loaf_id}": allow("baker", "master"),
    "GET /v1/recipes": allow("baker"),
    "POST /v1/recipes": allow("baker"),
    "POST /v1/recipes/{loaf_id}/lost": allow("baker"),
}

v1 = router("/v1")


@v1.get("/recipes/{loaf_id}")
async def show_recipe(loaf_id: UUID, reading: Reading, notes: OnRecord, *, scribble: bool = False) -> str:
    if scribble:
        await reading.execute("DELETE FROM loaves")
    if loaf_id == THEIRS:
        notes.refuse(loaf_id)
        raise NotFound
    notes.known_as = BAKER
    notes.saw(loaf_id, "crew")
    return "flour"


@v1.get("/recipes")
async def list_recipes(reading: Reading, notes: OnRecord, opened: Opened, of: UUID | None = None) -> list[str]:
    assert opened is reading
    if of is not None:
        notes.refuse(of)
    return []


@v1.post("/recipes", status_code=201)
async def write_recipe(tx: Tx, notes: OnRecord, opened: Opened) -> UUID:
    assert opened is tx
    await tx.execute("INSERT INTO loaves (loaf_id, grams, baked_by) VALUES ($1, 1, 'baker')", LOAF)
    notes.saw(LOAF, "crew")
    return LOAF


@v1.post("/recipes/{loaf_id}/lost")
async def lose_recipe(loaf_id: UUID, tx: Tx, notes: OnRecord) -> None:
    await tx.execute("INSERT INTO loaves (loaf_id, grams, baked_by) VALUES ($1, 1, 'baker')", loaf_id)
    if loaf_id == THEIRS:
        notes.refuse(loaf_id)
        raise NotFound
    notes.saw(loaf_id, "crew")
    if loaf_id == SOLD:
        raise Conflict


async def nothing(_: object) -> None:
    """Write no record."""


@dataclass(frozen=True)
class Baker:
    """Somebody with a role that is let in and one that plays no part, whom nobody was before."""

    http: httpx.AsyncClient
    database: Database
    subject: str

    async def lines(self) -> list[tuple[Any, ...]]:
        """Return what the log has of them."""
        rows = await self.database.pool.fetch(
            "SELECT route, did, object_id, ground FROM access_log WHERE subject = $1 ORDER BY id",
            subject_digest(self.subject),
        )
        return [tuple(row.values()) for row in rows]


@pytest.fixture(name="baker")
def _baker(database: Database) -> Baker:
    """A baker of a bakery whose recipes are nobody else's business."""
    app = create_app(title="Recipes", routers=[v1], rules=RULES, trust=TRUST, database=database)
    subject = f"baker-{new_id()}"
    return Baker(caller(app, sub=subject, roles=["baker", "cyclist"]), database, subject)


@pytest.mark.postgres
@pytest.mark.asyncio
class TestALine:
    async def test_tells_who_in_what_role_did_what_with_which_on_what_ground_and_when(self, baker: Baker) -> None:
        """What the person concerned has a right to know."""
        answer = await baker.http.get(f"/v1/recipes/{LOAF}")

        [line] = await baker.database.pool.fetch(
            "SELECT *, business_now() - at AS age FROM access_log WHERE subject = $1", subject_digest(baker.subject)
        )
        assert (line["known_as"], line["roles"], line["route"]) == (BAKER, ["baker"], "GET /v1/recipes/{loaf_id}")
        assert (line["did"], line["object_id"], line["ground"]) == ("read", LOAF, "crew")
        assert line["request_id"] == answer.headers["x-request-id"]
        assert line["age"].total_seconds() < 60

    async def test_is_written_of_a_search_that_found_nothing(self, baker: Baker) -> None:
        """To have looked is to have looked."""
        await baker.http.get("/v1/recipes")
        assert await baker.lines() == [("GET /v1/recipes", "read", None, None)]

    async def test_is_written_of_a_change_and_of_its_repetition(self, baker: Baker) -> None:
        """A retry gets the first answer again, and so sees it again."""
        key = new_key()
        for _ in range(2):
            assert (await baker.http.post("/v1/recipes", headers=key)).status_code == 201
        assert await baker.lines() == [
            ("POST /v1/recipes", "written", LOAF, "crew"),
            ("POST /v1/recipes", "written", None, None),
        ]

    async def test_is_written_of_a_change_that_a_rule_refused_as_of_a_look(self, baker: Baker) -> None:
        """Nothing changed, but whoever is told why not has learned something of it."""
        assert (await baker.http.post(f"/v1/recipes/{SOLD}/lost")).status_code == 409

        assert await baker.lines() == [("POST /v1/recipes/{loaf_id}/lost", "read", SOLD, "crew")]
        assert not await baker.database.pool.fetchval("SELECT count(*) FROM loaves")


@pytest.mark.postgres
@pytest.mark.asyncio
class TestARefusal:
    @pytest.mark.parametrize("method, end", [("GET", ""), ("POST", "/lost")])
    async def test_is_written_though_all_else_is_undone(self, baker: Baker, method: str, end: str) -> None:
        """Whoever tries doors is seen."""
        assert (await baker.http.request(method, f"/v1/recipes/{THEIRS}{end}")).status_code == 404

        assert await baker.lines() == [(f"{method} /v1/recipes/{{loaf_id}}{end}", "refused", THEIRS, None)]
        assert not await baker.database.pool.fetchval("SELECT count(*) FROM loaves")

    async def test_is_written_of_a_search_for_what_is_not_theirs(self, baker: Baker) -> None:
        """The answer is an empty list, and the question is kept."""
        assert (await baker.http.get("/v1/recipes", params={"of": str(THEIRS)})).json() == []
        assert await baker.lines() == [("GET /v1/recipes", "refused", THEIRS, None)]


@pytest.mark.postgres
@pytest.mark.asyncio
class TestReadingOnRecord:
    async def test_writes_nothing_but_the_record(self, baker: Baker) -> None:
        """Postgres itself sees to it."""
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with baker.database.reading_on_record(nothing) as reading:
                await reading.execute("DELETE FROM loaves")
        assert (await baker.http.get(f"/v1/recipes/{LOAF}?scribble=true")).is_error
        assert await baker.lines() == []

    async def test_gives_no_answer_that_is_not_on_record(self, baker: Baker) -> None:
        """If the line cannot be written, nothing was shown."""

        async def fail(_: object) -> None:
            raise ConnectionError

        shown = False
        with pytest.raises(ConnectionError):
            async with baker.database.reading_on_record(fail):
                shown = True
        assert shown

    async def test_sees_one_state(self, baker: Baker) -> None:
        """As any reading does."""
        async with baker.database.reading_on_record(nothing) as reading:
            before = await reading.fetchval("SELECT count(*) FROM loaves")
            await baker.database.pool.execute(
                "INSERT INTO loaves (loaf_id, grams, baked_by) VALUES ($1, 1, 'x')", new_id()
            )
            assert await reading.fetchval("SELECT count(*) FROM loaves") == before


class TestARouteOnRecord:
    def test_needs_a_transaction(self) -> None:
        """In which else should the line be written?"""
        routes = router("/v1")

        @routes.get("/recipes")
        async def _look(notes: OnRecord) -> None:
            notes.saw(LOAF, "crew")

        with pytest.raises(UnsafeApplication, match="GET /v1/recipes is on record without a transaction"):
            create_app(title="Recipes", routers=[routes], rules={"GET /v1/recipes": allow("baker")})

    def test_is_not_public(self) -> None:
        """A line without a name is none."""
        routes = router("/v1")

        @routes.get("/recipes")
        async def _look(reading: Reading, notes: OnRecord) -> None:
            await notes.write(reading)

        with pytest.raises(UnsafeApplication, match="GET /v1/recipes is on record and public"):
            create_app(title="Recipes", routers=[routes], rules={"GET /v1/recipes": PUBLIC})
