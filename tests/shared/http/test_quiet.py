"""A door that keeps nothing of who came: a bakery's box for complaints."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message

from shared.errors import Transient
from shared.http.edge import SAFETY_HEADERS
from shared.http.quiet import TROUBLES, quiet_edge
from tests.shared.http.conftest import Logged

pytestmark = pytest.mark.asyncio

PAGES = {"content-security-policy": "default-src 'none'; form-action 'self'"}
SECRET = "the-bread-was-stale"
KEYS = {*SAFETY_HEADERS, "content-length", "content-type"}


def apology(status: HTTPStatus) -> ASGIApp:
    return PlainTextResponse(f"Sorry: {status.phrase}", status)


async def listen(request: Request) -> Response:
    """Hear the complaint."""
    return PlainTextResponse(f"{len(await request.body())} bytes heard")


async def be_surprised(request: Request) -> Response:
    """Stumble over what was written."""
    raise ValueError(request.path_params["complaint"])


async def be_away(request: Request) -> Response:
    """Have nobody there for a moment."""
    raise Transient(request.path_params["complaint"])


async def break_off(_: Request) -> Response:
    """Begin an answer and stumble."""

    async def words() -> AsyncIterator[str]:
        yield "Dear customer"
        raise ValueError(SECRET)

    return StreamingResponse(words())


def box() -> ASGIApp:
    routes = [
        Route("/", listen, methods=["GET", "POST"]),
        Route("/surprise/{complaint}", be_surprised),
        Route("/away/{complaint}", be_away),
        Route("/half", break_off),
    ]
    return Starlette(
        routes=routes, middleware=[Middleware(quiet_edge, headers=PAGES, max_body_bytes=1_000, apology=apology)]
    )


Visit = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture(name="visit")
def _visit() -> Visit:
    """Return a function that makes one request and tells nobody."""

    async def visit(method: str, path: str, content: bytes | AsyncIterator[bytes] | None = None) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(box()), base_url="http://bakery.example") as client:
            return await client.request(method, path, content=content)

    return visit


class TestEveryAnswer:
    @pytest.mark.parametrize(
        "path, status", [("/", 200), ("/nowhere", 404), (f"/surprise/{SECRET}", 500), (f"/away/{SECRET}", 503)]
    )
    async def test_carries_the_safety_headers_and_nothing_that_tells_visits_apart(
        self, visit: Visit, path: str, status: int
    ) -> None:
        """No cookie, no id of the request; and the application's own word on what a page may do."""
        answer = await visit("GET", path)

        assert answer.status_code == status
        assert {**SAFETY_HEADERS, **PAGES}.items() <= answer.headers.items()
        assert set(answer.headers) <= KEYS


class TestAnOrdinaryVisit:
    async def test_is_not_logged(self, visit: Visit, logged: Logged) -> None:
        """Not even that there was one."""
        await visit("GET", "/")
        await visit("GET", f"/{SECRET}")
        await visit("POST", "/", SECRET.encode())

        assert logged() == []


class TestTrouble:
    @pytest.mark.parametrize(
        "path, level, error", [("/surprise", "error", "ValueError"), ("/away", "warning", "Transient")]
    )
    async def test_is_logged_by_its_kind_and_place_alone(
        self, visit: Visit, logged: Logged, path: str, level: str, error: str
    ) -> None:
        """Enough to mend it; nothing of what was asked for or said."""
        answer = await visit("GET", f"{path}/{SECRET}")

        (line,) = logged()
        assert (line["event"], line["level"], line["error.type"]) == ("visit_failed", level, error)
        assert "test_quiet.py" in str(line["error.frames"])
        assert SECRET not in str(line)
        assert "correlation_id" not in line
        assert SECRET not in answer.text

    async def test_in_the_middle_of_an_answer_breaks_it_off(self, visit: Visit, logged: Logged) -> None:
        """The visitor must not take half an answer for the whole."""
        with pytest.raises(ValueError, match=SECRET):
            await visit("GET", "/half")

        assert [line["event"] for line in logged()] == ["visit_failed"]

    async def test_has_an_apology_for_each_kind(self, visit: Visit) -> None:
        """Those that an application is told to have an answer for, and no others."""
        answers = [
            await visit("POST", "/", b"x" * 1_001),
            await visit("GET", "/surprise/x"),
            await visit("GET", "/away/x"),
        ]

        assert [answer.status_code for answer in answers] == list(TROUBLES)
        assert all(answer.text.startswith("Sorry: ") for answer in answers)


class TestABodyTooLarge:
    async def test_is_cut_off_in_the_middle_when_nothing_announced_it(self, visit: Visit, logged: Logged) -> None:
        """At the limit, not at the end of our memory; and it is nothing to wake anybody for."""
        sent = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            while sent < 1_000:
                sent += 1
                yield b" " * 300

        answer = await visit("POST", "/", endless())

        assert (answer.status_code, sent) == (413, 4)
        assert logged() == []

    async def test_may_be_as_large_as_was_said(self, visit: Visit) -> None:
        """The limit itself is not over it."""
        assert (await visit("POST", "/", b"x" * 1_000)).text == "1000 bytes heard"


class TestAVisitorWhoLeaves:
    async def test_is_let_go(self, logged: Logged) -> None:
        """A phone that loses its network in the middle of a sentence is no fault of ours."""
        said = asyncio.Queue[Message]()
        said.put_nowait({"type": "http.request", "body": b"The br", "more_body": True})
        said.put_nowait({"type": "http.disconnect"})
        answered: list[Message] = []

        async def send(message: Message) -> None:
            answered.append(message)

        await box()({"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}, said.get, send)

        assert answered == []
        assert logged() == []
