"""
What orchestrators and monitoring ask of a process, without a principal: `/livez`, `/readyz`, `/metrics`.

Alive is whoever answers. Ready is whoever may be sent requests: the database answers and has our schema, and the
process is not about to end. Kafka is told of, never demanded: requests are served while it is away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared import migrations
from shared.database import Connection, Database
from shared.http.edge import SAFETY_HEADERS
from shared.metering import Metrics
from shared.migrations import SchemaMismatch
from shared.trouble import ends_within

_ANSWERS_WITHIN_SECONDS = 2.0


class Reports(Protocol):
    """A consumer, as far as people ask of it."""

    def report(self) -> dict[str, object]:
        """Return its state with Kafka."""
        ...


@dataclass(slots=True)
class Health:
    """What can be told of this process; `is_ending` is set when it should get no more requests."""

    database: Database
    migrations: Sequence[Path]
    metrics: Metrics
    consumer: Reports | None = None
    is_ending: bool = False

    def around(self, app: ASGIApp) -> ASGIApp:
        """Answer our own paths before *app* sees them, so that no rule of its can close or open them."""
        answers = {"/livez": self._live, "/readyz": self._ready, "/metrics": self._metrics}

        async def answered(scope: Scope, receive: Receive, send: Send) -> None:
            answer = (
                answers.get(scope["path"]) if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"} else None
            )
            await (app if answer is None else await answer())(scope, receive, send)

        return answered

    async def _live(self) -> Response:
        return PlainTextResponse("alive", headers=SAFETY_HEADERS)

    async def _metrics(self) -> Response:
        return Response(self.metrics.exposition(), media_type=CONTENT_TYPE_LATEST, headers=SAFETY_HEADERS)

    async def _ready(self) -> Response:
        problem = "ending" if self.is_ending else await self._problem_of_database()
        report: dict[str, object] = {"is_ready": problem is None}
        if problem is not None:
            report["because"] = problem
        if self.consumer is not None:
            report["kafka"] = self.consumer.report()
        return JSONResponse(report, status_code=503 if problem else 200, headers=SAFETY_HEADERS)

    async def _problem_of_database(self) -> str | None:
        problem: str | None = "the database does not answer"

        async def look() -> None:
            nonlocal problem
            async with self.database.reading() as connection:
                problem = await _problem_of_schema(connection, self.migrations)

        await ends_within(_ANSWERS_WITHIN_SECONDS, look())
        return problem


async def _problem_of_schema(connection: Connection, folders: Sequence[Path]) -> str | None:
    try:
        await migrations.check(connection, *folders)
    except SchemaMismatch as mismatch:
        return str(mismatch)
    return None
