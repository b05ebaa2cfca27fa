"""What feedback tells the others: of windows, in figures of a whole unit. Never what one person said."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events import Event

_EXAMPLE_UNIT_ID = UUID("0d6f5a52-8a3c-4f5e-8d13-2f4b9c7e1a01")
_EXAMPLE_WINDOW_ID = UUID("7c1e9a44-2b7d-4d0a-8f6e-5a3b1c9d7e21")


class ItemFigures(BaseModel):
    """
    How one item was answered: 5 is full agreement; 4 and 5 are what a unit aims at.

    All None: too few gave a mark for any figure. `answers` and `distribution` (how many gave 1, 2, 3, 4, 5) only from
    ten marks. `mean` is to one decimal, `percent_4_to_5` to a whole percent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: Literal[
        "informed_beforehand", "informed_and_supported", "heard", "easy_to_tell", "knows_next_meeting", "useful"
    ]
    mean: float | None = None
    percent_4_to_5: int | None = None
    answers: int | None = None
    distribution: Annotated[tuple[int, ...], Field(min_length=5, max_length=5)] | None = None


class WindowFact(Event, topic="heijastin.feedback.results.v1", abstract=True):
    """
    A window of a unit: the half-months from `from_on` until `until_on`, the first day after it. Key: the unit.

    Windows of a unit do not overlap, so no two of them can be subtracted from each other.
    """

    window_id: UUID
    version: int
    unit_id: UUID
    from_on: date
    until_on: date

    def stream_key(self) -> str:
        """Order is kept per unit."""
        return str(self.unit_id)

    def subject(self) -> str:
        """Return the window."""
        return f"feedback_window/{self.window_id}"

    def subject_version(self) -> int:
        """Count what was told of the window; answers are not counted."""
        return self.version


class FeedbackSummarised(WindowFact):
    """
    Emitted when a window closes: enough families and enough people have answered for figures that point at nobody.

    Key: the unit. Needed by whoever follows how families find the meetings. `links` is how many were handed out in the
    half-months of the window; some were answered in the next one, so it is no exact base for a rate.
    """

    questionnaire_version: int
    answers: int
    links: int
    items: tuple[ItemFigures, ...]

    @classmethod
    def example(cls) -> Self:
        """Return a window of eleven answers; one item has fewer than ten marks, one hardly any."""
        full = {"mean": 4.4, "percent_4_to_5": 82, "answers": 11, "distribution": (0, 1, 1, 2, 7)}
        return cls(
            window_id=_EXAMPLE_WINDOW_ID,
            version=2,
            unit_id=_EXAMPLE_UNIT_ID,
            from_on=date(2026, 11, 1),
            until_on=date(2026, 12, 1),
            questionnaire_version=1,
            answers=11,
            links=26,
            items=(
                ItemFigures.model_validate({"item": "informed_beforehand", **full}),
                ItemFigures.model_validate({"item": "informed_and_supported", **full}),
                ItemFigures.model_validate({"item": "heard", **full}),
                ItemFigures.model_validate({"item": "easy_to_tell", **full}),
                ItemFigures(item="knows_next_meeting", mean=3.9, percent_4_to_5=71),
                ItemFigures(item="useful"),
            ),
        )


class FeedbackWindowHeldBack(WindowFact):
    """
    Emitted at the end of a half-month when too few have answered for figures: the window goes on. It says no number.

    Key: the unit. Needed by whoever waits for the figures, to know that none are missing. Nothing is said of a window
    in whose half-months no family was asked.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a window that goes on after its first half-month."""
        return cls(
            window_id=_EXAMPLE_WINDOW_ID,
            version=1,
            unit_id=_EXAMPLE_UNIT_ID,
            from_on=date(2026, 11, 1),
            until_on=date(2026, 11, 16),
        )
