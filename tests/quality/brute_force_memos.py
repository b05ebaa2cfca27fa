"""
The naive judge of the memo's two promises, written apart from the engine, and what it would warn of.

`recorded`: three days on which people work after the Heijastin, counted one by one. `reviewed`: the day promised to the
family. It looks at every fact for every question, and knows the holidays of the spring of 2027 only.
"""

from datetime import date, datetime, time
from typing import Literal
from uuid import UUID

from services.quality.domain.facts import CaseFacts, Fact, Meeting, Memo
from tests.quality.brute_force import Verdict
from tests.quality.naive_days import DAY, MOMENT, ZONE, at_work, day_of, is_working, midnight

Kind = Literal["recorded", "reviewed"]


def verdicts(facts: CaseFacts, until: datetime, kind: Kind) -> dict[UUID, Verdict]:
    """Return a verdict for every memo that was ever promised, by what had been recorded before *until*."""
    known = [fact for fact in facts if fact.recorded_at < until]
    subjects = {memo.subject_id for memo in known if isinstance(memo, Memo)}
    return {
        subject: _verdict(known, subject, until, kind) for subject in subjects if _look(known, subject, until, kind)
    }


def speaking(facts: CaseFacts, meeting_id: UUID, until: datetime, kind: Kind) -> str | None:
    """Return the gravest rung that *facts* make speak at *until*, whenever they were recorded; None: all is quiet."""
    everything = list(facts)
    now = _look(everything, meeting_id, until, kind)
    if now is None or now[0] != "open":
        return None
    _, anchor, due, _ = now
    turns = sorted({fact.recorded_at for fact in everything})
    silent_until = turns[0]
    for turn in turns:
        before_expiry = min(turn, midnight(due))
        then = _look([fact for fact in everything if fact.recorded_at <= turn], meeting_id, before_expiry, kind)
        if then is None or then[0] != "open" or then[2] != due:
            silent_until = turns[turns.index(turn) + 1]
    first = min(
        turn for turn in turns if _look([f for f in everything if f.recorded_at <= turn], meeting_id, turn, kind)
    )
    speaks = None
    for rung, days in (("1_days_before", 1), ("due_today", 0)):
        at = datetime.combine(_back_to_work(_back_to_work(due) - days * DAY), time(8), ZONE)
        if (day_of(first) - anchor).days > 7 and at <= first:
            continue
        since = at_work(max(at, silent_until))
        if since < until and since <= midnight(due + DAY):
            speaks = rung
    return speaks


def _verdict(known: list[Fact], meeting_id: UUID, until: datetime, kind: Kind) -> Verdict:
    looked = _look(known, meeting_id, until, kind)
    assert looked
    status, anchor, due, met = looked

    def status_after(instant: datetime) -> str:
        then = _look([fact for fact in known if fact.recorded_at <= instant], meeting_id, instant + MOMENT, kind)
        return then[0] if then else "never heard of"

    late = status == "kept" and status_after(midnight(due + DAY)) != "kept"
    since = None
    if status in {"lapsed", "kept_late"}:
        days = {_due(known, meeting_id, fact, kind) for fact in known}
        turns = {midnight(day + DAY) for day in days if day} | {fact.recorded_at for fact in known}
        for turn in sorted(turn for turn in turns if turn < until):
            if status_after(turn) not in {"lapsed", "kept_late"}:
                since = None
            elif since is None:
                since = turn
    return Verdict(status, anchor, due, met, late, since)


def _look(
    known: list[Fact], meeting_id: UUID, until: datetime, kind: Kind
) -> tuple[str, date, date, date | None] | None:
    """Return status, anchor, due day and the day on which it was done; None if nothing was ever promised."""
    meetings = [fact for fact in known if isinstance(fact, Meeting) and fact.subject_id == meeting_id]
    memos = [fact for fact in known if isinstance(fact, Memo) and fact.subject_id == meeting_id]
    held = [meeting for meeting in meetings if meeting.held_on]
    asked = [memo for memo in memos if (memo.is_expected if kind == "recorded" else memo.review_due_on)]
    if not held or not asked:
        return None
    last_held, last_asked = max(held, key=_version), max(asked, key=_version)
    due = _due(known, meeting_id, last_held if kind == "recorded" else last_asked, kind)
    assert due
    assert last_held.held_on
    anchor = last_held.held_on if kind == "recorded" else day_of(min(memo.recorded_at for memo in asked))
    memo = max(memos, key=_version)
    if max(meetings, key=_version) is not last_held or memo is not last_asked:
        return "void", anchor, due, None
    done = memo.written_on if kind == "recorded" else memo.reviewed_on
    if done is not None and done <= due:
        return "kept", anchor, due, done
    if midnight(due + DAY) >= until:
        return "open", anchor, due, None
    return ("lapsed" if done is None else "kept_late"), anchor, due, done


def _due(known: list[Fact], meeting_id: UUID, fact: Fact, kind: Kind) -> date | None:
    """Return the due day that one fact gives, if it gives one."""
    assert fact in known
    if fact.subject_id != meeting_id:
        return None
    if kind == "reviewed":
        return fact.review_due_on if isinstance(fact, Memo) else None
    if not isinstance(fact, Meeting) or fact.held_on is None:
        return None
    day, worked = fact.held_on, 0
    while worked < 3:
        day += DAY
        worked += 1 if is_working(day) else 0
    return day


def _version(fact: Fact) -> int:
    return fact.version


def _back_to_work(day: date) -> date:
    while not is_working(day):
        day -= DAY
    return day
