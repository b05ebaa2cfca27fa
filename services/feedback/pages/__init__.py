"""What a family's link opens, an index: a page a line. No script, no cookie, and nothing kept of who came (0030)."""

from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp

from services.feedback.pages import form
from services.feedback.pages.rendering import CONTENT_SECURITY_POLICY
from services.feedback.settings import Region
from shared.database import Database
from shared.http.bodies import MAX_BODY_BYTES
from shared.http.quiet import quiet_edge

ROUTES: Final = (
    Route("/p/{token}", form.show, methods=["GET"]),
    Route("/p/{token}", form.take, methods=["POST"]),
    Route("/thanks", form.thank, methods=["GET"]),
    Route("/tietosuoja", form.tell_of_privacy, methods=["GET"]),
    Route("/saavutettavuus", form.tell_of_accessibility, methods=["GET"]),
)


def app(database: Database, region: Region) -> ASGIApp:
    """Return the application behind the family's door; it speaks for *region*."""
    pages = Starlette(
        routes=ROUTES,
        exception_handlers={HTTPException: form.nothing_here},
        middleware=[
            Middleware(
                quiet_edge,
                headers={"content-security-policy": CONTENT_SECURITY_POLICY},
                max_body_bytes=MAX_BODY_BYTES,
                apology=form.apology,
            )
        ],
    )
    pages.router.redirect_slashes = False  # an answer that repeats the address would repeat the link
    pages.state.database, pages.state.region = database, region
    return pages
