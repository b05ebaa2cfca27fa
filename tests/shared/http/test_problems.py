import re
from typing import Any

import pytest

from shared import ids
from shared.database import Database
from shared.errors import Conflict, Refusal
from shared.http.problems import status_of
from shared.http.versions import VersionMissing
from tests.shared.http.bakery import bakery, caller, new_key, stranger
from tests.shared.http.conftest import Logged

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]

SECRET = "Aino Invented"


class TestARefusal:
    @pytest.mark.parametrize(
        "kind, status, slug, title, detail",
        [
            ("sold", 409, "loaf-already-sold", "The loaf is sold; bake another.", None),
            (
                "hot",
                422,
                "too-hot",
                "The oven is too hot for this dough; wait.",
                "The oven is at 900 degrees; wait an hour.",
            ),
            ("closed", 403, "forbidden", "Your role does not allow this; ask somebody whose role does.", None),
        ],
    )
    async def test_is_told_in_its_own_words(
        self, database: Database, kind: str, status: int, slug: str, title: str, detail: str | None
    ) -> None:
        """The class says what happened; an instance may say more."""
        async with caller(bakery(database)) as client:
            answer = await client.post(f"/v1/mishaps/{kind}")

        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json() == {
            "type": f"urn:problem:{slug}",
            "title": title,
            "status": status,
            "trace_id": answer.headers["x-request-id"],
        } | ({"detail": detail} if detail else {})

    async def test_undoes_everything(self, database: Database) -> None:
        """Nothing has changed when we say no."""
        async with caller(bakery(database)) as client:
            await client.post("/v1/mishaps/sold")

        assert await database.pool.fetchval("SELECT count(*) FROM loaves") == 0

    async def test_has_the_status_of_its_nearest_kind(self) -> None:
        """A service's own refusals need no table."""

        class OvenBroken(Conflict):
            """The oven is broken."""

        class Odd(Refusal):
            """It is odd."""

        assert (status_of(OvenBroken), status_of(Odd), status_of(VersionMissing), status_of(ValueError)) == (
            409,
            409,
            428,
            500,
        )


class TestTheFrameworkSRefusals:
    @pytest.mark.parametrize(
        "method, path, status",
        [("GET", "/v1/cakes", 404), ("DELETE", "/v1/loaves", 405), ("GET", "/v1/loaves/", 404)],
    )
    async def test_have_the_same_shape(self, database: Database, method: str, path: str, status: int) -> None:
        """One shape for every no, whoever says it."""
        async with caller(bakery(database)) as client:
            answer = await client.request(method, path)

        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "about:blank"
        assert path not in answer.text

    async def test_tell_every_method_that_is_allowed(self, database: Database) -> None:
        """Also when each stands in a route of its own."""
        async with caller(bakery(database)) as client:
            answer = await client.delete("/v1/loaves")

        assert answer.headers["allow"] == "GET, POST"


BAD_BODIES: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "nothing given": ({}, [("#/grams", "Add this field.")]),
    "too light": ({"grams": 1}, [("#/grams", "Input should be greater than or equal to 50")]),
    "something unknown": ({"grams": 800, "flour": SECRET}, [("#/flour", "Remove this field; it is not known here.")]),
    "an unknown thing whose name may be a person's": (
        {"grams": 800, SECRET: True},
        [("#/*", "Remove this field; it is not known here.")],
    ),
    "no time zone": (
        {"grams": 800, "ready_at": "2027-01-31T09:00:00"},
        [("#/ready_at", "Add the offset from UTC, such as 2027-01-31T09:00:00+02:00.")],
    ),
    "wrong deep inside": (
        {"grams": 800, "wrappings": [{"paper": "brown"}, {"paper": SECRET}]},
        [("#/wrappings/1/paper", "Input should be 'brown' or 'white'")],
    ),
    "a list": ([SECRET], [("#", "Send a JSON object here.")]),
    "two things at once": (
        {"grams": SECRET, "wrappings": SECRET},
        [
            ("#/grams", "Input should be a valid integer, unable to parse string as an integer"),
            ("#/wrappings", "Input should be a valid list"),
        ],
    ),
}


