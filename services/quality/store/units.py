"""Units with their hours and rules, and the lock that keeps the rules still while promises are made."""

from collections.abc import Iterable
from uuid import UUID

from services.quality.consumed import UnitConfigured
from services.quality.store.rows import Source
from shared.database import Transaction

_RULES = 0x521E5
_RULES_TO_READ = "SELECT pg_advisory_xact_lock_shared($1)"
_RULES_TO_CHANGE = "SELECT pg_advisory_xact_lock($1)"

_SAVE_UNITS = """
    INSERT INTO units (unit_id, version, configured) VALUES ($1, $2, $3)
    ON CONFLICT (unit_id) DO UPDATE SET version = excluded.version, configured = excluded.configured
    WHERE units.version < excluded.version
"""

# Its hours, free days or rules have changed: every case with a promise there is judged again as soon as may be.
_WAKE_CASES_OF_UNITS = """
    UPDATE cases SET look_again_at = 'epoch'
    WHERE case_id IN (SELECT case_id FROM promises WHERE unit_id = ANY ($1::uuid[]))
"""


async def lock_rules(tx: Transaction, *, to_change_them: bool) -> None:
    """
    Keep the rules of all units as they are until this transaction has ended; or, *to_change_them*, all judging out.

    Taken before any case is locked. So whoever changes a unit wakes its cases while nobody holds one, and no promise
    is being made at that moment by the rules of before.
    """
    await tx.execute(_RULES_TO_CHANGE if to_change_them else _RULES_TO_READ, _RULES)


async def save_units(tx: Transaction, units: Iterable[UnitConfigured]) -> None:
    """Keep the highest version of each unit, and have its cases judged again."""
    configured = sorted(units, key=lambda unit: unit.version)
    if configured:
        await tx.executemany(_SAVE_UNITS, [(unit.unit_id, unit.version, unit.model_dump_json()) for unit in configured])
        await tx.execute(_WAKE_CASES_OF_UNITS, [unit.unit_id for unit in configured])


async def load_units(source: Source) -> dict[UUID, UnitConfigured]:
    """Return all units that were heard of: a region has tens of them."""
    return {
        row["unit_id"]: UnitConfigured.model_validate_json(row["configured"])
        for row in await source.fetch("SELECT unit_id, configured FROM units")
    }
