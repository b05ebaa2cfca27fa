"""
A second opinion on warnings, written apart from the first: which rung speaks, found by asking instant by instant.

It knows office hours and the spring of 2027 only, and takes a promise's status and dates from the naive judge.
"""

from datetime import date, datetime, time
from uuid import UUID

from services.quality.domain.facts import CaseFacts, Fact, FollowUp, Meeting
from tests.quality.brute_force import verdicts
from tests.quality.naive_days import DAY, MOMENT, ZONE, at_work, day_of, is_working, midnight

_LONG_AGO = datetime(2000, 1, 1, tzinfo=ZONE)


def speaking(facts: CaseFacts, meeting_id: UUID, until: datetime) -> str | None:
    """Return the gravest rung that *facts* make speak at *until*, whenever they were recorded; None: all is quiet."""
    everything = list(facts)
    if not _is_open(everything, meeting_id, until):
        return None
    now = verdicts(facts, _after(everything))[meeting_id]
    label, label_since, exposed_since = _exposure(everything, meeting_id, now.due_on)
    if label is None:
        return None
    ladder = [(label, label_since), *_rungs(now.due_on)]
    first_recorded = min(m.recorded_at for m in facts.meetings if m.subject_id == meeting_id and m.held_on)
    if (day_of(first_recorded) - now.anchor_on).days > 7:
        ladder = [(rung, at) for rung, at in ladder if at > first_recorded]
    speaks = None
    for rung, at in ladder:
        since = at_work(max(at, exposed_since))
        if since < until and since <= midnight(now.due_on + DAY):
            speaks = rung
    return speaks


def _exposure(everything: list[Fact], meeting_id: UUID, due: date) -> tuple[str | None, datetime, datetime]:
    """Walk over all turns; return what is wrong with the bookings in the end, since when, and since when anything."""
    turns = {fact.recorded_at for fact in everything} | {midnight(day_of(at) + DAY) for at in _booked(everything)}
    label, label_since, exposed_since = None, _LONG_AGO, _LONG_AGO
    for turn in sorted(turns):
        label_then = _label([fact for fact in everything if fact.recorded_at <= turn], meeting_id, turn, due)
        if label is None:
            exposed_since = turn
        if label_then != label:
            label_since = turn
        label = label_then
    return label, label_since, exposed_since


def _rungs(due: date) -> list[tuple[str, datetime]]:
    """Count back from the last working day; the due day is the strict one in all of these histories."""
    last = due
    while not is_working(last):
        last -= DAY
    rungs: list[tuple[str, datetime]] = []
    for days in (7, 3, 1):
        day = last - days * DAY
        while not is_working(day):
            day -= DAY
        rungs.append((f"{days}_days_before", datetime.combine(day, time(8), ZONE)))
    return rungs


def _label(known: list[Fact], meeting_id: UUID, turn: datetime, due: date) -> str | None:
    """Return what is wrong with the bookings just after *turn*; None if nothing, or if the promise is not open."""
    if not _is_open(known, meeting_id, _LONG_AGO):
        return None
    verdict = verdicts(CaseFacts.of(known), _after(known))[meeting_id]
    if verdict.due_on != due:
        return None
    versions = [fact for fact in known if isinstance(fact, Meeting) and fact.subject_id == meeting_id]
    meeting = max((fact for fact in versions if fact.held_on), key=lambda fact: fact.version)
    assert meeting.held_from
    days = [
        day_of(at)
        for at in _booked(_standing(known))
        if day_of(at) > verdict.anchor_on or (day_of(at) == verdict.anchor_on and at > meeting.held_from)
    ]
    if any(day <= due and midnight(day + DAY) > turn for day in days):
        return None
    return "booked_too_late" if any(day > due for day in days) else "nothing_booked"


def _is_open(known: list[Fact], meeting_id: UUID, until: datetime) -> bool:
    """Tell whether the promise is neither settled nor, at *until*, expired by the facts *known*."""
    verdict = verdicts(CaseFacts.of(known), _after(known)).get(meeting_id)
    if verdict is None or verdict.status in {"kept", "ended_with_case", "void"}:
        return False
    return midnight(verdict.due_on + DAY) >= until


def _after(known: list[Fact]) -> datetime:
    return max((fact.recorded_at for fact in known), default=_LONG_AGO) + MOMENT


def _standing(known: list[Fact]) -> list[Fact]:
    return [
        fact for fact in known if not any(o.subject_id == fact.subject_id and o.version > fact.version for o in known)
    ]


def _booked(known: list[Fact]) -> list[datetime]:
    return [f.booked_from for f in known if isinstance(f, Meeting | FollowUp) and f.booked_from]
