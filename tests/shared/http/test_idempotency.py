import asyncio
from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from shared.database import Database
from shared.http.idempotency import _digest, forgetting
from tests.probe import until
from tests.shared.http.bakery import Oven, bakery, caller, new_key

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]


async def loaves_in(database: Database) -> int:
    return await database.pool.fetchval("SELECT count(*) FROM loaves")


def raw(headers: Mapping[str, str | bytes]) -> list[tuple[bytes, bytes]]:
    """Return *headers* as bytes, because the client would refuse to send what a hostile one sends."""
    return [(name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in headers.items()]


async def bake(
    app: FastAPI, headers: Mapping[str, str | bytes], *, grams: int = 800, subject: str = "baker-7"
) -> httpx.Response:
    async with caller(app, sub=subject) as client:
        return await client.post("/v1/loaves", json={"grams": grams}, headers=raw(headers))


class TestACreatingRequest:
    async def test_is_answered_again_without_a_second_effect(self, database: Database) -> None:
        """A client that lost the answer asks again, and must not bake twice."""
        app, headers = bakery(database), new_key()

        first = await bake(app, headers)
        again = await bake(app, headers)

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert again.headers["location"] == first.headers["location"]
        assert again.headers["etag"] == first.headers["etag"]
        assert again.headers["idempotent-replayed"] == "true"
        assert "idempotent-replayed" not in first.headers
        assert await loaves_in(database) == 1

    async def test_is_refused_without_a_key(self, database: Database) -> None:
        """Without one, nobody could tell a retry from a second wish."""
        answer = await bake(bakery(database), {})

        assert answer.status_code == 400
        assert answer.json()["type"] == "urn:problem:idempotency-key-missing"

    @pytest.mark.parametrize("key", ["", "a b", "\xe4", "x" * 256])
    async def test_is_refused_with_a_key_that_is_none(self, database: Database, key: str) -> None:
        """Printable ASCII without blanks, at most 255 of it."""
        answer = await bake(bakery(database), {"idempotency-key": key.encode("latin-1")})

        assert answer.status_code == 400

    async def test_is_refused_when_its_key_was_used_for_another(self, database: Database) -> None:
        """The first answer would be an answer to something else."""
        app, headers = bakery(database), new_key()
        await bake(app, headers, grams=800)

        other = await bake(app, headers, grams=900)

        assert other.status_code == 422
        assert other.json()["type"] == "urn:problem:idempotency-key-reused"
        assert await loaves_in(database) == 1

    async def test_shares_its_key_with_nobody(self, database: Database) -> None:
        """Keys are each caller's own: a guessed one must not show somebody else's answer."""
        app, headers = bakery(database), new_key()

        mine = await bake(app, headers, subject="baker-7")
        theirs = await bake(app, headers, subject="baker-8")

        assert theirs.status_code == 201
        assert theirs.json() != mine.json()

    async def test_shares_its_key_with_no_other_route(self, database: Database) -> None:
        """A client may number its requests per route."""
        app, headers = bakery(database), new_key()
        loaf_id = (await bake(app, headers)).json()["loaf_id"]

        async with caller(app, roles=["seller"]) as client:
            ordered = await client.post("/v1/orders", json={"loaf_id": loaf_id}, headers=headers)

        assert ordered.status_code == 201

    async def test_frees_its_key_when_it_was_refused(self, database: Database) -> None:
        """A refusal has no effect, so the corrected request may use the same key."""
        app, headers = bakery(database), new_key()
        refused = await bake(app, headers, grams=1)

        mended = await bake(app, headers, grams=800)

        assert (refused.status_code, mended.status_code) == (422, 201)


class TestTwoAtOnce:
    async def test_have_one_effect_and_the_second_is_told_to_wait(self, database: Database) -> None:
        """A client that times out and retries while the first is still at work must not wait behind it."""
        oven = Oven()
        app, headers = bakery(database, oven=oven), new_key()
        first = asyncio.create_task(bake(app, headers))
        await until(lambda: asyncio.sleep(0, oven.baking == 1))

        second = await bake(app, headers)
        oven.door.set()

        assert second.status_code == 409
        assert second.json()["type"] == "urn:problem:request-in-progress"
        assert (await first).status_code == 201
        assert (await bake(app, headers)).content == (await first).content
        assert await loaves_in(database) == 1

    async def test_bake_one_loaf_however_many_there_are(self, database: Database) -> None:
        """No order of arrival lets two through."""
        app, headers = bakery(database), new_key()

        answers = await asyncio.gather(*(bake(app, headers) for _ in range(20)))

        assert {answer.status_code for answer in answers} <= {201, 409}
        assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
        assert await loaves_in(database) == 1

    async def test_do_not_hinder_each_other_with_keys_of_their_own(self, database: Database) -> None:
        """The lock is the key's, not the route's."""
        oven = Oven()
        app = bakery(database, oven=oven)
        both = [asyncio.create_task(bake(app, new_key())) for _ in range(2)]

        await until(lambda: asyncio.sleep(0, oven.baking == 2))
        oven.door.set()

        assert [answer.status_code for answer in await asyncio.gather(*both)] == [201, 201]

    async def test_are_undone_when_the_key_is_taken_behind_the_lock(self, database: Database) -> None:
        """The lock should not let this happen; if it does, better no loaf than two."""
        oven = Oven()
        app, headers = bakery(database, oven=oven), new_key()
        first = asyncio.create_task(bake(app, headers))
        await until(lambda: asyncio.sleep(0, oven.baking == 1))
        key = _digest("baker-7", "POST /v1/loaves", headers["idempotency-key"])
        await database.pool.execute("INSERT INTO idempotency_keys VALUES ($1, '', 201, '{}', '')", key)

        oven.door.set()

        assert (await first).status_code == 409
        assert await loaves_in(database) == 0


class TestAKey:
    async def test_leaves_no_word_of_who_used_it_and_for_what(self, database: Database) -> None:
        """The table is kept for a day and backed up; a digest tells nothing."""
        await bake(bakery(database), {"idempotency-key": "for-the-wedding"}, subject="baker-7")

        row = await database.pool.fetchrow("SELECT * FROM idempotency_keys")

        assert row is not None
        assert "baker-7" not in repr(row)
        assert "wedding" not in repr(row)

    async def test_is_free_again_after_a_day(self, database: Database) -> None:
        """Expiry by itself is enough; the clean-up only makes room."""
        app, headers = bakery(database), new_key()
        await bake(app, headers, grams=800)
        await _make_older(database)

        other = await bake(app, headers, grams=900)

        assert other.status_code == 201
        assert (await bake(app, headers, grams=900)).content == other.content
        assert await loaves_in(database) == 2

    async def test_is_forgotten_by_one_statement(self, database: Database) -> None:
        """Only what has had its time goes."""
        app = bakery(database)
        await bake(app, new_key())
        await _make_older(database)
        await bake(app, new_key())

        forgotten = await forgetting(database).run_once()

        assert forgotten == 1
        assert await database.pool.fetchval("SELECT count(*) FROM idempotency_keys") == 1


async def _make_older(database: Database) -> None:
    await database.pool.execute(
        "UPDATE idempotency_keys SET expires_at = expires_at - $1::interval", timedelta(hours=24)
    )
