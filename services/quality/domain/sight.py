"""
What can be seen of a case from some of its facts: what stands, what it opens, and who was met when.

Made once for a set of facts and asked by the judge and the warnings; nothing here depends on what time it is.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from services.quality.domain.calendar import end_of, working_day_on_or_after
from services.quality.domain.facts import Case, CaseFacts
from services.quality.domain.policies import Encounter, Opening, Policy
from services.quality.domain.units import HolidayPolicy, Rule, Unit

UnitOf = Callable[[UUID], Unit]
_ByWhom = dict[UUID | None, list[Encounter]]
"""Encounters in their order, by the subject that they are about; None: all."""


class Term(NamedTuple):
    """The rule that an anchor's date chose and what follows: both due days, and the midnight that ends the second."""

    rule: Rule
    strict_due_on: date
    due_on: date
    expires_at: datetime


@dataclass(slots=True)
class Sight:
    """
    Some facts of a case under one policy.

    `openings` are by subject those that stand, or stood last; `standing_subjects` those whose opening stands.
    """

    policy: Policy
    known: CaseFacts
    unit_of: UnitOf
    standing: CaseFacts
    openings: dict[UUID, Opening]
    standing_subjects: frozenset[UUID]
    _encounters: dict[Rule, "_ByWhom"] = field(default_factory=dict[Rule, "_ByWhom"])
    _records: dict[Rule, dict[tuple[UUID, date], datetime]] = field(
        default_factory=dict[Rule, dict[tuple[UUID, date], datetime]]
    )

    @classmethod
    def of(cls, policy: Policy, known: CaseFacts, unit_of: UnitOf) -> "Sight":
        """Look at the facts *known*."""
        standing = known.standing()
        return cls(
            policy,
            known,
            unit_of,
            standing,
            _openings(policy, known),
            frozenset(opening.subject_id for opening in policy.opens(standing)),
        )

    @property
    def case(self) -> Case | None:
        """The case itself as it stands, where the policy sees it."""
        return self.standing.cases[0] if self.standing.cases else None

    def of_those_recorded_before(self, instant: datetime) -> "Sight":
        """Return what was to be seen at *instant*."""
        known = self.known.before(instant)
        return self if known is self.known else Sight.of(self.policy, known, self.unit_of)

    def bearing_on(self, subject_id: UUID) -> "Sight":
        """Return what can be seen from the facts that ever bore on whether the promise of *subject_id* is in breach."""
        versions = [opening for opening in self.policy.opens(self.known) if opening.subject_id == subject_id]
        known = self.known.bearing_on(
            subject_id,
            first=min(opening.anchor_on for opening in versions),
            last=max(self.term_of(opening).due_on for opening in versions),
        )
        return Sight.of(self.policy, known, self.unit_of)

    def term_of(self, opening: Opening) -> Term:
        """Return when the promise of *opening* is due, by the rule that its anchor's date chooses."""
        rule = self.policy.rule_of(self.unit_of(opening.unit_id), opening.anchor_on)
        return Term(rule, opening.due_on, *_end(opening.due_on, rule.holiday_policy))

    def met(self, opening: Opening, term: Term) -> Encounter | None:
        """
        Return the first encounter that follows *opening* and is about it or about all, in time or not.

        On the anchor's own day that is one which began after the opening did; the same instant does not count.
        """
        by_whom = self._encounters.get(term.rule)
        if by_whom is None:
            by_whom = self._encounters[term.rule] = self._in_order(term.rule)
        ours = [by_whom[about] for about in (None, opening.subject_id) if about in by_whom]
        firsts = [first for encounters in ours if (first := _first_after(opening, encounters)) is not None]
        return min(firsts, key=_place, default=None)

    def _in_order(self, rule: Rule) -> "_ByWhom":
        by_whom: _ByWhom = {}
        for each in sorted(self.policy.keeps(self.standing, rule), key=_place):
            by_whom.setdefault(each.about, []).append(each)
        return by_whom

    def first_recorded(self, met: Encounter, rule: Rule) -> datetime:
        """Return when an encounter was first said to have been on its day, however often it was corrected since."""
        records = self._records.get(rule)
        if records is None:
            records = self._records[rule] = {}
            for each in self.policy.keeps(self.known, rule):
                key = (each.subject_id, each.on)
                records[key] = min(each.recorded_at, records.get(key, each.recorded_at))
        return records[met.subject_id, met.on]


def _first_after(opening: Opening, encounters: Sequence[Encounter]) -> Encounter | None:
    place = bisect_right(encounters, opening.after, key=lambda each: (each.on, each.at))
    return encounters[place] if place < len(encounters) else None


def _place(encounter: Encounter) -> tuple[date, datetime, UUID]:
    return encounter.on, encounter.at, encounter.subject_id


@lru_cache(maxsize=8192)
def _end(strict_due_on: date, holiday_policy: HolidayPolicy) -> tuple[date, datetime]:
    due_on = strict_due_on if holiday_policy == "strict" else working_day_on_or_after(strict_due_on)
    return due_on, end_of(due_on)


def _openings(policy: Policy, known: CaseFacts) -> dict[UUID, Opening]:
    """Return by subject the opening that stands, or stood last; recorded when its subject first opened anything."""
    openings: dict[UUID, Opening] = {}
    for opening in policy.opens(known):
        other = openings.get(opening.subject_id)
        openings[opening.subject_id] = opening if other is None else opening.joined_with(other)
    return openings
