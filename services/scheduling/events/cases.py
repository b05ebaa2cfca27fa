"""Facts about the case itself: opened, moved, closed, reopened."""

from datetime import date
from typing import Literal, Self

from services.scheduling.events.case_stream import CaseStream, example_context


class CaseFact(CaseStream, abstract=True):
    """The public state of a case. `closed_on` is the day it ended in the world, None while it is open."""

    version: int
    status: Literal["open", "closed"]
    opened_on: date
    closed_on: date | None
    children_count: int

    def subject(self) -> str:
        """Return the case."""
        return f"case/{self.case_id}"

    def subject_version(self) -> int:
        """Return the case's row version."""
        return self.version

    @classmethod
    def _example(cls, *, version: int, closed_on: date | None = None) -> Self:
        return cls(
            **example_context(),
            version=version,
            status="closed" if closed_on else "open",
            opened_on=date(2026, 11, 2),
            closed_on=closed_on,
            children_count=2,
        )


class CaseOpened(CaseFact):
    """
    Emitted when a family becomes a case with a team of its own.

    Key: the case. Needed by every reader that shows cases to people.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a case of two children, just opened."""
        return cls._example(version=1)


class CaseReassigned(CaseFact):
    """
    Emitted when the unit, the team or the responsible workers of a case change.

    Key: the case. Needed by whoever puts duties before people: open promises and memos move with the case.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a case that has moved once."""
        return cls._example(version=2)


class CaseClosed(CaseFact):
    """
    Emitted when a case is recorded as closed; the day it ended may lie before the day of recording.

    Key: the case. Needed by quality: a month that was still running ends with the case, in a column of its own.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a case that ended in December."""
        return cls._example(version=3, closed_on=date(2026, 12, 11))


class CaseReopened(CaseFact):
    """
    Emitted when a closed case goes on, or was closed by mistake.

    Key: the case. Needed by quality: what ended with the case is judged again.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a case that goes on."""
        return cls._example(version=4)
