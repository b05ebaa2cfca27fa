"""Facts about the links to the family's form. None of them says which link went to whom."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from services.scheduling.events.case_stream import CaseStream, example_context
from services.scheduling.events.units import EXAMPLE_UNIT_ID, UnitStream

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class FeedbackBookletIssued(UnitStream):
    """
    Emitted when links for a unit's half-month (named by its first day, a 1st or 16th) have been made.

    Key: the unit. Needed by feedback: `digests` are the SHA-256 of the tokens, hexadecimal; each opens the form of its
    kind once. Most of them are never handed out, and nobody is told which are.
    """

    booklet_id: UUID
    half_month: date
    kind: Literal["adult", "child"]
    digests: Annotated[tuple[Digest, ...], Field(min_length=1)]

    def subject(self) -> str:
        """Return the booklet."""
        return f"feedback_booklet/{self.booklet_id}"

    @classmethod
    def example(cls) -> Self:
        """Return a booklet of two links, which would be far too few."""
        return cls(
            unit_id=EXAMPLE_UNIT_ID,
            version=1,
            booklet_id=UUID("2e9d5c70-6b14-4f83-a0d7-9c1b3e5f7a42"),
            half_month=date(2026, 11, 16),
            kind="adult",
            digests=("0b" * 32, "e7" * 32),
        )


class FeedbackRoundEnded(UnitStream):
    """
    Emitted when a half-month of a unit has ended, with what was handed out in it: three counts, nothing else.

    Key: the unit. Needed by feedback: answers are told of only when they cannot all be one family's. `meetings` counts
    those of different families, but for families that got links in the half-month before as well and were counted
    there; `largest_family` is the most links that one family got, in this half-month and the one before together.
    """

    half_month: date
    meetings: int
    links: int
    largest_family: int

    def subject(self) -> str:
        """Return the half-month of the unit."""
        return f"feedback_round/{self.unit_id}/{self.half_month}"

    @classmethod
    def example(cls) -> Self:
        """Return a half-month in which five families got links."""
        return cls(
            unit_id=EXAMPLE_UNIT_ID, version=1, half_month=date(2026, 11, 16), meetings=5, links=14, largest_family=4
        )


class FeedbackLinksSent(CaseStream):
    """
    Emitted when links to the form were handed out for a Heijastin, on paper or by mail; again if they are replaced.

    Key: the case. Needed by whoever watches that every family is asked. It says the day and nothing about the links.
    """

    meeting_id: UUID
    version: int
    sent_on: date

    def subject(self) -> str:
        """Return the links of the meeting."""
        return f"feedback_links/{self.meeting_id}"

    def subject_version(self) -> int:
        """Count how often links were handed out for the meeting."""
        return self.version

    @classmethod
    def example(cls) -> Self:
        """Return links handed out on the day of the meeting."""
        return cls(
            **example_context(),
            meeting_id=UUID("4f8b2d6e-0c9a-4e37-a1f5-3d7c9b5e8a04"),
            version=1,
            sent_on=date(2026, 11, 24),
        )
