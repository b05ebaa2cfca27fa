"""The facts that quality keeps: append-only, every version."""

from collections.abc import Collection, Iterable
from dataclasses import astuple
from typing import Any
from uuid import UUID

import asyncpg

from services.quality.domain.facts import Case, CaseFacts, Fact, FollowUp, Meeting, Memo
from services.quality.store.rows import Source
from shared.database import Transaction

_SAVE_FACTS = """
    INSERT INTO facts (case_id, kind, subject_id, version, recorded_at, unit_id, booked_from, held_from, began_on,
                       held_on, family_present, worker_present, is_remote, imported, closed_on)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    ON CONFLICT (case_id, kind, subject_id, version) DO NOTHING
"""

_LOAD_FACTS = """
    SELECT case_id, kind, subject_id, version, recorded_at, unit_id, booked_from, held_from, began_on, held_on,
           family_present, worker_present, is_remote, imported, closed_on
    FROM facts WHERE case_id = ANY ($1::uuid[])
"""

_SAVE_MEMOS = """
    INSERT INTO memos (case_id, meeting_id, version, recorded_at, is_expected, written_on, review_due_on, reviewed_on)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (case_id, meeting_id, version) DO NOTHING
"""

_LOAD_MEMOS = """
    SELECT case_id, meeting_id, version, recorded_at, is_expected, written_on, review_due_on, reviewed_on
    FROM memos WHERE case_id = ANY ($1::uuid[])
"""

# A promise may have been of another month, or another unit, before a correction: so every case of these units.
_CASES_OF_UNITS = """
    SELECT DISTINCT case_id FROM facts WHERE kind = 'meeting' AND held_on IS NOT NULL AND unit_id = ANY ($1::uuid[])
"""


async def forget(tx: Transaction) -> None:
    """Remove all facts, units and what is known of cases; promises, as last said, stay."""
    await tx.execute("DELETE FROM facts")
    await tx.execute("DELETE FROM memos")
    await tx.execute("DELETE FROM units")
    await tx.execute(
        "UPDATE cases SET context_sequence = 0, disturbed_since = NULL, memos_disturbed_since = NULL, "
        "look_again_at = NULL, memos_look_again_at = NULL"
    )


async def save_facts(tx: Transaction, facts: Iterable[tuple[UUID, Fact]]) -> None:
    """Keep facts with their case; a version that is there already stays as it is."""
    of_meetings: list[tuple[Any, ...]] = []
    of_memos: list[tuple[Any, ...]] = []
    for case_id, fact in facts:
        if isinstance(fact, Memo):
            of_memos.append((case_id, *astuple(fact)))
        else:
            of_meetings.append((case_id, *_columns_of(fact)))
    await tx.executemany(_SAVE_FACTS, of_meetings)
    if of_memos:
        await tx.executemany(_SAVE_MEMOS, of_memos)


async def load_facts(source: Source, case_ids: Collection[UUID]) -> dict[UUID, CaseFacts]:
    """Return all facts of each of *case_ids*."""
    facts: dict[UUID, list[Fact]] = {case_id: [] for case_id in case_ids}
    for row in await source.fetch(_LOAD_FACTS, list(case_ids)):
        facts[row["case_id"]].append(_fact_of(row))
    for row in await source.fetch(_LOAD_MEMOS, list(case_ids)):
        case_id, *of_memo = row
        facts[case_id].append(Memo(*of_memo))
    return {case_id: CaseFacts.of(of_case) for case_id, of_case in facts.items()}


async def list_cases_of_units(source: Source, units: frozenset[UUID]) -> list[UUID]:
    """Return every case that ever had a Heijastin held in one of *units*."""
    return [row["case_id"] for row in await source.fetch(_CASES_OF_UNITS, units)]


def _columns_of(fact: Meeting | FollowUp | Case) -> tuple[Any, ...]:
    head = (fact.subject_id, fact.version, fact.recorded_at)
    match fact:
        case Meeting():
            times = (fact.unit_id, fact.booked_from, fact.held_from, fact.began_on, fact.held_on)
            return "meeting", *head, *times, False, False, False, fact.imported, None
        case FollowUp():
            times = (None, fact.booked_from, fact.held_from, None, fact.held_on)
            flags = (fact.family_present, fact.worker_present, fact.is_remote, fact.imported)
            return "follow_up", *head, *times, *flags, None
        case Case():
            return "case", *head, None, None, None, None, None, False, False, False, False, fact.closed_on


def _fact_of(row: asyncpg.Record) -> Fact:
    (_, kind, subject_id, version, recorded_at, unit_id, booked_from, held_from, began_on, held_on,
     family_present, worker_present, is_remote, imported, closed_on) = row  # fmt: skip
    match kind:
        case "meeting":
            return Meeting(
                subject_id, version, recorded_at, unit_id, booked_from, held_from, began_on, held_on, imported
            )
        case "follow_up":
            return FollowUp(
                subject_id,
                version,
                recorded_at,
                booked_from,
                held_from,
                held_on,
                family_present,
                worker_present,
                is_remote,
                imported,
            )
        case _:
            return Case(subject_id, version, recorded_at, closed_on)
