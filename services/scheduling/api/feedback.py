"""Links to the family's form."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel
from starlette.requests import Request

from services.scheduling.api.answers import Yours
from services.scheduling.commands.feedback import FormKind, HandOutLinks
from services.scheduling.domain.invitations import SUBJECT, invitation
from services.scheduling.handlers import feedback
from services.scheduling.outside import Mail
from shared.errors import Conflict
from shared.http import Transactions, router

routes = router("/v1")


class FormHasNoAddress(Conflict):
    """This installation does not say where families find the form; ask those who run it."""


class NoMailHere(Conflict):
    """This installation sends no mail; print the links instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How links reach families here."""

    form_address: str | None = None
    mail: Mail | None = None
    booklet_links: int = 400


class Printed(BaseModel):
    """A link to print for one person."""

    kind: FormKind
    link: str


class HandedOut(BaseModel):
    """What to print, and how many were mailed; whoever `not_mailed` counts got none: print one for them."""

    printed: list[Printed]
    mailed: int
    not_mailed: int


async def _ways(request: Request) -> Ways:
    ways: Ways = request.app.state.ways
    return ways


@routes.post("/meetings/{meeting_id}/feedback-links")
async def hand_out_links(
    meeting_id: UUID, command: HandOutLinks, yours: Yours, begin: Transactions, ways: Annotated[Ways, Depends(_ways)]
) -> HandedOut:
    """Hand out links for the family of a Heijastin; asked twice, it hands out others."""
    if ways.form_address is None:
        raise FormHasNoAddress
    if command.mailed and ways.mail is None:
        raise NoMailHere
    async with begin() as tx:
        links = await feedback.hand_out_links(command, meeting_id, tx=tx, yours=yours, booklet_links=ways.booklet_links)
    handed_out = HandedOut(printed=[], mailed=0, not_mailed=0)
    for link in links:
        address = f"{ways.form_address}{link.token}"
        if link.address is None or ways.mail is None:
            handed_out.printed.append(Printed(kind=link.kind, link=address))
        elif await ways.mail.send(to=link.address, subject=SUBJECT, text=invitation(address)):
            handed_out.mailed += 1
        else:
            handed_out.not_mailed += 1
    return handed_out
