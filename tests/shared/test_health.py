from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from deploy.databases import Urls
from shared import migrations
from shared.database import Database
from shared.health import Health
from shared.http.edge import SAFETY_HEADERS
from shared.metering import Metrics
from shared.metrics import PLUMBING

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]

FOLDER = Path(migrations.__file__).parent / "migrations"


async def strict(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that lets nobody in."""
    await PlainTextResponse("who are you?", status_code=401)(scope, receive, send)


class Away:
    """A consumer whose Kafka does not answer."""

    def report(self) -> dict[str, object]:
        """As the real one."""
        return {"state": "away", "lag": 0}


@pytest.fixture(name="health")
def _health(database: Database) -> Health:
    return Health(database, (FOLDER,), Metrics("bakery", PLUMBING), Away())


@pytest_asyncio.fixture(name="client")
async def _client(health: Health) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(health.around(strict))
    async with httpx.AsyncClient(transport=transport, base_url="http://bakery.example") as client:
        yield client


class TestHealth:
    @pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
    async def test_needs_no_principal(self, client: httpx.AsyncClient, path: str) -> None:
        """Orchestrators and monitoring have none; what they are told is nobody's data."""
        assert (await client.get(path)).status_code == 200
        assert (await client.post(path)).status_code == 401
        assert (await client.get("/loaves")).status_code == 401

    @pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
    async def test_is_told_with_the_same_safety_headers_as_everything_else(
        self, client: httpx.AsyncClient, path: str
    ) -> None:
        """It stands before the application, and so before the edge that adds them."""
        assert (await client.get(path)).headers.items() >= SAFETY_HEADERS.items()

    async def test_is_ready_while_kafka_is_away_and_says_so(self, client: httpx.AsyncClient) -> None:
        """Requests are served, and what they write arrives later."""
        answer = await client.get("/readyz")

        assert answer.status_code == 200
        assert answer.json() == {"is_ready": True, "kafka": {"state": "away", "lag": 0}}

    async def test_is_not_ready_when_it_is_about_to_end(self, client: httpx.AsyncClient, health: Health) -> None:
        """Whoever spreads the requests should pass us by; we are alive all the same."""
        health.is_ending = True

        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/livez")).status_code == 200

    async def test_is_not_ready_without_its_schema(
        self, client: httpx.AsyncClient, health: Health, tmp_path: Path
    ) -> None:
        """A database that was restored to an earlier day, for one."""
        later = tmp_path / "oven" / "migrations"
        later.mkdir(parents=True)
        (later / "0001_later.sql").write_text("SELECT 1")
        health.migrations = (later,)

        answer = await client.get("/readyz")

        assert answer.status_code == 503
        assert "oven/0001_later.sql is missing" in answer.json()["because"]

    async def test_is_not_ready_without_its_database(
        self, client: httpx.AsyncClient, health: Health, bakery_urls: Urls
    ) -> None:
        """Whatever the reason: nobody is told more than that."""
        health.database = await Database.open(bakery_urls.runtime, application_name="bakery")
        await health.database.close()

        answer = await client.get("/readyz")

        assert answer.status_code == 503
        assert answer.json()["because"] == "the database does not answer"

    async def test_tells_its_metrics_in_the_format_of_prometheus(self, client: httpx.AsyncClient) -> None:
        """With the service's name before each."""
        answer = await client.get("/metrics")

        assert answer.headers["content-type"].startswith("text/plain; version=")
        assert "\nbakery_consumer_facts_total " in answer.text
