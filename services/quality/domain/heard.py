"""From what others say to the facts we keep; and which of it contradicts itself."""

from datetime import datetime, timedelta
from typing import assert_never

from services.quality.consumed import CaseStated, FollowUpStated, MeetingStated, MemoStated, Stated, UnitConfigured
from services.quality.domain.calendar import last_day, local_date
from services.quality.domain.facts import Case, Fact, FollowUp, Meeting, Memo
from services.quality.domain.units import OFFICE_HOURS, Hours, Rule, Unit

CLOCKS_MAY_DIFFER = timedelta(minutes=5)

DATE_CONTRADICTS_INSTANT = "date_contradicts_instant"
IN_THE_FUTURE = "in_the_future"
TIMES_MISSING = "times_missing"


def contradiction(said: Stated, *, now: datetime) -> str | None:
    """
    Return the coded reason why what was *said* cannot be so, or None.

    *now* is the reader's business time: what is said to have ended later than a few minutes after it is refused.
    """
    if isinstance(said, CaseStated):
        is_ahead = said.closed_on is not None and said.closed_on > local_date(now + CLOCKS_MAY_DIFFER)
        return IN_THE_FUTURE if is_ahead else None
    if isinstance(said, MemoStated):
        today = local_date(now + CLOCKS_MAY_DIFFER)
        is_ahead = any(day is not None and day > today for day in (said.recorded_on, said.reviewed_on))
        return IN_THE_FUTURE if is_ahead else None
    if not said.held:
        return None
    if said.held_from is None or said.held_until is None or said.held_on is None:
        return TIMES_MISSING
    if max(said.held_from, said.held_until) > now + CLOCKS_MAY_DIFFER:
        return IN_THE_FUTURE
    day = last_day(said.held_until) if isinstance(said, MeetingStated) else local_date(said.held_from)
    return None if day == said.held_on else DATE_CONTRADICTS_INSTANT


def fact_of(said: Stated, *, recorded_at: datetime) -> Fact:
    """Return the fact to keep of what was *said*."""
    match said:
        case MeetingStated():
            return Meeting(
                subject_id=said.meeting_id,
                version=said.version,
                recorded_at=recorded_at,
                unit_id=said.held_in_unit_id or said.unit_id,
                booked_from=said.planned_from if said.status == "scheduled" else None,
                held_from=said.held_from if said.held else None,
                began_on=local_date(said.held_from) if said.held and said.held_from else None,
                held_on=said.held_on if said.held else None,
                imported=said.imported,
            )
        case FollowUpStated():
            return FollowUp(
                subject_id=said.follow_up_id,
                version=said.version,
                recorded_at=recorded_at,
                booked_from=said.booked_from if said.status == "booked" else None,
                held_from=said.held_from if said.held else None,
                held_on=said.held_on if said.held else None,
                family_present=said.family_present,
                worker_present=said.worker_present,
                is_remote=said.mode == "remote",
                imported=said.imported,
            )
        case CaseStated():
            return Case(said.case_id, said.version, recorded_at, said.closed_on)
        case MemoStated():
            return Memo(
                subject_id=said.meeting_id,
                version=said.version,
                recorded_at=recorded_at,
                is_expected=said.expected,
                written_on=said.recorded_on,
                review_due_on=said.review_due_on,
                reviewed_on=said.reviewed_on,
            )
        case _:
            assert_never(said)


def unit_of(said: UnitConfigured) -> Unit:
    """
    Return the unit.

    One that names no hours from Monday to Friday works office hours, so that a warning finds a time.
    """
    by_weekday = {hours.weekday: (hours.opens, hours.closes) for hours in said.hours}
    is_open = any(weekday in by_weekday for weekday in range(1, 6))
    hours: Hours = tuple(by_weekday.get(weekday) for weekday in range(1, 8))
    return Unit(
        hours=hours if is_open else OFFICE_HOURS,
        closing_days=frozenset(said.closing_days),
        rules=(
            Rule(None, said.holiday_policy, said.remote_counts),
            *(Rule(rule.valid_from, rule.holiday_policy, rule.remote_counts) for rule in said.rule_versions),
        ),
    )
