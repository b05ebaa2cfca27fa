"""
A route: who may use it, its transaction, and what its answer means to a retry.

An endpoint states what it needs by its parameters (`Who`, `Tx`, `Transactions`, `Reading`) and gets it. A POST that
answers 201 creates something, and so demands an `Idempotency-Key`. Every transaction is committed before the first byte
of the answer is sent, so no 2xx is ever about something that was lost. What asks for the `OnRecord` notes is on record:
they are written to the access log in the same transaction, and in one of its own what was refused or undone by a no.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from shared import logs
from shared.access_log import Notes
from shared.clock import utc_now
from shared.database import Connection, Database, Trace, Transaction
from shared.derived import subject_digest
from shared.errors import Refusal
from shared.http import bodies, idempotency, tokens, versions
from shared.http.access import NotSignedIn, Principal, RoleNotAllowed, Rule, Rules

_log = logs.get(__name__)

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]
Work = Callable[[Request, Database, bytes | None, Notes | None], Awaitable[Response]]


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
    return cast("Callable[[], AbstractAsyncContextManager[Transaction]]", request.state.begin)


async def _opened(request: Request) -> Connection | Transaction:
    return cast("Connection | Transaction", request.state.opened)  # or the pool, which answers the same questions


async def _notes(request: Request) -> Notes:
    return cast("Notes", request.state.notes)


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

Opened = Annotated[Connection | Transaction, Depends(_opened)]
"""
Whichever of these the endpoint asks for; what is needed by all kinds of routes reads from it.

Where it asks for `Transactions`, each question is one by itself: none of them is open yet.
"""

OnRecord = Annotated[Notes, Depends(_notes)]
"""The notes of this request for the access log; a route that has them is on record, whatever is noted."""


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

    @property
    def reads(self) -> bool:
        """Whether the endpoint asks for a read-only transaction."""
        return self.needs(_reading)

    @property
    def begins(self) -> bool:
        """Whether the endpoint asks to open transactions itself."""
        return self.needs(_transactions)

    @property
    def is_on_record(self) -> bool:
        """Whether each use of it is written to the access log."""
        return self.needs(_notes)

    def get_route_handler(self) -> Endpoint:
        """Wrap FastAPI's handler, which reads parameters, calls the endpoint and makes its response."""
        endpoint = super().get_route_handler()
        creates, takes_body, is_on_record = self.creates, self.body_field is not None, self.is_on_record
        work = self._work(endpoint)

        async def handle(request: Request) -> Response:
            gate: Gate = request.app.state.gate
            principal = request.state.principal = gate.admit(request, self.key)
            if takes_body:
                await bodies.read_json(request)
            key: bytes | None = None
            if creates and principal is not None:  # a creation that is public does not start
                key = idempotency.key_of(request, subject=principal.subject, route=self.key)
            notes: Notes | None = None
            if is_on_record and principal is not None:  # what is public is not on record, or does not start
                notes = request.state.notes = self._begin_notes(request, principal, gate.rules[self.key])
            try:
                answer = await work(request, gate.database, key, notes)
            except Refusal:
                if notes is not None:
                    notes.came_to_nothing()
                await _write_left_over(notes, gate.database, request.state.trace)
                raise
            await _write_left_over(notes, gate.database, request.state.trace)
            return answer

        return handle

    def _work(self, endpoint: Endpoint) -> Work:
        reads, writes, begins = self.reads, self.writes, self.begins

        async def work(request: Request, database: Database, key: bytes | None, notes: Notes | None) -> Response:
            if reads:
                reading = database.reading() if notes is None else database.reading_on_record(notes.write)
                async with reading as request.state.reading:
                    request.state.opened = request.state.reading
                    return versions.unless_known(request, await endpoint(request))
            if begins:
                request.state.opened = database.pool
                request.state.begin = partial(_begun, database, request.state.trace, notes)
            if not writes:
                return await endpoint(request)
            async with database.transaction(request.state.trace) as tx:
                request.state.transaction = request.state.opened = tx
                if key is None:
                    answer = await endpoint(request)
                else:
                    answer = await idempotency.once(tx, request, key=key, answer=lambda: endpoint(request))
                if notes is not None:
                    await notes.write(tx.connection)
                return answer

        return work

    def _begin_notes(self, request: Request, principal: Principal, rule: Rule) -> Notes:
        return Notes(
            subject=subject_digest(principal.subject),
            roles=tuple(sorted(rule.roles & principal.roles)),
            route=self.key,
            request_id=request.state.trace.correlation_id,
            does="written" if self.writes or self.begins else "read",
        )


async def _write_left_over(notes: Notes | None, database: Database, trace: Trace) -> None:
    """Write, in a transaction of its own, what was noted in one that was undone and that the answer tells of."""
    if notes is not None and notes.is_left_over:
        async with database.transaction(trace) as tx:
            await notes.write_left_over(tx.connection)


@asynccontextmanager
async def _begun(database: Database, trace: Trace, notes: Notes | None) -> AsyncGenerator[Transaction]:
    """Open one of several transactions of a request; what is noted is written with it, or after a no, or forgotten."""
    try:
        async with database.transaction(trace) as tx:
            yield tx
            if notes is not None and notes.has_seen:
                await notes.write(tx.connection)
    except Refusal:
        if notes is not None:
            notes.came_to_nothing()
        raise
    finally:
        if notes is not None:
            notes.forget_seen()


def router(prefix: str = "") -> APIRouter:
    """Return a router whose routes stand behind the gate; *prefix* such as `/v1`."""
    return APIRouter(prefix=prefix, route_class=Route)


def _calls(dependant: Dependant) -> Iterator[object]:
    for needed in dependant.dependencies:
        yield needed.call
        yield from _calls(needed)
