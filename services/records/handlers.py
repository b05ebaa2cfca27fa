"""
What records does: hears of held meetings, and keeps what people say of their memos.

A batch loads and locks the cases and memos that it touches, applies its facts one by one, and publishes the difference
that they make to each memo. A command does the same with one memo. The row of the case is the lock of its memos.
"""

from uuid import UUID

from services.records import store
from services.records.commands import AgreeReview, AmendMemo, RecordMemo, RecordReview
from services.records.consumed import CaseStated, MeetingStated
from services.records.domain import cases, memos
from services.records.domain.cases import Case
from services.records.domain.memos import Memo
from services.records.events import MemoFact
from services.records.store import Kept
from shared import outbox
from shared.database import Trace, Transaction
from shared.intake import Batch, FactRefused, Refusals, apply_in_order
from shared.records import Fact
from shared.sight import Sight


async def take_in(tx: Transaction, batch: Batch) -> Refusals:
    """Take in what was said of cases and their meetings; refuses a held meeting without its day."""
    said = [fact.body for fact in batch.facts]
    cases_known = await store.lock_cases(tx, {each.case_id for each in said if isinstance(each, CaseStated)})
    meeting_ids = {each.meeting_id: each.case_id for each in said if isinstance(each, MeetingStated)}
    before = {
        meeting_id: Memo(meeting_id=meeting_id, case_id=case_id) for meeting_id, case_id in meeting_ids.items()
    } | await store.load_memos(tx, meeting_ids)
    after = dict(before)
    traces: dict[UUID, Trace] = {}

    def apply(fact: Fact) -> None:
        match fact.body:
            case MeetingStated() as meeting:
                reason = memos.contradiction(meeting)
                if reason is not None:
                    raise FactRefused(reason)
                memo = after[meeting.meeting_id]
                after[meeting.meeting_id] = memos.hear(memo, meeting, recorded_at=fact.recorded_at)
                traces[meeting.meeting_id] = fact.trace
                _hear_of_case(cases_known, meeting, fact)
            case CaseStated() as stated:
                _hear_of_case(cases_known, stated, fact)
            case _:
                pass

    refusals = apply_in_order(batch.facts, apply)
    told: list[tuple[MemoFact, Trace]] = []
    for meeting_id, trace in traces.items():
        memo = after[meeting_id]
        after[meeting_id], fact = memos.tell_difference(before[meeting_id], memo, cases_known[memo.case_id])
        told += [(fact, trace)] if fact else []
    await store.save_cases(tx, cases_known.values())
    await store.save_memos(tx, [after[meeting_id] for meeting_id in traces])
    await outbox.append_each(tx, told)
    return refusals


def _hear_of_case(known: dict[UUID, Case], said: CaseStated, fact: Fact) -> None:
    known[said.case_id] = cases.hear(known.get(said.case_id), said, sequence=fact.sequence)


async def record_memo(command: RecordMemo, meeting_id: UUID, *, tx: Transaction, version: int, yours: Sight) -> Kept:
    """Say that a memo was recorded."""
    case, memo = await store.lock_memo(tx, meeting_id, yours, version=version)
    memo, recorded = memos.record(memo, command, case, now=tx.now)
    await store.save_memos(tx, [memo])
    await outbox.append(tx, recorded)
    return memo, case


async def amend_memo(command: AmendMemo, meeting_id: UUID, *, tx: Transaction, version: int, yours: Sight) -> Kept:
    """Replace what was said of a recorded memo."""
    case, memo = await store.lock_memo(tx, meeting_id, yours, version=version)
    memo, amended = memos.amend(memo, command, case, now=tx.now)
    await store.save_memos(tx, [memo])
    await outbox.append(tx, amended)
    return memo, case


async def agree_review(command: AgreeReview, meeting_id: UUID, *, tx: Transaction, version: int, yours: Sight) -> Kept:
    """Say when the family will go through a memo."""
    case, memo = await store.lock_memo(tx, meeting_id, yours, version=version)
    memo, agreed = memos.agree_review(memo, command, case, now=tx.now)
    await store.save_memos(tx, [memo])
    await outbox.append(tx, agreed)
    return memo, case


async def record_review(
    command: RecordReview, meeting_id: UUID, *, tx: Transaction, version: int, yours: Sight
) -> Kept:
    """Say that the family went through a memo."""
    case, memo = await store.lock_memo(tx, meeting_id, yours, version=version)
    memo, reviewed = memos.review(memo, command, case, now=tx.now)
    await store.save_memos(tx, [memo])
    await outbox.append(tx, reviewed)
    return memo, case
