"""Booklets: links to the family's form, made ahead for a unit's half-month and handed out by chance."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, get_args
from uuid import UUID

from services.scheduling.commands.feedback import FormKind
from services.scheduling.domain.calendar import local_date
from services.scheduling.events import FeedbackBookletIssued, FeedbackRoundEnded

FORM_KINDS: Final[tuple[FormKind, ...]] = get_args(FormKind)
MOST_DECOYS: Final = 4
"""Of each kind: how many links at most are deleted with those that are handed out, so that counting tells nothing."""

_SECOND_HALF_BEGINS: Final = 16
_A_HALF_MONTH_AT_MOST: Final = timedelta(days=16)

# Longer than a transaction may last: what was handed out before the boundary is committed before the round is counted.
_ROUND_IS_COUNTED_AFTER: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Booklet:
    """Where links belong."""

    unit_id: UUID
    half_month: date
    kind: FormKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What was handed out in a half-month of a unit, as FeedbackRoundEnded tells it."""

    unit_id: UUID
    half_month: date
    meetings: int
    links: int
    largest_family: int


def half_month_at(instant: datetime) -> date:
    """Return the half-month of *instant*, named by its first day."""
    day = local_date(instant)
    return day.replace(day=1 if day.day < _SECOND_HALF_BEGINS else _SECOND_HALF_BEGINS)


def half_months_to_provide_for(now: datetime) -> list[date]:
    """Return this half-month and the next: links are known to feedback before the first meeting at which they serve."""
    this = half_month_at(now)
    following = this + _A_HALF_MONTH_AT_MOST
    second = this.replace(day=_SECOND_HALF_BEGINS)
    return [this, second if this < second else following.replace(day=1)]


def ended_before(now: datetime) -> date:
    """Return the half-month before which every round has ended and can be counted."""
    return half_month_at(now - _ROUND_IS_COUNTED_AFTER)


def enough_left(booklet_links: int) -> int:
    """Return how many links of a kind there should be at any time: when fewer are left, there is another booklet."""
    return booklet_links // 4


def issue(booklet: Booklet, tokens: Sequence[str], *, booklet_id: UUID) -> FeedbackBookletIssued:
    """Return the fact that these links now exist."""
    return FeedbackBookletIssued(
        unit_id=booklet.unit_id,
        version=1,
        booklet_id=booklet_id,
        half_month=booklet.half_month,
        kind=booklet.kind,
        digests=tuple(sorted(hashlib.sha256(token.encode()).hexdigest() for token in tokens)),
    )


def end(ended: Round) -> FeedbackRoundEnded:
    """Return the fact that a half-month has ended."""
    return FeedbackRoundEnded(
        unit_id=ended.unit_id,
        version=1,
        half_month=ended.half_month,
        meetings=ended.meetings,
        links=ended.links,
        largest_family=ended.largest_family,
    )