class TestABodyThatDoesNotFit:
    @pytest.mark.parametrize("body, errors", BAD_BODIES.values(), ids=BAD_BODIES)
    async def test_is_refused_field_by_field(
        self, database: Database, body: Any, errors: list[tuple[str, str]]
    ) -> None:
        """Where, and what to send instead; never what was sent, which may be somebody's name."""
        async with caller(bakery(database)) as client:
            answer = await client.post("/v1/loaves", json=body, headers=new_key())

        assert answer.status_code == 422
        assert [(error["pointer"], error["message"]) for error in answer.json()["errors"]] == errors
        assert {error["where"] for error in answer.json()["errors"]} == {"body"}
        assert SECRET not in answer.text

    @pytest.mark.parametrize(
        "body, status",
        [
            (b"{", 422),
            (b'{"grams": 800, "label": "\xff"}', 400),
            (b"[" * 20_000, 400),
            (b'{"grams": 800, "label": "\\u0000"}', 422),
            (b'{"grams": NaN}', 422),
            (b'{"grams": 1e400}', 422),
            (b'{"grams": 800, "grams": 700}', 422),
            (b'{"grams": 800, "wrappings": [{"paper": "brown", "paper": "white"}]}', 422),
        ],
        ids=[
            *("not JSON", "not UTF-8", "too deep", "with a NUL", "with NaN", "with infinity"),
            *("a field twice", "a field twice deep inside"),
        ],
    )
    async def test_is_refused_when_it_cannot_be_read(self, database: Database, body: bytes, status: int) -> None:
        """A refusal, never a fault of ours."""
        async with caller(bakery(database)) as client:
            answer = await client.post(
                "/v1/loaves", content=body, headers={"content-type": "application/json", **new_key()}
            )

        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] != "about:blank"  # which would name no cure

    @pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
    async def test_is_refused_when_it_does_not_say_that_it_is_json(self, database: Database, media_type: str) -> None:
        """What a plain HTML form on another site could send is not taken for JSON."""
        async with caller(bakery(database)) as client:
            answer = await client.post(
                "/v1/loaves", content=b'{"grams": 800}', headers={"content-type": media_type, **new_key()}
            )

        assert answer.status_code == 415
        assert answer.json()["type"] == "urn:problem:body-not-json"

    async def test_may_name_its_character_set(self, database: Database) -> None:
        """Many clients do."""
        async with caller(bakery(database)) as client:
            answer = await client.post(
                "/v1/loaves",
                content=b'{"grams": 800}',
                headers={"content-type": "Application/JSON; charset=utf-8", **new_key()},
            )

        assert answer.status_code == 201

    async def test_shows_the_parameter_too(self, database: Database) -> None:
        """The path and the query have places as well as the body."""
        async with caller(bakery(database)) as client:
            of_path = await client.get("/v1/loaves/fresh")
            of_query = await client.get("/v1/loaves", params={"lightest": "-1"})

        assert of_path.json()["errors"] == [
            {
                "where": "path",
                "pointer": "#/loaf_id",
                "message": "Send a UUID, such as 00000000-0000-4000-8000-000000000000.",
            }
        ]
        assert of_query.json()["errors"][0]["where"] == "query"


class TestAFaultOfOurs:
    async def test_says_nothing_but_where_to_ask(self, database: Database, logged: Logged) -> None:
        """The message of an exception may hold a customer's name; neither the answer nor the log repeats it."""
        async with caller(bakery(database)) as client:
            answer = await client.post("/v1/mishaps/Aino-Invented")

        assert answer.status_code == 500
        assert answer.json() == {
            "type": "about:blank",
            "title": "Internal Server Error",
            "status": 500,
            "trace_id": answer.headers["x-request-id"],
        }
        failure = next(line for line in logged() if line["event"] == "request_failed")
        assert (failure["level"], failure["error.type"]) == ("error", "RuntimeError")
        assert failure["correlation_id"] == answer.headers["x-request-id"]
        assert "have_mishap" in str(failure["error.frames"])
        assert "Invented" not in str(logged())

    async def test_undoes_everything(self, database: Database) -> None:
        """What is half done is not done."""
        async with caller(bakery(database)) as client:
            await client.post("/v1/mishaps/surprise")

        assert await database.pool.fetchval("SELECT count(*) FROM loaves") == 0


class TestALostCommit:
    async def test_is_no_success(self, database: Database, logged: Logged) -> None:
        """The connection dies after the endpoint is done: nobody may believe that it worked."""
        async with caller(bakery(database)) as client:
            answer = await client.post("/v1/mishaps/power-cut")

        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert [line["level"] for line in logged() if line["event"] == "request_failed"] == ["warning"]
        assert await database.pool.fetchval("SELECT count(*) FROM loaves") == 0

    async def test_is_no_success_either_when_the_database_finds_fault(self, database: Database) -> None:
        """A deferred constraint speaks up in the commit itself, after the answer was made."""
        headers = new_key()

        async with caller(bakery(database), roles=["seller"]) as client:
            answer = await client.post("/v1/orders", json={"loaf_id": str(ids.new_id())}, headers=headers)

        assert answer.status_code == 500
        assert not re.search(r"[0-9a-f-]{36}", answer.text)
        assert await database.pool.fetchval("SELECT count(*) FROM idempotency_keys") == 0

    async def test_is_told_as_passing_trouble_when_the_service_says_so(self, database: Database) -> None:
        """`Transient` is the service's own word for it."""
        async with caller(bakery(database)) as client:
            answer = await client.post("/v1/mishaps/queue")

        assert answer.status_code == 503


class TestAnUnknownCaller:
    async def test_learns_nothing_about_what_would_be_refused_later(self, database: Database) -> None:
        """Who one is comes first: no validation, no reading of the body, no connection for strangers."""
        async with stranger(bakery(database)) as client:
            answer = await client.post("/v1/loaves", content=b"[" * 60_000)

        assert answer.status_code == 401
