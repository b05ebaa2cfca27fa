"""
A second judge, written apart from the first: slow, naive, straight from the promise's page, sharing no rule with it.

It counts days one by one, looks at every fact for every question, and finds out when a breach came into force by asking
at every instant at which anything could have changed.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.quality.domain.facts import CaseFacts, Meeting
from tests.quality.naive_days import DAY, MOMENT, day_of, midnight


@dataclass(frozen=True)
class Verdict:
    """What the naive judge says of one promise."""

    status: str
    anchor_on: date
    due_on: date
    met_on: date | None
    recorded_late: bool
    in_breach_since: datetime | None


def verdicts(facts: CaseFacts, until: datetime, *, remote_counts: bool = False) -> dict[UUID, Verdict]:
    """Return a verdict for every meeting that was ever said to be held, by what had been recorded before *until*."""
    known = [fact for fact in facts.meetings if fact.recorded_at < until]
    return {
        meeting_id: _verdict(facts, meeting_id, until, remote_counts=remote_counts)
        for meeting_id in {meeting.subject_id for meeting in known if meeting.held_on}
    }


def _verdict(facts: CaseFacts, meeting_id: UUID, until: datetime, *, remote_counts: bool) -> Verdict:
    facts = CaseFacts.of(fact for fact in facts if fact.recorded_at < until)
    status, anchor, due, met = _look(facts, meeting_id, until, remote_counts=remote_counts)

    def known_after(instant: datetime) -> str:
        return _status(facts, meeting_id, instant + MOMENT, remote_counts=remote_counts)

    late, since = False, None
    if status == "kept":
        late = known_after(midnight(due + DAY)) != "kept"
    if status == "ended_with_case":
        late = known_after(midnight(due + DAY)) not in {"kept", "ended_with_case"}
    if status in {"lapsed", "kept_late"}:
        expiries = {midnight(_month_after(m.held_on) + DAY) for m in facts.meetings if m.held_on}
        for turn in sorted({turn for turn in (*expiries, *(fact.recorded_at for fact in facts)) if turn < until}):
            if known_after(turn) not in {"lapsed", "kept_late"}:
                since = None
            elif since is None:
                since = turn
    return Verdict(status, anchor, due, met, late, since)


def _status(facts: CaseFacts, meeting_id: UUID, until: datetime, *, remote_counts: bool) -> str:
    if not any(m.subject_id == meeting_id and m.held_on and m.recorded_at < until for m in facts.meetings):
        return "never heard of"
    return _look(facts, meeting_id, until, remote_counts=remote_counts)[0]


def _look(  # noqa: C901 - one page, read from top to bottom
    facts: CaseFacts, meeting_id: UUID, until: datetime, *, remote_counts: bool
) -> tuple[str, date, date, date | None]:
    versions = [m for m in facts.meetings if m.subject_id == meeting_id and m.recorded_at < until]
    newest = max(versions, key=lambda m: m.version)
    meeting = max((m for m in versions if m.held_on), key=lambda m: m.version)
    assert meeting.held_on
    assert meeting.held_from
    due = _month_after(meeting.held_on)
    if newest.held_on is None:
        return "void", meeting.held_on, due, None

    days: list[date] = []
    for follow_up in facts.follow_ups:
        others = [f for f in facts.follow_ups if f.subject_id == follow_up.subject_id and f.recorded_at < until]
        if follow_up not in others or any(other.version > follow_up.version for other in others):
            continue
        counts = follow_up.family_present and follow_up.worker_present and (remote_counts or not follow_up.is_remote)
        if follow_up.held_from and follow_up.held_on and counts and _after(follow_up.held_from, meeting):
            days.append(follow_up.held_on)
    for other_meeting in facts.meetings:
        others = [m for m in facts.meetings if m.subject_id == other_meeting.subject_id and m.recorded_at < until]
        if other_meeting not in others or any(m.version > other_meeting.version for m in others):
            continue
        if other_meeting.held_from and _after(other_meeting.held_from, meeting):
            days.append(day_of(other_meeting.held_from))

    met = min(days, default=None)
    if met is not None and met <= due:
        return "kept", meeting.held_on, due, met
    cases = [case for case in facts.cases if case.recorded_at < until]
    if cases:
        closed_on = max(cases, key=lambda case: case.version).closed_on
        if closed_on and meeting.held_on <= closed_on <= due:
            return "ended_with_case", meeting.held_on, due, None
    if not midnight(due + DAY) < until:
        return "open", meeting.held_on, due, None
    return ("lapsed" if met is None else "kept_late"), meeting.held_on, due, met


def _after(instant: datetime, meeting: Meeting) -> bool:
    """On a later day than the anchor, or on that day but begun later than the meeting began."""
    assert meeting.held_on
    assert meeting.held_from
    if day_of(instant) != meeting.held_on:
        return day_of(instant) > meeting.held_on
    return instant > meeting.held_from


def _month_after(day: date) -> date:
    """Walk on until the day number comes round, or the month after is over."""
    walked = day
    while walked.month == day.month:
        walked += DAY
    month = walked.month
    while walked.day != day.day and (walked + DAY).month == month:
        walked += DAY
    return walked
