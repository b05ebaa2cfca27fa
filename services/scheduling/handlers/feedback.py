"""
Links to the family's form: made ahead, handed out by chance, and forgotten.

What is handed out is in no row, no fact and no log; only the caller gets it, once. The fact of a booklet runs under a
trace of its own; one made at a family's need still shares the instant of that family's FeedbackLinksSent, and so says
which hundreds of links theirs came from, not which they were.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.scheduling import store
from services.scheduling.commands.feedback import FormKind, HandOutLinks
from services.scheduling.domain import booklets, handing_out
from services.scheduling.domain.booklets import FORM_KINDS, MOST_DECOYS, Booklet
from services.scheduling.events import FeedbackBookletIssued
from shared import ids, outbox
from shared.database import Trace, Transaction
from shared.sight import Sight

BOOKLETS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Link:
    """A link on its way out: for paper, or to a mail address."""

    kind: FormKind
    token: str
    address: str | None


async def hand_out_links(
    command: HandOutLinks, meeting_id: UUID, *, tx: Transaction, yours: Sight, booklet_links: int
) -> list[Link]:
    """Draw links for a family, and forget them; the caller passes them on when this is committed."""
    case, meeting = await store.lock_meeting(tx, meeting_id, yours)
    handing_out.require_met(meeting, now=tx.now)
    addresses = await store.load_mail_addresses(tx, case.case_id, [each.place for each in command.mailed])
    wanted: list[tuple[FormKind, str | None]] = [
        *((kind, None) for kind in command.printed),
        *((each.kind, addresses[each.place]) for each in command.mailed),
    ]
    unit_id, half_month = meeting.held_in_unit_id or case.unit_id, booklets.half_month_at(tx.now)
    await store.lock_round(tx, unit_id, half_month)
    left = await store.list_tokens(tx, unit_id, half_month)
    asked = Counter(kind for kind, _ in wanted)
    short = [
        Booklet(unit_id=unit_id, half_month=half_month, kind=kind)
        for kind in FORM_KINDS
        if len(left[kind]) < asked[kind] + MOST_DECOYS
    ]
    issued = _issue(short, links=max(booklet_links, len(wanted) + MOST_DECOYS))
    await store.save_booklets(tx, [(booklet, tokens) for booklet, tokens, _ in issued])
    for booklet, tokens, _ in issued:
        left[booklet.kind] += tokens
    drawn = {kind: ids.shuffled(left[kind])[: asked[kind] + ids.whole_between(0, MOST_DECOYS)] for kind in FORM_KINDS}
    await store.delete_links(tx, [token for tokens in drawn.values() for token in tokens])
    await store.add_contribution(tx, unit_id, half_month, case.case_id, links=len(wanted))
    sent, links_sent = handing_out.send(meeting, await store.find_sent(tx, meeting_id), case=case, now=tx.now)
    await store.save_sent(tx, sent)
    await outbox.append_each(tx, [*((fact, Trace.begin()) for *_, fact in issued), (links_sent, tx.trace)])
    return [Link(kind, drawn[kind].pop(), address) for kind, address in wanted]


async def issue_booklets(tx: Transaction, *, booklet_links: int) -> int:
    """Make links where few are left, for this half-month and the next; returns how many booklets."""
    short = await store.find_short(
        tx,
        booklets.half_months_to_provide_for(tx.now),
        least=booklets.enough_left(booklet_links),
        at_most=BOOKLETS_AT_ONCE,
    )
    issued = _issue(short, links=booklet_links)
    await store.save_booklets(tx, [(booklet, tokens) for booklet, tokens, _ in issued])
    await outbox.append_each(tx, [(fact, Trace.begin()) for *_, fact in issued])
    return len(issued)


async def end_rounds(tx: Transaction) -> int:
    """Tell of the half-months that have ended, and forget them; returns how many."""
    ended = await store.end_rounds(tx, before=booklets.ended_before(tx.now))
    await outbox.append_each(tx, [(booklets.end(each), Trace.begin()) for each in ended])
    return len(ended)


def _issue(short: Sequence[Booklet], *, links: int) -> list[tuple[Booklet, list[str], FeedbackBookletIssued]]:
    issued: list[tuple[Booklet, list[str], FeedbackBookletIssued]] = []
    for booklet in short:
        tokens = [ids.new_token() for _ in range(links)]
        issued.append((booklet, tokens, booklets.issue(booklet, tokens, booklet_id=ids.new_id())))
    return issued
