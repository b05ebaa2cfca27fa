"""A toy service: it bakes loaves, so that the HTTP edge can be tried without any real one."""

import asyncio
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
from fastapi import FastAPI, Query, Request, Response
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from shared import ids
from shared.clock import utc_now
from shared.database import Database
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Stale, Transient
from shared.http import (
    PUBLIC,
    Page,
    Paged,
    Reading,
    Rules,
    Transactions,
    Trust,
    Tx,
    VersionRead,
    Who,
    allow,
    create_app,
    etag,
    router,
)

ISSUER, AUDIENCE = "https://login.bakery.example", "bakery"
KEY = ECKey.generate_key("P-256", {"kid": "2027-01", "use": "sig"})
TRUST = Trust(
    issuer=ISSUER,
    audience=AUDIENCE,
    keys=KeySet([ECKey.import_key(KEY.as_dict(private=False))]),
    groups={"shop": "shops"},
)
SHOP = UUID("5b0f3c2e-98a4-4a53-8d7c-6f2f0b9d1a11")

SCHEMA = """
    CREATE TABLE loaves (
        loaf_id uuid PRIMARY KEY,
        grams integer NOT NULL,
        baked_by text NOT NULL,
        traced_as text,
        version integer NOT NULL DEFAULT 1
    );
    CREATE TABLE orders (
        loaf_id uuid NOT NULL REFERENCES loaves DEFERRABLE INITIALLY DEFERRED
    );
"""


class Role(StrEnum):
    BAKER = "baker"
    SELLER = "seller"


RULES: Rules = {
    "POST /v1/loaves": allow(Role.BAKER),
    "GET /v1/loaves": allow(Role.BAKER, Role.SELLER),
    "GET /v1/loaves/{loaf_id}": allow(Role.BAKER, Role.SELLER),
    "PUT /v1/loaves/{loaf_id}/weight": allow(Role.BAKER),
    "POST /v1/batches": allow(Role.BAKER),
    "POST /v1/orders": allow(Role.SELLER),
    "POST /v1/mishaps/{kind}": allow(Role.BAKER),
    "GET /v1/me": allow(Role.BAKER, Role.SELLER),
    "GET /v1/opening-hours": PUBLIC,
}


class LoafAlreadySold(Conflict):
    """The loaf is sold; bake another."""


class TooHot(Invalid):
    """The oven is too hot for this dough; wait."""


class Wrapping(BaseModel):
    model_config = ConfigDict(extra="forbid")
    paper: Literal["brown", "white"]


class BakeLoaf(BaseModel):
    """Bake a loaf."""

    model_config = ConfigDict(extra="forbid")
    grams: int = Field(ge=50, le=5000)
    ready_at: AwareDatetime | None = None
    wrappings: list[Wrapping] = []
    label: str = ""


class Weigh(BaseModel):
    """Correct the weight of a loaf."""

    model_config = ConfigDict(extra="forbid")
    grams: int = Field(ge=50, le=5000)


class Batch(BaseModel):
    """Bake several loaves, each for itself."""

    model_config = ConfigDict(extra="forbid")
    grams: list[int]


class Loaf(BaseModel):
    loaf_id: UUID
    grams: int


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")
    loaf_id: UUID


class Me(BaseModel):
    subject: str
    shops: list[UUID]


class Oven:
    """Holds who bakes inside their transaction until the door is opened; `baking` counts those who came so far."""

    def __init__(self, *, is_open: bool = False) -> None:
        self.door = asyncio.Event()
        self.baking = 0
        if is_open:
            self.door.set()

    async def bake(self) -> None:
        """Wait for the door."""
        self.baking += 1
        await self.door.wait()


v1 = router("/v1")


@v1.post("/loaves", status_code=201)
async def bake_loaf(command: BakeLoaf, tx: Tx, who: Who, request: Request, response: Response) -> Loaf:
    loaf = Loaf(loaf_id=ids.new_id(), grams=command.grams)
    await tx.execute(
        "INSERT INTO loaves (loaf_id, grams, baked_by, traced_as) VALUES ($1, $2, $3, $4)",
        loaf.loaf_id,
        loaf.grams,
        who.subject,
        f"{tx.trace.correlation_id} {tx.trace.traceparent}",
    )
    await request.app.state.oven.bake()
    response.headers["location"] = f"/v1/loaves/{loaf.loaf_id}"
    response.headers["etag"] = etag(1)
    return loaf


@v1.get("/loaves")
async def list_loaves(reading: Reading, paged: Paged, lightest: Annotated[int, Query(ge=0)] = 0) -> Page[Loaf]:
    after = paged.after(TypeAdapter(tuple[int, UUID])) or (-1, UUID(int=0))
    rows = await reading.fetch(
        "SELECT * FROM loaves WHERE (grams, loaf_id) > ($1, $2) AND grams >= $3 ORDER BY grams, loaf_id LIMIT $4",
        *after,
        lightest,
        paged.fetch,
    )
    return paged.page(
        rows,
        key=lambda row: (row["grams"], row["loaf_id"]),
        show=lambda row: Loaf(loaf_id=row["loaf_id"], grams=row["grams"]),
    )


