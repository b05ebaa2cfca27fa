"""The service's own edge for tests: invented people with tokens, and what they send."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from shared import ids
from shared.clock import utc_now
from shared.database import Database
from shared.http import Trust
from tests.scheduling.builders import TEAM_ID, UNIT_ID

_ISSUER, _AUDIENCE = "https://login.region.example", "heijastin"
_KEY = ECKey.generate_key("P-256", {"kid": "test", "use": "sig"})
TRUST = Trust(
    issuer=_ISSUER,
    audience=_AUDIENCE,
    keys=KeySet([ECKey.import_key(_KEY.as_dict(private=False))]),
    groups={"unit": "units"},
)

UNIT: dict[str, Any] = {
    "name_fi": "Keksitty yksikkö",
    "name_sv": "Påhittad enhet",
    "name_en": "Invented unit",
    "hours": [{"weekday": day, "opens": "08:00", "closes": "16:00"} for day in range(1, 6)],
}
WORKER: dict[str, Any] = {
    "unit_id": str(UNIT_ID),
    "team_id": str(TEAM_ID),
    "display_name": "Veera Vastaava (keksitty)",
    "roles": ["responsible_social_worker"],
}


class Caller:
    """
    Somebody who calls the service: a role or several, and the units they belong to; `role-1` is their account.

    `create` sends a new Idempotency-Key unless told which; `change` first reads the version that it changes.
    """

    def __init__(self, app: FastAPI, role: str, *units: UUID, account: str | None = None) -> None:
        """Sign them in."""
        self.account = account or f"{role}-1"
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": self.account,
            "exp": int((utc_now() + timedelta(minutes=5)).timestamp()),
            "roles": role.split(),
            "units": [str(unit) for unit in units],
        }
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://scheduling.example",
            headers={"authorization": f"Bearer {jwt.encode({'alg': 'ES256', 'kid': 'test'}, claims, _KEY)}"},
        )

    async def create(self, path: str, body: dict[str, Any], *, key: str | None = None) -> httpx.Response:
        """Send a POST that creates."""
        return await self.http.post(path, json=body, headers={"idempotency-key": key or str(ids.new_id())})

    async def put(self, path: str, body: dict[str, Any], *, version: int = 0) -> httpx.Response:
        """Send a PUT of something at *version*; 0 creates it."""
        return await self.http.put(path, json=body, headers={"if-match": f'"{version}"'})

    async def change(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Change the thing above *path* as it now is, and return it changed."""
        shown = await self.http.get(path.rpartition("/")[0])
        changed = await self.http.post(path, json=body, headers={"if-match": shown.headers["etag"]})
        assert changed.status_code == 200, changed.text
        return changed.json()

    async def show(self, path: str) -> dict[str, Any]:
        """Return what stands at *path*."""
        shown = await self.http.get(path)
        assert shown.status_code == 200, shown.text
        return shown.json()


async def told(database: Database, about: str) -> list[tuple[str, dict[str, Any]]]:
    """Return what the service has said of a case or a unit so far: name and whole fact, in the order of the stream."""
    rows = await database.pool.fetch(
        "SELECT event_type, payload FROM outbox WHERE key = $1 ORDER BY sequence", str(about)
    )
    return [(row["event_type"].split(".")[2], json.loads(row["payload"])) for row in rows]


async def now(database: Database) -> datetime:
    """Return the business time of the database."""
    return await database.pool.fetchval("SELECT business_now()")
