"""A small client of the services' public APIs, for seeding and for the tour."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import httpx

from deploy.trouble import ExitCode, Trouble
from shared.ids import new_id

Answer = Mapping[str, Any]

_EXIT_CODES = {HTTPStatus.SERVICE_UNAVAILABLE: ExitCode.UNAVAILABLE, HTTPStatus.NOT_FOUND: ExitCode.NOT_FOUND}


class Refused(Trouble):
    """A service said no: `kind` is the stable name of its problem, `said` its sentence for people; empty if none."""

    def __init__(self, method: str, path: str, answer: httpx.Response) -> None:
        what = f"{method} {path} was answered with {answer.status_code}: {answer.text}"
        exit_code = _EXIT_CODES.get(HTTPStatus(answer.status_code), ExitCode.FAILED)
        super().__init__(what, cure="The answer says what was wrong.", exit_code=exit_code)
        problem: Answer = answer.json() if answer.headers.get("content-type", "") == "application/problem+json" else {}
        self.kind: Final[str] = problem.get("type", "").removeprefix("urn:problem:")
        self.said: Final[str] = problem.get("title", "")


@dataclass(frozen=True, slots=True)
class Api:
    """One service, asked by one person."""

    http: httpx.AsyncClient

    async def get(self, path: str, **query: str) -> Answer:
        """Return what is at *path*."""
        return await self._ask("GET", path, params=query)

    async def finds(self, path: str) -> bool:
        """Tell whether anything is there for the caller at *path*."""
        try:
            await self.get(path)
        except Trouble as trouble:
            if trouble.exit_code is ExitCode.NOT_FOUND:
                return False
            raise
        return True

    async def put(self, path: str, body: Mapping[str, object], *, version: int = 0) -> Answer:
        """Create (*version* 0) or replace what is at *path*."""
        return await self._ask("PUT", path, json=body, headers={"If-Match": f'"{version}"'})

    async def create(self, path: str, body: Mapping[str, object]) -> Answer:
        """Create something, once."""
        return await self._ask("POST", path, json=body, headers={"Idempotency-Key": str(new_id())})

    async def change(self, path: str, body: Mapping[str, object] | None = None, *, version: int) -> Answer:
        """Let something happen to what was read at *version*."""
        return await self._ask("POST", path, json=body, headers={"If-Match": f'"{version}"'})

    async def send(self, path: str, body: bytes) -> Answer:
        """Send a body of JSON that may as well be sent twice."""
        return await self._ask("POST", path, content=body, headers={"Content-Type": "application/json"})

    async def act(self, path: str, body: Mapping[str, object]) -> Answer:
        """Let something happen that may happen again."""
        return await self._ask("POST", path, json=body)

    async def _ask(self, method: str, path: str, **request: Any) -> Answer:
        try:
            answer = await self.http.request(method, path, **request)
        except httpx.TransportError as error:
            what = f"{method} {self.http.base_url}{path} was not answered ({type(error).__name__})."
            cure = "Is the trial still running?"
            raise Trouble(what, cure=cure, exit_code=ExitCode.UNAVAILABLE) from error
        if answer.is_error:
            raise Refused(method, path, answer)
        return answer.json()


@asynccontextmanager
async def asked_by(token: str, address: str) -> AsyncGenerator[Api]:
    """Yield a client of the service at *address* for whom *token* speaks for."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30, trust_env=False) as http:
        yield Api(http)
