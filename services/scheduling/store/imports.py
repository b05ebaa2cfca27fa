"""What came from other systems: their names for it beside ours."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from services.scheduling.domain.cases import Case
from services.scheduling.domain.follow_ups import FollowUp
from services.scheduling.domain.imports import Imported, Key, Kind, Known, Outcome, RowOfAnotherCase
from services.scheduling.domain.meetings import Meeting
from services.scheduling.store.cases import case_of, lock_case
from services.scheduling.store.relations import sees
from services.scheduling.store.rows import Source, Units, told_by_the_rule, upsert_all
from shared.database import Transaction
from shared.sight import Sight

_CASES = TypeAdapter(Sequence[Case])
_MEETINGS = TypeAdapter(Sequence[Meeting])
_FOLLOW_UPS = TypeAdapter(Sequence[FollowUp])
_IMPORTED = TypeAdapter(Sequence[Imported])
# In one statement, whose references to each other are looked at when all of it is done: a case costs few round trips.
_SAVE = f"""
    WITH saved_cases AS ({upsert_all("cases", Case, key="case_id", rows="$1")}),
         saved_meetings AS ({upsert_all("meetings", Meeting, key="meeting_id", rows="$2")}),
         saved_follow_ups AS ({upsert_all("follow_ups", FollowUp, key="follow_up_id", rows="$3")})
    {upsert_all("imported", Imported, key="source, kind, reference", rows="$4")}
    WHERE imported.case_id = excluded.case_id
"""
_FIND = """
    SELECT imported.* FROM imported JOIN unnest($2::text[], $3::text[]) AS sought (kind, reference)
        USING (kind, reference)
    WHERE source = $1
"""
_KNOWN_MEETINGS = """
    SELECT * FROM meetings
    WHERE meeting_id = ANY ($1) OR (case_id = $2 AND status IN ('scheduled', 'deferred'))
"""
_KNOWN_FOLLOW_UPS = """
    SELECT * FROM follow_ups WHERE follow_up_id = ANY ($1) OR (case_id = $2 AND status = 'booked')
"""
_LIST = """
    SELECT imported.*, of_case.reference AS case_reference, unit_id, team_id, responsible_worker_ids
    FROM imported
    JOIN imported AS of_case ON of_case.id = imported.case_id AND of_case.source = imported.source
    JOIN cases ON cases.case_id = imported.case_id
    WHERE imported.source = $1 AND imported.began_on >= $2 AND imported.began_on < $3 AND cases.unit_id = ANY ($4)
      AND ($5::uuid IS NULL OR (imported.case_id, imported.id) > ($5, $6))
    ORDER BY imported.case_id, imported.id LIMIT $7
"""


class ImportedRow(NamedTuple):
    """A row that the source has as held: what it and its case are called there, its local day, and whose it is here."""

    id: UUID
    kind: Kind
    reference: str
    case_reference: str
    began_on: date
    case_id: UUID
    unit_id: UUID
    team_id: UUID
    responsible_worker_ids: Sequence[UUID]


async def lock_reference(tx: Transaction, source: str, reference: str) -> None:
    """Let one import at a time take over what a source calls by this reference, also before there is a row of it."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0))", source, reference)


async def find_imported(source: Source, of: str, keys: Sequence[Key]) -> Mapping[Key, Imported]:
    """Return those of *keys* that came from the system called *of* before."""
    rows = await source.fetch(_FIND, of, [kind for kind, _ in keys], [reference for _, reference in keys])
    return {(row["kind"], row["reference"]): _imported(row) for row in rows}


async def list_imported(
    source: Source,
    units: Units,
    of: str,
    *,
    began_from: date,
    began_until: date,
    after: tuple[UUID, UUID] | None,
    limit: int,
) -> list[ImportedRow]:
    """
    Return the rows that the system called *of* has as held in [*began_from*, *began_until*), by our ids.

    Those of a case come together, so that it is put on record once and not with every page.
    """
    rows = await source.fetch(_LIST, of, began_from, began_until, units, *(after or (None, None)), limit)
    return [ImportedRow(*(row[name] for name in ImportedRow._fields)) for row in rows]


def is_shown(row: ImportedRow, yours: Sight) -> bool:
    """Tell whether the caller sees the case of a row, and note it."""
    return yours.admits(row.case_id, branch=row.unit_id, crew=row.team_id, in_charge=row.responsible_worker_ids)


async def lock_known(tx: Transaction, imported: Mapping[Key, Imported], yours: Sight) -> Known:
    """
    Return what has become of what was *imported* of a case, whose row is the lock, and what waits in it beside that.

    What of it is another case's comes with it, to be told; that it was asked for is noted.

    Raises:
        UnknownCase: it is not the caller's to see by now.
    """
    if not imported:
        return Known()
    ids = [each.id for each in imported.values()]
    cases = [await lock_case(tx, each.id, yours) for each in imported.values() if each.kind == "case"]  # one, or none
    if others := {each.case_id for each in imported.values()}.difference(case.case_id for case in cases):
        for row in await tx.fetch("SELECT * FROM cases WHERE case_id = ANY ($1)", others):
            sees(yours, case_of(row))
    # Read after the lock is ours: whoever had it before may have changed them.
    meetings = await tx.fetch(_KNOWN_MEETINGS, ids, cases[0].case_id if cases else None)
    follow_ups = await tx.fetch(_KNOWN_FOLLOW_UPS, ids, cases[0].case_id if cases else None)
    return Known(
        imported=imported,
        case=cases[0] if cases else None,
        meetings={row["meeting_id"]: Meeting(**row) for row in meetings},
        follow_ups={row["follow_up_id"]: FollowUp(**row) for row in follow_ups},
    )


async def save_outcome(tx: Transaction, outcome: Outcome) -> None:
    """
    Save what came of an import; its case is locked, or new.

    Raises:
        CodeTaken: another case took its code at the same moment.
        NamedUnitUnknown: a meeting was held in no unit that exists.
        RowOfAnotherCase: another case took the reference of a row at the same moment.
    """
    with told_by_the_rule():
        saved = await tx.execute(
            _SAVE,
            _CASES.dump_json([outcome.case] if outcome.case else []).decode(),
            _MEETINGS.dump_json(outcome.meetings).decode(),
            _FOLLOW_UPS.dump_json(outcome.follow_ups).decode(),
            _IMPORTED.dump_json(outcome.imported).decode(),
        )
    if saved != f"INSERT 0 {len(outcome.imported)}":
        raise RowOfAnotherCase


def _imported(row: asyncpg.Record) -> Imported:
    return Imported(**row)
