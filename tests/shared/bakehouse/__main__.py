"""The bakehouse, as a `main` describes a service; it listens to itself."""

import asyncio
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Self
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from shared import ids, migrations, outbox
from shared.database import Trace, Transaction
from shared.events import Consumed, Event
from shared.http.tokens import trust_of
from shared.intake import Batch, Refusals, Subscription
from shared.loops import Loop
from shared.metering import Catalogue, Counter
from shared.service import Door, Parts, Service, serve
from shared.settings import Settings

TOPIC = os.environ.get("BAKEHOUSE_TOPIC", "bakery.oven.loaves.v1")

BAKED = Counter(name="loaves_baked_total", unit="number", meaning="Loaves that left the oven.", remedy="Eat them.")
METRICS: Catalogue = (BAKED,)


class BakehouseSettings(Settings, env_prefix="BAKEHOUSE_"):
    """What the plumbing needs, and what may go wrong here."""

    sick_loop: str = ""
    """`dies`, `hangs` or `blocks`: what the oven's own loop does; otherwise it is well."""
    hangs_after_seconds: float = 300.0

    counter_port: int = 0


class LoafBaked(Event, topic=TOPIC):
    """A loaf left the oven."""

    loaf_id: UUID

    def stream_key(self) -> str:
        """Loaves have nothing to do with each other."""
        return str(self.loaf_id)

    def subject(self) -> str:
        """The loaf."""
        return f"loaf/{self.loaf_id}"

    def subject_version(self) -> int:
        """A loaf is baked once."""
        return 1

    @classmethod
    def example(cls) -> Self:
        """Return an invented loaf."""
        return cls(loaf_id=UUID(int=1))


class Loaf(Consumed):
    """What the eater reads."""

    loaf_id: UUID


async def eat(tx: Transaction, batch: Batch) -> Refusals:
    """Eat every loaf of the batch."""
    eaten = "INSERT INTO eaten VALUES ($1, 1) ON CONFLICT (loaf_id) DO UPDATE SET times = eaten.times + 1"
    loaves = [fact.body for fact in batch.facts if isinstance(fact.body, Loaf)]
    await tx.executemany(eaten, sorted((loaf.loaf_id,) for loaf in loaves))
    return []


def app(parts: Parts[BakehouseSettings]) -> Starlette:
    """Bake on request; who gets an answer has a loaf."""
    if str(parts.settings.token_keys_file) != "unused":  # nobody has to sign in here, but somebody may
        trust_of(parts.settings)

    async def bake(request: Request) -> Response:
        loaf = LoafBaked(loaf_id=ids.new_id())
        async with parts.database.transaction(Trace.begin()) as tx:
            await tx.execute("INSERT INTO loaves VALUES ($1)", loaf.loaf_id)
            await outbox.append(tx, loaf)
            if takes := request.query_params.get("takes_seconds"):
                await tx.execute("SELECT pg_sleep($1)", float(takes))
        parts.metrics.add(BAKED)
        return PlainTextResponse(str(loaf.loaf_id), status_code=201)

    return Starlette(routes=[Route("/loaves", bake, methods=["POST"])])


def counter(parts: Parts[BakehouseSettings]) -> Starlette:
    """Show how many loaves there are to whoever passes by; nobody can order here."""

    async def show(request: Request) -> Response:
        async with parts.database.reading() as connection:
            if takes := request.query_params.get("takes_seconds"):
                await connection.execute("SELECT pg_sleep($1)", float(takes))
            return PlainTextResponse(str(await connection.fetchval("SELECT count(*) FROM loaves")))

    return Starlette(routes=[Route("/loaves", show)])


def loops(parts: Parts[BakehouseSettings]) -> Sequence[Loop]:
    """The oven's own loop, which can be made sick."""

    async def heat() -> None:
        match parts.settings.sick_loop:
            case "dies":
                raise asyncio.CancelledError
            case "hangs":
                await asyncio.Event().wait()
            case "blocks":
                while True:
                    pass
            case _:
                pass

    second = timedelta(seconds=1)
    hangs_after = timedelta(seconds=parts.settings.hangs_after_seconds)
    return [Loop(name="oven", run_once=heat, shortest_pause=second, longest_pause=second, hangs_after=hangs_after)]


MIGRATIONS = (Path(migrations.__file__).parent / "migrations", Path(__file__).parent / "migrations")

SERVICE = Service(
    name="bakehouse",
    version="1",
    settings=BakehouseSettings,
    migrations=MIGRATIONS,
    migrate_with="bake migrate",
    app=app,
    door=Door(app=counter, address=lambda settings: ("127.0.0.1", settings.counter_port)),
    publishes=(TOPIC,),
    subscription=Subscription("bakehouse." + TOPIC, (TOPIC,), {LoafBaked.wire_type(): Loaf}, eat),
    loops=loops,
    metrics=METRICS,
)

if __name__ == "__main__":
    serve(SERVICE)
