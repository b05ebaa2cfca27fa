"""What quality said of the promises, and whose it is to meet the families."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from pydantic import TypeAdapter

from services.scheduling.consumed import MONTH_PROMISE, PromiseStated
from services.scheduling.domain.board import Item, item
from services.scheduling.store.cases import case_of
from services.scheduling.store.relations import is_yours
from services.scheduling.store.rows import Source
from shared.database import Transaction
from shared.sight import Sight

_STATED = TypeAdapter(Sequence[PromiseStated])

# The columns of the table are the fields of PromiseStated. An older version never replaces a newer one: facts that
# were missing arrive late.
_SAVE_STATED = """
    INSERT INTO board SELECT * FROM jsonb_populate_recordset(NULL::board, $1)
    ON CONFLICT (promise_id) DO UPDATE
    SET version = excluded.version, status = excluded.status, is_undetermined = excluded.is_undetermined,
        anchor_on = excluded.anchor_on, due_on = excluded.due_on, warning = excluded.warning,
        deviation_state = excluded.deviation_state, imported = excluded.imported
    WHERE board.version < excluded.version
"""

# Whose a case is, and whether it goes on, is asked of the case as it is now, not as it was when quality spoke. The duty
# of a worker who is away is on the deputy's board as well.
_LIST_ITEMS = f"""
    WITH acting AS (
        SELECT worker_id FROM workers, (SELECT (business_now() AT TIME ZONE 'Europe/Helsinki')::date) AS day (today)
        WHERE worker_id = $2
           OR (deputy_id = $2 AND deputy_from_on <= today AND (deputy_until_on IS NULL OR today < deputy_until_on))
    )
    SELECT board AS promise, cases AS of_case FROM board JOIN cases USING (case_id)
    WHERE board.status IN ('open', 'lapsed') AND NOT board.imported AND board.policy = $9
      AND NOT (board.policy = '{MONTH_PROMISE}' AND board.status = 'lapsed' AND cases.closed_on IS NOT NULL)
      AND ($1::uuid IS NULL OR cases.team_id = $1)
      AND ($2::uuid IS NULL OR cases.responsible_worker_ids && ARRAY(SELECT worker_id FROM acting))
      AND ($3::date IS NULL OR (board.due_on, board.promise_id) > ($3, $4))
      AND {is_yours(6)}
    ORDER BY board.due_on, board.promise_id LIMIT $5
"""


async def save_stated(tx: Transaction, stated: Sequence[PromiseStated]) -> None:
    """Keep what was said of promises, each at most once in *stated*, unless something newer is known."""
    if stated:
        await tx.execute(_SAVE_STATED, _STATED.dump_json(stated).decode())


async def list_items(
    source: Source,
    yours: Sight,
    *,
    policy: str,
    team_id: UUID | None,
    worker_id: UUID | None,
    after: tuple[date, UUID] | None,
    limit: int,
) -> list[Item]:
    """Return what of one *policy* waits for a team, a worker or both (None: anybody), by due date, after *after*."""
    due_on, promise_id = after or (None, None)
    sought = (team_id, worker_id, due_on, promise_id)
    rows = await source.fetch(_LIST_ITEMS, *sought, limit, *yours.relations.parameters, policy)
    return [item(PromiseStated.model_validate(dict(row["promise"])), case_of(row["of_case"])) for row in rows]
