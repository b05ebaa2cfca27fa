"""
What feedback does: keep the links it hears of, take an answer for each, and tell of windows when they close.

An answer leaves no trace but itself: its link is deleted, and it is shuffled in among the others, in one transaction
that draws no id, no time and no sequence, publishes nothing and says nothing.
"""

import hashlib
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from services.feedback import store
from services.feedback.commands import GiveAnswer
from services.feedback.consumed import UNITS_TOPIC, BookletIssued, RoundEnded
from services.feedback.domain import half_months, windows
from services.feedback.domain.questionnaire import FormKind
from services.feedback.domain.summary import marks_of
from services.feedback.domain.windows import Window
from services.feedback.events import FeedbackSummarised, FeedbackWindowHeldBack
from shared import gate, ids, outbox
from shared.database import Trace, Transaction
from shared.errors import NotFound
from shared.intake import Batch, Refusals


class LinkNotValid(NotFound):
    """This link opens no form: it was used already, or it was mistyped. Ask the worker for a new one."""


async def find_form(source: store.Source, token: str) -> FormKind | None:
    """Return which form the link with this *token* opens; None if it was used, has run out or never was."""
    return await store.find_kind(source, _digest(token))


async def give_answer(command: GiveAnswer, token: str, *, tx: Transaction) -> None:
    """
    Use the link up, and put the answer among those of the unit's open window.

    Raises:
        LinkNotValid: it was used, has run out or never was; it is not told which.
    """
    digest = _digest(token)
    unit_id = await store.find_unit(tx, digest)
    if unit_id is None:
        raise LinkNotValid
    marks, open_answers = await store.lock_lists(tx, unit_id)
    half_month = await store.use_link(tx, digest)
    if half_month is None:
        raise LinkNotValid
    marks = ids.shuffled([*marks, marks_of(command)])
    if command.open_answer is not None:
        open_answers = ids.shuffled([*open_answers, command.open_answer])
    await store.save_lists(tx, unit_id, marks, open_answers, half_month=half_month)


async def take_in(tx: Transaction, batch: Batch) -> Refusals:
    """Keep the links and the half-months that a batch tells of; nothing scheduling may say is refused."""
    booklets = [fact.body for fact in batch.facts if isinstance(fact.body, BookletIssued)]
    ended = [fact.body for fact in batch.facts if isinstance(fact.body, RoundEnded)]
    if booklets or ended:
        await store.save_rounds(tx, [*booklets, *ended])
    if booklets:
        await store.open_windows(tx, [(*first, ids.new_id()) for first in _first_half_months(booklets).items()])
        decided = await store.lock_decided(tx, {booklet.unit_id for booklet in booklets})
        # What has run out when it is heard of would be answered in a window that does not reckon with it.
        good = [each for each in booklets if each.half_month >= windows.expired_before(decided[each.unit_id])]
        await store.save_links(tx, good)
    return []


async def decide_windows(tx: Transaction) -> int:
    """
    Close or carry on every window whose half-month has ended above the gate; returns how many.

    Each is told of by itself, if there is anything to tell, under a trace of its own. Links that can no longer be used
    are deleted with it.
    """
    until = await gate.complete_until(tx.connection, [UNITS_TOPIC])
    if until is None:
        return 0
    boundary = half_months.half_month_at(until)
    claimed = await store.claim_windows(tx, boundary=boundary)
    rounds = await store.load_rounds(tx, [window.unit_id for window in claimed])
    due = [window for window in claimed if not windows.waits_for(window, rounds[window.unit_id], boundary=boundary)]
    carried: list[Window] = []
    summaries: list[FeedbackSummarised] = []
    held_back: list[FeedbackWindowHeldBack] = []
    for window in due:
        decided, summary = windows.decide(window, rounds[window.unit_id], boundary=boundary)
        if summary is not None:
            summaries.append(summary)
            continue
        carried.append(decided)
        if decided.version > window.version:  # else there is nothing to tell
            held_back.append(windows.held_back(decided))
    await store.carry_on(tx, carried)
    await store.close(tx, [(summary, ids.new_id()) for summary in summaries])
    await store.forget_links(tx, [window.unit_id for window in due], before=windows.expired_before(boundary))
    await outbox.append_each(tx, [(fact, Trace.begin()) for fact in (*summaries, *held_back)])
    return len(due)


def _first_half_months(booklets: Iterable[BookletIssued]) -> dict[UUID, date]:
    first: dict[UUID, date] = {}
    for booklet in booklets:
        first[booklet.unit_id] = min(booklet.half_month, first.get(booklet.unit_id, booklet.half_month))
    return first


def _digest(token: str) -> bytes:
    """Return what is kept of a token: nobody can find the token by it."""
    return hashlib.sha256(token.encode(errors="replace")).digest()
