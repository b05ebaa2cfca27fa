"""`heijastin audit`: whether the access logs are whole, and what they have of one case. Reads as the auditor only."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

import asyncpg

from deploy import finding, migrating
from deploy.clocks import HELSINKI
from deploy.trouble import ExitCode, Trouble
from shared import clock, seals
from shared.database import SESSION_SETTINGS, Connection
from shared.seals import Checked

YEARS = 2
"""How far back a client is told without a special reason."""

_CASE = "SELECT case_id, code FROM cases WHERE case_id::text = lower($1) OR code = upper($1)"
_LINES = """
    SELECT at, subject, known_as, roles, route, did, ground FROM access_log
    WHERE object_id = $1 AND at >= $2 AND at < $3 ORDER BY at, id
"""
_NAMES = "SELECT worker_id, display_name FROM workers WHERE worker_id = ANY ($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Use:
    """One line of an access log about a case; `name` is None where scheduling knows no such worker."""

    at: datetime
    service: str
    subject: UUID
    name: str | None
    roles: tuple[str, ...]
    route: str
    did: str
    ground: str | None


@dataclass(frozen=True, slots=True)
class Extract:
    """All that the services' logs have of one case, from a first to a last local day; `made_at` is business time."""

    code: str
    first: date
    last: date
    made_at: datetime
    uses: Sequence[Use]


async def all_is_whole(service: str | None, tell: Callable[[str], None]) -> bool:
    """Tell what an audit of *service*, or of every service, finds, and whether nothing is wrong."""
    names = migrating.chosen(service)
    found = [(name, await checked(name)) for name in names]
    for name, of_service in found:
        tell(told(name, of_service))
    return not any(of_service.faults for _, of_service in found)


async def checked(service: str) -> Checked:
    """Return what an audit of the seals of *service* finds."""
    async with _auditor(service) as connection:
        return await seals.check(connection)


def told(service: str, found: Checked) -> str:
    """Return what was found, for people: each fault with its batch, or that all is well."""
    if found.faults:
        return "\n".join(f"{service}: {fault}" for fault in found.faults)
    last = f"; the last seal is {found.last[0]} {found.last[1].hex()}" if found.last else ""
    whole = f"{service}: {found.seals} batches with {found.lines} lines are whole"
    return f"{whole}, {found.unsealed} lines wait for their seal{last}"


async def extract(case: str, *, first: date | None, last: date | None) -> Extract:
    """
    Return what all logs have of a *case* (its id or spoken code) on the days from *first* to *last*.

    Without them: the two years until today.

    Raises:
        Trouble: scheduling knows no such case, or the days are in the wrong order.
    """
    async with _auditor("scheduling") as scheduling:
        found = await scheduling.fetchrow(_CASE, case)
        if found is None:
            what, cure = f"There is no case '{case}'.", "Give its id or its code; `heijastin events tail` shows both."
            raise Trouble(what, cure=cure, exit_code=ExitCode.NOT_FOUND)
        now = await clock.business_now(scheduling)
        last = last or now.astimezone(HELSINKI).date()
        first = first or _years_before(last)
        if first > last:
            what, cure = f"The period would end ({last}) before it begins ({first}).", "Turn --from and --until round."
            raise Trouble(what, cure=cure, exit_code=ExitCode.USAGE)
        lines = [
            (service, row)
            for service in migrating.services()
            for row in await _lines(service, found["case_id"], first, last)
        ]
        known = {row["known_as"] for _, row in lines if row["known_as"]}
        names = {row["worker_id"]: row["display_name"] for row in await scheduling.fetch(_NAMES, known)}
    uses = [
        Use(
            at=row["at"],
            service=service,
            subject=row["subject"],
            name=names.get(row["known_as"]),
            roles=tuple(row["roles"]),
            route=row["route"],
            did=row["did"],
            ground=row["ground"],
        )
        for service, row in lines
    ]
    return Extract(found["code"], first, last, now, sorted(uses, key=lambda use: use.at))


async def _lines(service: str, case_id: UUID, first: date, last: date) -> list[asyncpg.Record]:
    begin, end = (datetime.combine(day, time(), HELSINKI) for day in (first, last + timedelta(days=1)))
    async with _auditor(service) as connection:
        return await connection.fetch(_LINES, case_id, begin, end)


@asynccontextmanager
async def _auditor(service: str) -> AsyncGenerator[Connection]:
    settings = {"application_name": "audit", **SESSION_SETTINGS}
    connection = await asyncpg.connect(finding.auditor_url(service), server_settings=settings)
    try:
        yield connection
    finally:
        await connection.close()


def _years_before(day: date) -> date:
    """Return the same day two years earlier; the 28th for a leap day."""
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - YEARS, day=28 if is_leap_day else day.day)
