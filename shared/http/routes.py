"""
A route: who may use it, its transaction, and what its answer means to a retry.

An endpoint states what it needs by its parameters (`Who`, `Tx`, `Transactions`, `Reading`) and gets it. A POST that
answers 201 creates something, and so demands an `Idempotency-Key`. Every transaction is committed before the first byte
of the answer is sent, so no 2xx is ever about something that was lost.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from shared import logs
from shared.clock import utc_now
from shared.database import Connection, Database, Transaction
from shared.http import bodies, idempotency, tokens, versions
from shared.http.access import NotSignedIn, Principal, RoleNotAllowed, Rules

_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Gate:
    """What stands between a request and an endpoint; one per application, in its state."""

    rules: Rules
    trust: tokens.Trust
    database: Database

    def admit(self, request: Request, route: str) -> Principal | None:
        """
        Return who is asking, None on a public route.

        Raises:
            NotSignedIn: no token, or one that is not believed.
            RoleNotAllowed: none of the roles, or a route that nobody made a rule for.
        """
        rule = self.rules.get(route)
        if rule is None:
            raise RoleNotAllowed
        if rule.is_public:
            return None
        principal = self._who(request)
        if not rule.admits(principal):
            _log.warning("route_forbidden", route=route)
            raise RoleNotAllowed
        return principal

    def _who(self, request: Request) -> Principal:
        scheme, _, token = ",".join(request.headers.getlist("authorization")).partition(" ")
        if scheme.lower() != "bearer":
            raise NotSignedIn
        try:
            return tokens.verify(token.strip(), self.trust, now=utc_now())
        except tokens.TokenRefused as error:
            _log.warning("token_refused", reason=error.reason)
            raise NotSignedIn from error


async def _principal(request: Request) -> Principal:
    principal: Principal | None = request.state.principal
    if principal is None:
        raise NotSignedIn
    return principal


async def _transaction(request: Request) -> Transaction:
    return cast("Transaction", request.state.transaction)


async def _reading(request: Request) -> Connection:
    return cast("Connection", request.state.reading)


async def _transactions(request: Request) -> Callable[[], AbstractAsyncContextManager[Transaction]]:
    gate: Gate = request.app.state.gate
    return partial(gate.database.transaction, request.state.trace)


Who = Annotated[Principal, Depends(_principal)]
"""Who is asking."""

Tx = Annotated[Transaction, Depends(_transaction)]
"""The open transaction of this request; committed after the endpoint has returned, rolled back if it raised."""

Transactions = Annotated[Callable[[], AbstractAsyncContextManager[Transaction]], Depends(_transactions)]
"""
Opens transactions, each committed when it is left: for a request whose parts stand or fall alone, or that has something
to do after the commit.
"""

Reading = Annotated[Connection, Depends(_reading)]
"""A read-only transaction in which all queries see one state."""


class Route(APIRoute):
    """A FastAPI route behind the gate."""

    @property
    def method(self) -> str:
        """The one method; `create_app` takes no route with several."""
        return min(self.methods or {"GET"})

    @property
    def key(self) -> str:
        """The route's key in the table of rules."""
        return f"{self.method} {self.path}"

    @property
    def creates(self) -> bool:
        """Whether a success creates something."""
        return self.methods == {"POST"} and self.status_code == 201  # noqa: PLR2004 - the status says it best

    def needs(self, dependency: Callable[..., Awaitable[object]]) -> bool:
        """Tell whether the endpoint, or a dependency of its, asks for *dependency*."""
        return any(call is dependency for call in _calls(self.dependant))

    @property
    def writes(self) -> bool:
        """Whether the endpoint asks for a transaction."""
        return self.needs(_transaction)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler, which reads parameters, calls the endpoint and makes its response."""
        endpoint = super().get_route_handler()
        reads, writes, creates, takes_body = (
            self.needs(_reading),
            self.writes,
            self.creates,
            self.body_field is not None,
        )

        async def handle(request: Request) -> Response:
            gate: Gate = request.app.state.gate
            principal = request.state.principal = gate.admit(request, self.key)
            if takes_body:
                await bodies.read_json(request)
            key: bytes | None = None
            if creates and principal is not None:  # a creation that is public does not start
                key = idempotency.key_of(request, subject=principal.subject, route=self.key)
            if reads:
                async with gate.database.reading() as request.state.reading:
                    return versions.unless_known(request, await endpoint(request))
            if not writes:
                return await endpoint(request)
            async with gate.database.transaction(request.state.trace) as tx:
                request.state.transaction = tx
                if key is None:
                    return await endpoint(request)
                return await idempotency.once(tx, request, key=key, answer=lambda: endpoint(request))

        return handle


def router(prefix: str = "") -> APIRouter:
    """Return a router whose routes stand behind the gate; *prefix* such as `/v1`."""
    return APIRouter(prefix=prefix, route_class=Route)


def _calls(dependant: Dependant) -> Iterator[object]:
    for needed in dependant.dependencies:
        yield needed.call
        yield from _calls(needed)
