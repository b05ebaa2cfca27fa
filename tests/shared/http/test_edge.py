import re
from collections.abc import AsyncIterator

import pytest

from shared import ids
from shared.database import Database
from shared.http.edge import SAFETY_HEADERS
from shared.metering import Metrics
from shared.metrics import PLUMBING
from tests.shared.http.bakery import bakery, caller, new_key, stranger
from tests.shared.http.conftest import Logged

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class TestEveryResponse:
    @pytest.mark.parametrize(
        "method, path, status",
        [
            ("GET", "/v1/me", 200),
            ("GET", "/v1/opening-hours", 200),
            ("GET", "/nowhere", 404),
            ("POST", "/v1/loaves", 400),
            ("POST", "/v1/mishaps/surprise", 500),
            ("POST", "/v1/mishaps/power-cut", 503),
        ],
    )
    async def test_carries_the_safety_headers(self, database: Database, method: str, path: str, status: int) -> None:
        """Errors too: they are what an attacker aims for."""
        async with caller(bakery(database)) as client:
            answer = await client.request(method, path)

        assert answer.status_code == status
        assert SAFETY_HEADERS.items() <= answer.headers.items()
        assert answer.headers["cache-control"] == "no-store"


class TestABodyTooLarge:
    async def test_is_refused_unread_when_it_says_so(self, database: Database) -> None:
        """Whoever announces too much is not even asked who they are."""
        sent = 0

        async def body() -> AsyncIterator[bytes]:
            nonlocal sent
            sent += 1
            yield b" " * 70_000

        async with stranger(bakery(database)) as client:
            answer = await client.post("/v1/loaves", content=body(), headers={"content-length": "70000"})

        assert answer.status_code == 413
        assert answer.json()["type"] == "urn:problem:body-too-large"

    async def test_is_refused_in_the_middle_when_it_does_not(self, database: Database) -> None:
        """A sender without a length is cut off at the limit, not at the end of our memory."""
        sent = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            while sent < 1_000:
                sent += 1
                yield b" " * 10_000

        async with caller(bakery(database)) as client:
            answer = await client.post(
                "/v1/loaves", content=endless(), headers={"content-type": "application/json", **new_key()}
            )

        assert answer.status_code == 413
        assert sent == 7

    async def test_is_what_the_service_says_it_is(self, database: Database) -> None:
        """The limit is the application's."""
        async with caller(bakery(database, max_body_bytes=10)) as client:
            answer = await client.post("/v1/loaves", json={"grams": 800}, headers=new_key())

        assert answer.status_code == 413


class TestTheTrace:
    async def test_goes_on_where_the_caller_began_it(self, database: Database) -> None:
        """One correlation from the first request to the last effect."""
        request_id = str(ids.new_id())
        async with caller(bakery(database)) as client:
            named = await client.get("/v1/me", headers={"traceparent": TRACEPARENT, "x-request-id": request_id})
            traced = await client.get("/v1/me", headers={"traceparent": TRACEPARENT})

        assert named.headers["x-request-id"] == request_id
        assert traced.headers["x-request-id"] == "4bf92f3577b34da6a3ce929d0e0e4736"

    async def test_goes_on_into_the_transaction(self, database: Database) -> None:
        """So that the facts it writes carry it to whoever reads them."""
        async with caller(bakery(database)) as client:
            await client.post("/v1/loaves", json={"grams": 800}, headers={"traceparent": TRACEPARENT, **new_key()})

        traced = await database.pool.fetchval("SELECT traced_as FROM loaves")
        assert traced == f"4bf92f3577b34da6a3ce929d0e0e4736 {TRACEPARENT}"

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"x-request-id": "Aino Invented"},
            {"x-request-id": "010190-123A"},
            {"traceparent": "00-00000000000000000000000000000000-00f067aa0ba902b7-01"},
            {"traceparent": "aino"},
        ],
    )
    async def test_begins_here_otherwise(self, database: Database, headers: dict[str, str]) -> None:
        """What does not look machine-made may be a person's, and would travel into every log and event."""
        async with caller(bakery(database)) as client:
            answer = await client.get("/v1/me", headers=headers)

        assert len(answer.headers["x-request-id"]) == 32
        assert answer.headers["x-request-id"] not in "".join(headers.values())


class TestTheAccessLog:
    async def test_tells_the_template_and_never_the_path(self, database: Database, logged: Logged) -> None:
        """Paths hold ids, queries hold more, and the log is read by many."""
        loaf_id = ids.new_id()

        async with caller(bakery(database)) as client:
            answer = await client.get(f"/v1/loaves/{loaf_id}?for=Aino")
            await client.get("/v1/Aino")

        lines = logged()
        assert [(line["event"], line["route"], line["status"]) for line in lines] == [
            ("request_served", "/v1/loaves/{loaf_id}", 404),
            ("request_served", "-", 404),
        ]
        assert lines[0]["correlation_id"] == answer.headers["x-request-id"]
        assert "duration_ms" in lines[0]
        assert "Aino" not in str(lines)
        assert str(loaf_id) not in str(lines)

    async def test_tells_of_refused_tokens_and_roles(self, database: Database, logged: Logged) -> None:
        """Who tries doors shall be seen; with what, stays out of the log."""
        async with caller(bakery(database), roles=["thief"]) as client:
            await client.get("/v1/me")
            await client.get("/v1/me", headers={"authorization": "Bearer abc"})

        told = [line for line in logged() if line["event"] != "request_served"]
        assert [(line["event"], line["level"]) for line in told] == [
            ("route_forbidden", "warning"),
            ("token_refused", "warning"),
        ]

    async def test_is_counted_by_template(self, database: Database) -> None:
        """Neither an id nor a made-up method makes a series of its own."""
        metrics = Metrics("bakery", PLUMBING)

        async with caller(bakery(database, metrics=metrics)) as client:
            await client.get(f"/v1/loaves/{ids.new_id()}")
            await client.request("KNEAD", "/v1/loaves")

        counted = set(re.findall(r"bakery_http_request_seconds_count({.*})", metrics.exposition().decode()))
        assert counted == {
            '{method="GET",route="/v1/loaves/{loaf_id}",status="404"}',
            '{method="_OTHER",route="/v1/loaves",status="405"}',
        }
