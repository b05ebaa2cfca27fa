import base64
from datetime import datetime

import httpx
import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from shared.database import Database
from shared.http.paging import CursorUnknown, Paging
from tests.shared.http.bakery import bakery, caller, new_key

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]


async def baked(app: FastAPI, *, grams: int = 800) -> str:
    """Bake a loaf and return its address."""
    async with caller(app) as client:
        answer = await client.post("/v1/loaves", json={"grams": grams}, headers=new_key())
    return answer.headers["location"]


class TestAChange:
    async def test_is_made_from_the_version_that_was_read(self, database: Database) -> None:
        """The ETag of the read goes into the change, and the next read shows the next version."""
        app = bakery(database)
        address = await baked(app)

        async with caller(app) as client:
            read = await client.get(address)
            changed = await client.put(
                f"{address}/weight", json={"grams": 780}, headers={"if-match": read.headers["etag"]}
            )
            again = await client.get(address)

        assert changed.status_code == 204
        assert (read.headers["etag"], again.headers["etag"]) == ('"1"', '"2"')

    @pytest.mark.parametrize("tag", [None, "*", '"1', "1", 'W/"1"', '"abc"', '"1", "2"', '"99999999999999999999"', ""])
    async def test_is_refused_without_a_version(self, database: Database, tag: str | None) -> None:
        """Whatever-it-is-now is no version: two people would overwrite each other."""
        headers = {} if tag is None else {"if-match": tag}
        app = bakery(database)
        async with caller(app) as client:
            answer = await client.put(f"{await baked(app)}/weight", json={"grams": 780}, headers=headers)

        assert answer.status_code == 428

    @pytest.mark.parametrize("tag", ['"2"', '"0"'])
    async def test_is_refused_when_somebody_was_faster(self, database: Database, tag: str) -> None:
        """Then what was read is no longer so."""
        app = bakery(database)
        async with caller(app) as client:
            answer = await client.put(f"{await baked(app)}/weight", json={"grams": 780}, headers={"if-match": tag})

        assert answer.status_code == 412
        assert answer.json()["type"] == "urn:problem:stale"


class TestARead:
    @pytest.mark.parametrize("known", ['"1"', 'W/"1"', '"0", "1"', "*"])
    async def test_is_short_when_the_caller_has_it_already(self, database: Database, known: str) -> None:
        """304, with the tag and the safety headers, and no body."""
        app = bakery(database)
        async with caller(app) as client:
            answer = await client.get(await baked(app), headers={"if-none-match": known})

        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == '"1"'
        assert answer.headers["cache-control"] == "no-store"

    async def test_is_whole_when_it_has_changed(self, database: Database) -> None:
        """Another tag is another state."""
        app = bakery(database)
        async with caller(app) as client:
            answer = await client.get(await baked(app), headers={"if-none-match": '"7"'})

        assert answer.status_code == 200


class TestAList:
    async def test_comes_page_by_page_without_a_gap_or_a_repeat(self, database: Database) -> None:
        """Also where many rows sort alike, and when one is added behind our back."""
        app = bakery(database)
        for _ in range(5):
            await baked(app, grams=800)
        seen: list[str] = []

        async with caller(app) as client:
            address: str | None = "/v1/loaves?limit=2"
            while address:
                page = await client.get(address)
                seen += [loaf["loaf_id"] for loaf in page.json()["items"]]
                await baked(app, grams=100)  # sorts before all, so it must not push the rest along
                address = _next(page)

        assert len(seen) == len(set(seen)) == 5

    async def test_ends(self, database: Database) -> None:
        """A full last page announces none after it."""
        app = bakery(database)
        await baked(app)
        await baked(app)

        async with caller(app) as client:
            page = await client.get("/v1/loaves?limit=2")

        assert len(page.json()["items"]) == 2
        assert page.json()["next"] is None
        assert "link" not in page.headers

    async def test_keeps_the_other_wishes_in_its_link(self, database: Database) -> None:
        """Whoever follows the link reads the same list on."""
        app = bakery(database)
        for grams in (100, 800, 900):
            await baked(app, grams=grams)

        async with caller(app) as client:
            first = await client.get("/v1/loaves?limit=1&lightest=500")
            second = await client.get(_next(first) or "")

        assert "lightest=500" in first.headers["link"]
        assert first.json()["next"] in first.headers["link"]
        assert [loaf["grams"] for loaf in second.json()["items"]] == [900]

    @pytest.mark.parametrize("limit", ["0", "201", "-1", "many"])
    async def test_is_bounded(self, database: Database, limit: str) -> None:
        """Nobody gets it all at once."""
        async with caller(bakery(database)) as client:
            answer = await client.get("/v1/loaves", params={"limit": limit})

        assert answer.status_code == 422

    @pytest.mark.parametrize("cursor", ["x", "!!!!", "", "W10", "bnVsbA", "WzEsMl0", "a" * 500, "%00", "\xe4"])
    async def test_takes_no_cursor_but_its_own(self, database: Database, cursor: str) -> None:
        """A made-up one is a refusal, never a fault."""
        async with caller(bakery(database)) as client:
            answer = await client.get("/v1/loaves", params={"cursor": cursor})

        assert answer.status_code == 422
        assert answer.json()["type"] == "urn:problem:cursor-unknown"


class TestACursor:
    @pytest.mark.parametrize(
        "made_up",
        ['["\\u0000"]', '["rye\\u0000"]'],
    )
    async def test_holds_no_text_that_cannot_be_asked_for(self, made_up: str) -> None:
        """The database would fail at it, and that would be ours."""
        with pytest.raises(CursorUnknown):
            _paging(made_up).after(TypeAdapter(tuple[str]))

    @pytest.mark.parametrize("made_up", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
    async def test_holds_no_instant_that_is_none_in_utc(self, made_up: str) -> None:
        """Nor has the database a place for it."""
        with pytest.raises(CursorUnknown):
            _paging(f'["{made_up}"]').after(TypeAdapter(tuple[datetime]))

    @pytest.mark.parametrize("made_up", [2**63, -(2**63) - 1])
    async def test_holds_no_number_that_is_too_large(self, made_up: int) -> None:
        """For a bigint, that is."""
        with pytest.raises(CursorUnknown):
            _paging(f"[{made_up}]").after(TypeAdapter(tuple[int]))


def _paging(made_up: str) -> Paging:
    cursor = base64.urlsafe_b64encode(made_up.encode()).decode()
    return Paging(limit=1, cursor=cursor, request=Request({"type": "http"}), response=Response())


def _next(page: httpx.Response) -> str | None:
    link = page.links.get("next")
    return f"/v1/loaves{link['url']}" if link else None
