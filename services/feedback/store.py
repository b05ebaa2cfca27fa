"""The service's rows; every statement of the service stands in here."""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from uuid import UUID

import asyncpg
from pydantic import BaseModel

from services.feedback.consumed import BookletIssued, RoundEnded
from services.feedback.domain.questionnaire import FormKind
from services.feedback.domain.summary import Marks
from services.feedback.domain.windows import Counts, Rounds, Window
from services.feedback.events import FeedbackSummarised, ItemFigures
from shared.access_log import Notes
from shared.database import Connection, Transaction
from shared.errors import NotFound

Source = Connection | Transaction


class UnknownWindow(NotFound):
    """There is no such window in your units, or nothing was told of it yet."""


class Figures(BaseModel):
    """The figures of a window, as they were published; see the events for what may be missing."""

    questionnaire_version: int
    answers: int
    links: int
    items: tuple[ItemFigures, ...]


class ToldWindow(BaseModel):
    """A window of half-months from `from_on` until `until_on`, exclusive; without figures it was held back so far."""

    window_id: UUID
    unit_id: UUID
    from_on: date
    until_on: date
    figures: Figures | None


# In the order of the digests, which is chance: where a row lies tells nothing of the booklet.
_SAVE_LINKS = """
    INSERT INTO links (digest, unit_id, kind, half_month)
    SELECT * FROM unnest($1::bytea[], $2::uuid[], $3::text[], $4::date[]) AS link (digest, unit_id, kind, half_month)
    ORDER BY digest
"""
_SAVE_ROUNDS = """
    INSERT INTO rounds (unit_id, half_month, meetings, links, largest_family)
    SELECT * FROM unnest($1::uuid[], $2::date[], $3::int[], $4::int[], $5::int[])
    ON CONFLICT (unit_id, half_month) DO UPDATE
    SET meetings = coalesce(excluded.meetings, rounds.meetings), links = coalesce(excluded.links, rounds.links),
        largest_family = coalesce(excluded.largest_family, rounds.largest_family)
"""
_OPEN_WINDOWS = """
    INSERT INTO windows (unit_id, window_id, from_on, decided_until, latest_half_month)
    SELECT unit_id, window_id, from_on, from_on, from_on
    FROM unnest($1::uuid[], $2::date[], $3::uuid[]) AS opened (unit_id, from_on, window_id)
    ON CONFLICT (unit_id) DO NOTHING
"""
_SAVE_LISTS = """
    UPDATE windows SET marks = $2, open_answers = $3, latest_half_month = greatest(latest_half_month, $4)
    WHERE unit_id = $1
"""
_CLAIM_WINDOWS = """
    SELECT window_id, unit_id, version, from_on, decided_until, latest_half_month, marks
    FROM windows WHERE decided_until < $1 ORDER BY unit_id FOR UPDATE SKIP LOCKED
"""
_CLOSE_WINDOW = """
    WITH closed AS (SELECT open_answers FROM windows WHERE unit_id = $1),
         kept AS (
             INSERT INTO summaries (window_id, unit_id, until_on, summary, open_answers)
             SELECT $2, $1, $3, $4, open_answers FROM closed
         )
    UPDATE windows
    SET window_id = $5, version = 0, from_on = $3, decided_until = $3, latest_half_month = $3, marks = '[]',
        open_answers = '[]'
    WHERE unit_id = $1
"""
_TOLD = """
    SELECT window_id, unit_id, (summary ->> 'from_on')::date AS from_on, until_on, summary FROM summaries
    UNION ALL
    SELECT window_id, unit_id, from_on, decided_until, NULL FROM windows WHERE version > 0
"""
_LIST_TOLD = f"""
    SELECT * FROM ({_TOLD}) AS told
    WHERE unit_id = ANY ($1) AND ($2::date IS NULL OR (until_on, window_id) > ($2, $3))
    ORDER BY until_on, window_id LIMIT $4
"""
_LOAD_TOLD = f"SELECT * FROM ({_TOLD}) AS told WHERE window_id = $1 AND unit_id = ANY ($2)"
_FORGET_LINKS = "DELETE FROM links WHERE unit_id = ANY ($1) AND half_month < $2"


async def find_kind(source: Source, digest: bytes) -> FormKind | None:
    """Return which form a link opens; None if it opens nothing."""
    kind: FormKind | None = await source.fetchval("SELECT kind FROM links WHERE digest = $1", digest)
    return kind


async def find_unit(tx: Transaction, digest: bytes) -> UUID | None:
    """Return the unit of a link; None if it opens nothing."""
    unit_id: UUID | None = await tx.fetchval("SELECT unit_id FROM links WHERE digest = $1", digest)
    return unit_id


async def lock_lists(tx: Transaction, unit_id: UUID) -> tuple[list[Marks], list[str]]:
    """
    Return the marks and the open answers of the unit's open window, locked; a unit with links has one.

    The window comes before its links, as for whoever decides on windows.
    """
    row = await tx.fetchrow("SELECT marks, open_answers FROM windows WHERE unit_id = $1 FOR UPDATE", unit_id)
    assert row is not None  # noqa: S101 - for the type checker: a window was opened with the unit's first link
    return json.loads(row["marks"]), json.loads(row["open_answers"])


async def use_link(tx: Transaction, digest: bytes) -> date | None:
    """Delete a link whose window is locked, and return its half-month; None if it was used or ran out meanwhile."""
    half_month: date | None = await tx.fetchval("DELETE FROM links WHERE digest = $1 RETURNING half_month", digest)
    return half_month


async def save_lists(
    tx: Transaction, unit_id: UUID, marks: Sequence[Marks], open_answers: Sequence[str], *, half_month: date
) -> None:
    """Save both lists as they are now ordered; the last was added by a link of *half_month*."""
    await tx.execute(_SAVE_LISTS, unit_id, json.dumps(marks), json.dumps(open_answers), half_month)


