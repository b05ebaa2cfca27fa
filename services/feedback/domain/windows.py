"""
Windows: which answers are told of together, and when.

A unit has one open window at a time. At a half-month's boundary it closes if enough have answered, else it goes on to
the next boundary, which is told if anybody was asked. What counts as enough is reckoned over every half-month whose
links could be answered while the window was open: its own, and the one before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from services.feedback.domain import half_months
from services.feedback.domain.questionnaire import CURRENT
from services.feedback.domain.summary import Marks, summarise
from services.feedback.events import FeedbackSummarised, FeedbackWindowHeldBack

LEAST_MEETINGS: Final = 2
LEAST_ANSWERS: Final = 5


@dataclass(frozen=True, slots=True)
class Counts:
    """
    What was handed out in a half-month of a unit.

    `meetings` are of different families, without those that got links in the half-month before as well;
    `largest_family` is the most links that one family got in both: nobody can have answered more often than that.
    """

    meetings: int
    links: int
    largest_family: int


Rounds = Mapping[date, Counts | None]
"""The half-months of a unit; None has not ended, as far as we have heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """
    An open window.

    `decided_until` is the boundary at which it was last carried on, `from_on` before the first; `version` counts what
    was told of it. `latest_half_month` is the latest to which a link belonged that was used in it.
    """

    window_id: UUID
    unit_id: UUID
    version: int
    from_on: date
    decided_until: date
    latest_half_month: date
    answers: tuple[Marks, ...]


def waits_for(window: Window, rounds: Rounds, *, boundary: date) -> bool:
    """Tell whether the window must wait before *boundary* decides on it: the counts of a half-month are missing."""
    return any(counts is None for half_month, counts in rounds.items() if _counts_for(window, half_month, boundary))


def decide(window: Window, rounds: Rounds, *, boundary: date) -> tuple[Window, FeedbackSummarised | None]:
    """
    Return the window as it is carried on from *boundary*, and its summary if it closes there instead.

    If links of the half-month after *boundary* were used before it could be decided, it is carried on: what was handed
    out in that half-month has not been counted.
    """
    silent = replace(window, decided_until=boundary)
    decided = replace(silent, version=window.version + 1)
    counted = {
        half_month: counts
        for half_month, counts in rounds.items()
        if counts and _counts_for(window, half_month, boundary)
    }
    least = _least_answers(list(counted.values()))
    if least is None or len(window.answers) < least or window.latest_half_month >= boundary:
        return decided if anybody_was_asked(decided, rounds) else silent, None
    return decided, FeedbackSummarised(
        window_id=decided.window_id,
        version=decided.version,
        unit_id=decided.unit_id,
        from_on=decided.from_on,
        until_on=boundary,
        questionnaire_version=CURRENT.version,
        answers=len(decided.answers),
        links=sum(counts.links for half_month, counts in counted.items() if _is_of(decided, half_month)),
        items=summarise(decided.answers, least=least),
    )


def anybody_was_asked(window: Window, rounds: Rounds) -> bool:
    """
    Tell whether a link was handed out in the window's half-months, as far as it was decided on.

    If not, nothing is told of a window that is carried on. That there are late answers in it must not show, so they do
    not count.
    """
    return any(counts.meetings for half_month, counts in rounds.items() if counts and _is_of(window, half_month))


def held_back(window: Window) -> FeedbackWindowHeldBack:
    """Return what is said of a window that was carried on."""
    return FeedbackWindowHeldBack(
        window_id=window.window_id,
        version=window.version,
        unit_id=window.unit_id,
        from_on=window.from_on,
        until_on=window.decided_until,
    )


def expired_before(boundary: date) -> date:
    """Return the half-month before which links have run out at *boundary*: each lives in its own and in the next."""
    return half_months.before(boundary)


def _is_of(window: Window, half_month: date) -> bool:
    return window.from_on <= half_month < window.decided_until


def _counts_for(window: Window, half_month: date, boundary: date) -> bool:
    return half_months.before(window.from_on) <= half_month < boundary


def _least_answers(rounds: Sequence[Counts]) -> int | None:
    """Return how many answers are enough; None when only one family, or none, can have given them."""
    if sum(counts.meetings for counts in rounds) < LEAST_MEETINGS:
        return None
    return max(LEAST_ANSWERS, max(counts.largest_family for counts in rounds) + 1)
