"""
The edge of a door for people who must leave no trace: size limit, safety headers, an end to surprises, nothing else.

No access log, no metric, no trace, no cookie: when somebody came, and what they asked for, must stand nowhere. The log
learns only that something went wrong, and where in the code.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import logs, trouble
from shared.http.bodies import BodyTooLarge, announced_bytes, limited
from shared.http.edge import SAFETY_HEADERS

_log = logs.get(__name__)

TROUBLES: Final = (
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
"""What an apology may have to be made for."""


def quiet_edge(
    app: ASGIApp, *, headers: Mapping[str, str], max_body_bytes: int, apology: Callable[[HTTPStatus], ASGIApp]
) -> ASGIApp:
    """
    Wrap *app*; every answer gets `SAFETY_HEADERS`, or rather those of *headers* where these say otherwise.

    *apology* makes the answer for each of `TROUBLES`.
    """
    everywhere = {**SAFETY_HEADERS, **headers}

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_safely(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                answered = MutableHeaders(scope=message)
                for name, value in everywhere.items():
                    answered.setdefault(name, value)
            await send(message)

        try:
            if announced_bytes(scope) > max_body_bytes:
                raise BodyTooLarge  # noqa: TRY301 - announced or found out on the way, it is the same to who is told
            await app(scope, limited(receive, max_bytes=max_body_bytes), send_safely)
        except ClientDisconnect:
            return  # gone before all was said; nobody is there to be answered
        except Exception as error:
            status = _status_of(error)
            if has_begun:
                raise  # half an answer is out: only the server can break the connection off
            await apology(status)(scope, receive, send_safely)

    return wrapped


def _status_of(error: Exception) -> HTTPStatus:
    if isinstance(error, BodyTooLarge):
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if trouble.is_passing(error):
        _log.warning("visit_failed", exc_info=error)
        return HTTPStatus.SERVICE_UNAVAILABLE
    _log.error("visit_failed", exc_info=error)
    return HTTPStatus.INTERNAL_SERVER_ERROR