@v1.get("/loaves/{loaf_id}")
async def show_loaf(loaf_id: UUID, reading: Reading, response: Response) -> Loaf:
    row = await reading.fetchrow("SELECT * FROM loaves WHERE loaf_id = $1", loaf_id)
    if row is None:
        raise NotFound
    response.headers["etag"] = etag(row["version"])
    return Loaf(loaf_id=loaf_id, grams=row["grams"])


@v1.put("/loaves/{loaf_id}/weight", status_code=204)
async def weigh_loaf(loaf_id: UUID, command: Weigh, tx: Tx, version: VersionRead) -> None:
    row = await tx.fetchrow("SELECT version FROM loaves WHERE loaf_id = $1 FOR UPDATE", loaf_id)
    if row is None:
        raise NotFound
    if row["version"] != version:
        raise Stale
    await tx.execute("UPDATE loaves SET grams = $2, version = version + 1 WHERE loaf_id = $1", loaf_id, command.grams)


def _require_weight(grams: int) -> None:
    if grams < 50:
        raise TooHot


@v1.post("/batches")
async def bake_batch(command: Batch, begin: Transactions) -> list[bool]:
    """Bake each loaf by itself; those too light for the oven fail after they were put in."""
    baked: list[bool] = []
    for grams in command.grams:
        try:
            async with begin() as tx:
                await tx.execute(
                    "INSERT INTO loaves (loaf_id, grams, baked_by, traced_as) VALUES ($1, $2, 'batch', $3)",
                    ids.new_id(),
                    grams,
                    tx.trace.correlation_id,
                )
                _require_weight(grams)
        except TooHot:
            baked.append(False)
        else:
            baked.append(True)
    return baked


@v1.post("/orders", status_code=201)
async def order_loaf(command: Order, tx: Tx) -> Order:
    await tx.execute("INSERT INTO orders VALUES ($1)", command.loaf_id)  # whether it exists shows at the commit
    return command


@v1.post("/mishaps/{kind}")
async def have_mishap(kind: str, tx: Tx, request: Request) -> None:
    await tx.execute("INSERT INTO loaves (loaf_id, grams, baked_by) VALUES ($1, 1, 'mishap')", ids.new_id())
    match kind:
        case "power-cut":  # our connection is ended from outside, just before the commit
            other: Database = request.app.state.gate.database
            assert await other.pool.fetchval("SELECT pg_terminate_backend($1, 5000)", tx.connection.get_server_pid())
        case "sold":
            raise LoafAlreadySold
        case "hot":
            raise TooHot("The oven is at 900 degrees; wait an hour.")
        case "closed":
            raise Forbidden
        case "queue":
            raise Transient
        case _:
            message = f"the customer {kind} complained"
            raise RuntimeError(message)


@v1.get("/me")
async def show_me(who: Who) -> Me:
    return Me(subject=who.subject, shops=sorted(who.belongs["shop"]))


@v1.get("/opening-hours")
async def show_opening_hours() -> str:
    return "07-17"


def bakery(database: Database | None, *, oven: Oven | None = None, **options: Any) -> FastAPI:
    """Return the bakery's application; the door of its oven stands open unless one is given."""
    app = create_app(title="Bakery", routers=[v1], rules=RULES, trust=TRUST, database=database, **options)
    app.state.oven = oven or Oven(is_open=True)
    return app


def claims(**different: object) -> dict[str, object]:
    """Return the claims of an invented baker's token; None leaves a claim out."""
    usual = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "baker-7",
        "exp": int((utc_now() + timedelta(hours=12)).timestamp()),
        "roles": ["baker"],
        "shops": [str(SHOP)],
    }
    return {name: value for name, value in (usual | different).items() if value is not None}


def token(**different: object) -> str:
    """Return a token that the bakery trusts, but for what is *different* in its claims."""
    return jwt.encode({"alg": "ES256", "kid": "2027-01"}, claims(**different), KEY)


def caller(app: FastAPI, **different: object) -> httpx.AsyncClient:
    """Return a client that is signed in as an invented baker, but for what is *different* in the token."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://bakery.example",
        headers={"authorization": f"Bearer {token(**different)}"},
    )


def stranger(app: FastAPI) -> httpx.AsyncClient:
    """Return a client that is not signed in."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bakery.example")


def new_key() -> dict[str, str]:
    """Return the header with an idempotency key of its own."""
    return {"idempotency-key": str(ids.new_id())}
