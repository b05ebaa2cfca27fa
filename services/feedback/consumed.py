"""What feedback hears: which links there are for a unit's half-month, and, when it has ended, three counts of it."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.events import Consumed

UNITS_TOPIC = "heijastin.scheduling.units.v1"

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""The SHA-256 of a link's token, in hexadecimal."""


class BookletIssued(Consumed):
    """Links that may be handed out in a half-month."""

    unit_id: UUID
    half_month: date
    kind: Literal["adult", "child"]
    digests: Annotated[tuple[Digest, ...], Field(min_length=1)]


class RoundEnded(Consumed):
    """What was handed out in a half-month: to how many new families, how many links, and how many one family got."""

    unit_id: UUID
    half_month: date
    meetings: int
    links: int
    largest_family: int
