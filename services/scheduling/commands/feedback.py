"""What can be asked about the links to the family's form."""

from typing import Annotated, Literal, Self

from pydantic import Field, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from shared.fields import Command

FormKind = Literal["adult", "child"]


class MailTo(Command):
    """A link for the family member at this place of the case's family, counted from 1, sent to their mail address."""

    place: Annotated[StrictInt, Field(ge=1, le=40)]
    kind: FormKind


class HandOutLinks(Command):
    """
    Hand out links to the form, a new one each time: on paper (returned in the answer), or by mail.

    A link is written down nowhere. One that is lost is replaced by handing out another.
    """

    printed: Annotated[tuple[FormKind, ...], Field(max_length=20)] = ()
    mailed: Annotated[tuple[MailTo, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _asks_for_a_link(self) -> Self:
        if not (self.printed or self.mailed):
            raise PydanticCustomError("links", "Ask for at least one link, printed or mailed")
        return self
