"""Links to the family's form, drawn by chance and deleted; how many each family got; and the rounds they belong to."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from uuid import UUID

from services.scheduling.commands.feedback import FormKind
from services.scheduling.domain.booklets import FORM_KINDS, Booklet, Round
from services.scheduling.domain.handing_out import Sent
from services.scheduling.store.rows import Source, save, upsert
from shared.database import Transaction
from shared.errors import Invalid


class NoMailAddress(Invalid):
    """There is no mail address at one of these places of the family; print a link for that person instead."""


_ISSUING_LOCK = 0xFEEDBAC

_FIND_SHORT = """
    SELECT unit_id, half_month, kind
    FROM units CROSS JOIN unnest($1::date[]) AS half (half_month) CROSS JOIN unnest($2::text[]) AS form (kind)
    WHERE (SELECT count(*) FROM (
               SELECT FROM feedback_links AS link
               WHERE (link.unit_id, link.half_month, link.kind) = (units.unit_id, half.half_month, form.kind) LIMIT $3
           ) AS left_over) < $3
    ORDER BY half_month, unit_id, kind LIMIT $4
"""
_OPEN_ROUNDS = """
    INSERT INTO feedback_rounds (unit_id, half_month)
    SELECT DISTINCT * FROM unnest($1::uuid[], $2::date[]) AS round (unit_id, half_month) ORDER BY unit_id, half_month
    ON CONFLICT (unit_id, half_month) DO UPDATE SET unit_id = excluded.unit_id
"""
_SAVE_LINKS = """
    INSERT INTO feedback_links (token, unit_id, half_month, kind)
    SELECT * FROM unnest($1::text[], $2::uuid[], $3::date[], $4::text[])
"""
_ADD_CONTRIBUTION = """
    INSERT INTO feedback_contributions (unit_id, half_month, case_id, links) VALUES ($1, $2, $3, $4)
    ON CONFLICT (unit_id, half_month, case_id) DO UPDATE SET links = feedback_contributions.links + excluded.links
"""
# Links of two half-months can be used in one window, so a family is told of once in both, with the links of both
# (0043). What it got is kept until the half-month after has been counted as well; that begins 16 days later at most.
_END_ROUNDS = """
    WITH ended AS (
        DELETE FROM feedback_rounds WHERE half_month < $1 RETURNING unit_id, half_month
    ), forgotten AS (
        DELETE FROM feedback_contributions AS gone USING ended
        WHERE gone.unit_id = ended.unit_id AND gone.half_month < ended.half_month
    )
    SELECT ended.unit_id, ended.half_month, count(own.links) FILTER (WHERE earlier.links IS NULL) AS meetings,
           coalesce(sum(own.links), 0) AS links,
           coalesce(max(own.links + coalesce(earlier.links, 0)), 0) AS largest_family
    FROM ended LEFT JOIN feedback_contributions AS own
        ON (own.unit_id, own.half_month) = (ended.unit_id, ended.half_month)
    LEFT JOIN feedback_contributions AS earlier
        ON (earlier.unit_id, earlier.case_id) = (ended.unit_id, own.case_id)
        AND earlier.half_month < ended.half_month AND earlier.half_month >= ended.half_month - 16
    GROUP BY ended.unit_id, ended.half_month ORDER BY ended.unit_id, ended.half_month
"""
_SAVE_SENT = upsert("feedback_sent", Sent, key="meeting_id")


async def find_short(tx: Transaction, half_months: Sequence[date], *, least: int, at_most: int) -> list[Booklet]:
    """Return where fewer than *least* links are left, by half-month; nothing while another process looks."""
    if not await tx.fetchval("SELECT pg_try_advisory_xact_lock($1)", _ISSUING_LOCK):
        return []
    rows = await tx.fetch(_FIND_SHORT, half_months, FORM_KINDS, least, at_most)
    return [Booklet(**row) for row in rows]


async def lock_round(tx: Transaction, unit_id: UUID, half_month: date) -> None:
    """Lock a half-month of a unit, opening it if need be: one family at a time is handed links of it."""
    await tx.execute(_OPEN_ROUNDS, [unit_id], [half_month])


async def save_booklets(tx: Transaction, booklets: Iterable[tuple[Booklet, Sequence[str]]]) -> None:
    """Keep the tokens of new booklets until they are handed out."""
    links = [
        (token, booklet.unit_id, booklet.half_month, booklet.kind) for booklet, tokens in booklets for token in tokens
    ]
    tokens, units, half_months, kinds = ([link[place] for link in links] for place in range(4))
    await tx.execute(_OPEN_ROUNDS, units, half_months)
    await tx.execute(_SAVE_LINKS, tokens, units, half_months, kinds)


async def list_tokens(tx: Transaction, unit_id: UUID, half_month: date) -> dict[FormKind, list[str]]:
    """Return the tokens that are left of a half-month, by kind; the caller has locked it."""
    tokens: dict[FormKind, list[str]] = {kind: [] for kind in FORM_KINDS}
    for row in await tx.fetch(
        "SELECT kind, token FROM feedback_links WHERE unit_id = $1 AND half_month = $2", unit_id, half_month
    ):
        tokens[row["kind"]].append(row["token"])
    return tokens


async def delete_links(tx: Transaction, tokens: Collection[str]) -> None:
    """Forget tokens, at once and for good."""
    await tx.execute("DELETE FROM feedback_links WHERE token = ANY ($1)", tokens)


async def add_contribution(tx: Transaction, unit_id: UUID, half_month: date, case_id: UUID, *, links: int) -> None:
    """Count that a family got links."""
    await tx.execute(_ADD_CONTRIBUTION, unit_id, half_month, case_id, links)


async def end_rounds(tx: Transaction, *, before: date) -> list[Round]:
    """Count the half-months before one, and forget their links, and what families got in those before them."""
    return [Round(**row) for row in await tx.fetch(_END_ROUNDS, before)]


async def find_sent(source: Source, meeting_id: UUID) -> Sent | None:
    """Return when links of a meeting were last handed out; None if never."""
    row = await source.fetchrow("SELECT * FROM feedback_sent WHERE meeting_id = $1", meeting_id)
    return Sent(**row) if row else None


async def save_sent(tx: Transaction, sent: Sent) -> None:
    """Save when links of a meeting, whose case is locked, are handed out."""
    await save(tx, _SAVE_SENT, sent)


async def load_mail_addresses(source: Source, case_id: UUID, places: Collection[int]) -> dict[int, str]:
    """
    Return the mail addresses at these places of a family.

    Raises:
        NoMailAddress: one of them is not reached by mail.
    """
    rows = await source.fetch(
        "SELECT place, address FROM family_members "
        "WHERE case_id = $1 AND place = ANY ($2) AND channel = 'email' AND address <> ''",
        case_id,
        places,
    )
    if len(rows) != len(set(places)):
        raise NoMailAddress
    return {row["place"]: row["address"] for row in rows}
