"""What records said of the memos."""

from collections.abc import Sequence

from pydantic import TypeAdapter

from services.scheduling.consumed import MemoStated
from services.scheduling.domain.meetings import Meeting
from services.scheduling.store.rows import Source
from shared.database import Transaction

_STATED = TypeAdapter(Sequence[MemoStated])

# The columns of the table are the fields of MemoStated; the highest version stands, in whatever order they come.
_SAVE_MEMOS = """
    INSERT INTO memos
    SELECT DISTINCT ON (meeting_id) * FROM jsonb_populate_recordset(NULL::memos, $1) ORDER BY meeting_id, version DESC
    ON CONFLICT (meeting_id) DO UPDATE
    SET version = excluded.version, reviewed_on = excluded.reviewed_on
    WHERE memos.version < excluded.version
"""

# The previous one is the last that begins before this one is planned to, recorded as held or not yet: then its memo has
# not been gone through either. An import brings no memos with it.
_IS_MEMO_OWED = """
    SELECT status = 'scheduled' OR (NOT imported AND reviewed_on IS NULL)
    FROM meetings LEFT JOIN memos USING (meeting_id)
    CROSS JOIN LATERAL (SELECT coalesce(held_from, planned_from) AS begins) AS its
    WHERE meetings.case_id = $1 AND meeting_id <> $2 AND status IN ('held', 'scheduled') AND NOT is_practice
      AND begins < $3
    ORDER BY begins DESC, meeting_id LIMIT 1
"""


async def save_memos(tx: Transaction, stated: Sequence[MemoStated]) -> None:
    """Keep what was said of memos, unless something newer is known."""
    if stated:
        await tx.execute(_SAVE_MEMOS, _STATED.dump_json(stated).decode())


async def is_memo_owed_before(source: Source, meeting: Meeting) -> bool:
    """Tell whether the family has yet to go through the memo of the Heijastin before *meeting*."""
    is_owed: bool | None = await source.fetchval(
        _IS_MEMO_OWED, meeting.case_id, meeting.meeting_id, meeting.planned_from
    )
    return bool(is_owed)
