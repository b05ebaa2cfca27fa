"""
The form: shown to whoever has a link, taken once, thanked for.

A used, an unknown and a mistyped link get the same page, down to the byte: a link tells nobody whether it was used.
"""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.feedback import handlers
from services.feedback.handlers import LinkNotValid
from services.feedback.pages.filled import Filled
from services.feedback.pages.language import language_of
from services.feedback.pages.rendering import apology_for, form_page, message_page, notice_page
from services.feedback.settings import Region
from shared.database import Database


async def show(request: Request) -> Response:
    """Show the form. Looking uses nothing up: mail scanners and previews of a message open links too."""
    async with _database(request).reading() as source:
        kind = await handlers.find_form(source, request.path_params["token"])
    if kind is None:
        return nothing_valid(request)
    return HTMLResponse(form_page(kind, language_of(request), _region(request)))


async def take(request: Request) -> Response:
    """Take what was filled in, or give it back with what is wrong with it; a link is used up by a whole answer only."""
    filled = Filled.read(await request.body())
    request.state.filled = filled
    token: str = request.path_params["token"]
    try:
        async with _database(request).transaction() as tx:
            kind = await handlers.find_form(tx, token)
            if kind is None:
                return nothing_valid(request)
            if filled.complaints:
                page = form_page(kind, language_of(request), _region(request), filled)
                return HTMLResponse(page, HTTPStatus.UNPROCESSABLE_ENTITY)
            await handlers.give_answer(filled.command(), token, tx=tx)
    except LinkNotValid:
        return nothing_valid(request)
    return RedirectResponse(f"/thanks?lang={language_of(request)}", HTTPStatus.SEE_OTHER)


async def thank(request: Request) -> Response:
    """Thank, at an address without the link, that can be loaded again and again."""
    return HTMLResponse(message_page("thanks", language_of(request), _region(request)))


async def tell_of_privacy(request: Request) -> Response:
    """Tell what becomes of an answer."""
    return HTMLResponse(notice_page("privacy", language_of(request), _region(request)))


async def tell_of_accessibility(request: Request) -> Response:
    """Tell who can use the form, and whom to tell if they cannot."""
    return HTMLResponse(notice_page("accessibility", language_of(request), _region(request)))


def nothing_valid(request: Request) -> Response:
    """Return the one page for every link that opens nothing."""
    page = message_page("gone", language_of(request), _region(request))
    return HTMLResponse(page, HTTPStatus.NOT_FOUND)


async def nothing_here(request: Request, _: Exception) -> Response:
    """Answer other addresses, and methods that nobody uses, in the same way."""
    return nothing_valid(request)


def apology(status: HTTPStatus) -> ASGIApp:
    """Return the answer to trouble of ours: the form again, if it was filled in, with all that is in it."""

    async def apologise(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        language, region = language_of(request), _region(request)
        filled: Filled | None = getattr(request.state, "filled", None)
        if filled is None:
            page = message_page(apology_for(status), language, region)
        else:
            page = form_page(filled.kind, language, region, filled, is_interrupted=True)
        await HTMLResponse(page, status)(scope, receive, send)

    return apologise


def _database(request: Request) -> Database:
    return request.app.state.database


def _region(request: Request) -> Region:
    return request.app.state.region
