"""The rows that `shared.relations` decides by, of a service that hears of members from another."""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from pydantic import TypeAdapter

from shared.database import Connection, Transaction
from shared.derived import subject_digest
from shared.relations import Member, Relations, Standing, relate

_MEMBERS = TypeAdapter(Sequence[Member])

# The columns of the table are the fields of the class. News of a member come in any order: the highest version stands.
_KEEP = """
    INSERT INTO members
    SELECT DISTINCT ON (member_id) * FROM jsonb_populate_recordset(NULL::members, $1) ORDER BY member_id, version DESC
    ON CONFLICT (member_id) DO UPDATE
    SET version = excluded.version, branch_id = excluded.branch_id, crew_id = excluded.crew_id,
        is_active = excluded.is_active, account = excluded.account, stand_in_id = excluded.stand_in_id,
        stand_in_from = excluded.stand_in_from, stand_in_until = excluded.stand_in_until
    WHERE members.version < excluded.version
"""

# The time comes with it, whether or not anybody is found.
_LOAD = """
    SELECT clock.now, members FROM (SELECT business_now() AS now) AS clock
    LEFT JOIN members ON account = $1 OR stand_in_id IN (SELECT member_id FROM members WHERE account = $1)
"""


async def keep(tx: Transaction, members: Sequence[Member]) -> None:
    """Keep what is told of members."""
    if members:
        await tx.execute(_KEEP, _MEMBERS.dump_json(members).decode())


async def load_relations(
    source: Connection | Transaction,
    standing: Standing,
    subject: str,
    *,
    roles: Collection[str],
    belongs: frozenset[UUID],
    day_of: Callable[[datetime], date],
) -> Relations:
    """Return how whoever has a token with this subject stands to things now; *day_of* tells the local day."""
    account = subject_digest(subject)
    rows = await source.fetch(_LOAD, account)
    members = [Member(**row["members"]) for row in rows if row["members"] is not None]
    return relate(standing, account, roles=roles, belongs=belongs, members=members, today=day_of(rows[0]["now"]))