async def lock_decided(tx: Transaction, unit_ids: Collection[UUID]) -> dict[UUID, date]:
    """Return at which boundary the open window of each of the units was last decided on; none is decided on now."""
    rows = await tx.fetch("SELECT unit_id, decided_until FROM windows WHERE unit_id = ANY ($1) FOR SHARE", unit_ids)
    return {row["unit_id"]: row["decided_until"] for row in rows}


async def save_links(tx: Transaction, booklets: Iterable[BookletIssued]) -> None:
    """Keep the links of *booklets*."""
    links = [
        (bytes.fromhex(digest), booklet.unit_id, booklet.kind, booklet.half_month)
        for booklet in booklets
        for digest in booklet.digests
    ]
    digests, units, kinds, half_months = ([link[place] for link in links] for place in range(4))
    await tx.execute(_SAVE_LINKS, digests, units, kinds, half_months)


async def save_rounds(tx: Transaction, heard: Iterable[BookletIssued | RoundEnded]) -> None:
    """Keep that there are these half-months, with the counts of those that have ended."""
    rounds: dict[tuple[UUID, date], RoundEnded | None] = {}
    for each in heard:
        place = each.unit_id, each.half_month
        rounds[place] = each if isinstance(each, RoundEnded) else rounds.get(place)
    counts = [(*place, *((e.meetings, e.links, e.largest_family) if e else (None,) * 3)) for place, e in rounds.items()]
    await tx.execute(_SAVE_ROUNDS, *(list(column) for column in zip(*counts, strict=True)))


async def open_windows(tx: Transaction, opened: Iterable[tuple[UUID, date, UUID]]) -> None:
    """Open a window for each (unit, half-month, id of the window), unless the unit has one."""
    await tx.execute(_OPEN_WINDOWS, *(list(column) for column in zip(*opened, strict=True)))


async def claim_windows(tx: Transaction, *, boundary: date) -> list[Window]:
    """Return, locked, the open windows that no later boundary was decided on; passes over locked ones."""
    return [
        Window(
            window_id=row["window_id"],
            unit_id=row["unit_id"],
            version=row["version"],
            from_on=row["from_on"],
            decided_until=row["decided_until"],
            latest_half_month=row["latest_half_month"],
            answers=tuple(json.loads(row["marks"])),
        )
        for row in await tx.fetch(_CLAIM_WINDOWS, boundary)
    ]


async def load_rounds(source: Source, unit_ids: Collection[UUID]) -> dict[UUID, Rounds]:
    """Return the half-months of each of the units."""
    rounds: dict[UUID, dict[date, Counts | None]] = {unit_id: {} for unit_id in unit_ids}
    for row in await source.fetch("SELECT * FROM rounds WHERE unit_id = ANY ($1)", unit_ids):
        counts = None if row["meetings"] is None else Counts(row["meetings"], row["links"], row["largest_family"])
        rounds[row["unit_id"]][row["half_month"]] = counts
    return dict(rounds)


async def carry_on(tx: Transaction, windows: Sequence[Window]) -> None:
    """Save windows that were carried on."""
    await tx.executemany(
        "UPDATE windows SET version = $2, decided_until = $3 WHERE unit_id = $1",
        [(window.unit_id, window.version, window.decided_until) for window in windows],
    )


async def close(tx: Transaction, summaries: Sequence[tuple[FeedbackSummarised, UUID]]) -> None:
    """Keep the summary and the open answers of windows that close; each unit gets an empty window with the new id."""
    await tx.executemany(
        _CLOSE_WINDOW,
        [(told.unit_id, told.window_id, told.until_on, told.model_dump_json(), new_id) for told, new_id in summaries],
    )


async def forget_links(tx: Transaction, unit_ids: Collection[UUID], *, before: date) -> None:
    """Delete the links of these units for half-months before one."""
    await tx.execute(_FORGET_LINKS, unit_ids, before)


async def list_told(
    source: Source, units: frozenset[UUID], *, after: tuple[date, UUID] | None, limit: int
) -> list[ToldWindow]:
    """Return the windows of *units* that were told of, by the day they last reached, from the one after *after*."""
    until_on, window_id = after or (None, None)
    return [_told(row) for row in await source.fetch(_LIST_TOLD, units, until_on, window_id, limit)]


async def load_told(source: Source, window_id: UUID, units: frozenset[UUID]) -> ToldWindow:
    """
    Return a window that was told of.

    Raises:
        UnknownWindow: there is none in *units*.
    """
    row = await source.fetchrow(_LOAD_TOLD, window_id, units)
    if row is None:
        raise UnknownWindow
    return _told(row)


async def load_open_answers(source: Source, window_id: UUID, units: frozenset[UUID], notes: Notes) -> list[str]:
    """
    Return the open answers of a window that has closed; *notes* tell who read them, or was refused them.

    Raises:
        UnknownWindow: there is none in *units*.
    """
    row = await source.fetchrow("SELECT unit_id, open_answers FROM summaries WHERE window_id = $1", window_id)
    if row is None:
        raise UnknownWindow
    if row["unit_id"] not in units:
        notes.refuse(window_id)
        raise UnknownWindow
    notes.saw(window_id, "lead" if "team_lead" in notes.roles else "oversight")
    return json.loads(row["open_answers"])


def _told(row: asyncpg.Record) -> ToldWindow:
    return ToldWindow(
        window_id=row["window_id"],
        unit_id=row["unit_id"],
        from_on=row["from_on"],
        until_on=row["until_on"],
        figures=None if row["summary"] is None else Figures.model_validate_json(row["summary"]),
    )
