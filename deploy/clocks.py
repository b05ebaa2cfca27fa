"""The movable clock of a trial: business time, forward only, in all databases together."""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import asyncpg

from deploy.databases import Urls
from deploy.trouble import ExitCode, Trouble
from shared import clock
from shared.fields import EARLIEST_YEAR, LATEST_YEAR, is_sensible_year

HELSINKI = ZoneInfo("Europe/Helsinki")

_DAYS = {"d": 1, "w": 7}
_HOURS = {"m": timedelta(minutes=1), "h": timedelta(hours=1)}
_WAITS = {"lock_timeout": "20s"}


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """Return a local time of *day*."""
    return datetime.combine(day, time(hour, minute), HELSINKI)


async def now(databases: Iterable[Urls]) -> datetime:
    """Return the business time (UTC), which is the same in all databases."""
    url = next(iter(databases)).runtime
    connection = await asyncpg.connect(url)
    try:
        return await clock.business_now(connection)
    finally:
        await connection.close()


def target(now: datetime, *, to: str | None, by: str | None) -> datetime:
    """
    Return the time that a person means: *to* a local time, or *by* a period such as `12h` or `1d`.

    A day is a calendar day in Helsinki: 22:30 stays 22:30, also when the hour changes in between.

    Raises:
        Trouble: neither, both, not readable, or in a year that makes no sense.
    """
    if (to is None) == (by is None):
        raise Trouble("Say either --to or --by.", cure="heijastin clock advance --by 1d", exit_code=ExitCode.USAGE)
    then = _then(now, to, by)
    if not is_sensible_year(then.year):
        what, cure = f"'{to or by}' leads too far away.", f"Stay in the years {EARLIEST_YEAR} to {LATEST_YEAR}."
        raise Trouble(what, cure=cure, exit_code=ExitCode.USAGE)
    return then


def _then(now: datetime, to: str | None, by: str | None) -> datetime:
    try:
        if to is not None:
            then = datetime.fromisoformat(to)
            return then if then.tzinfo else then.replace(tzinfo=HELSINKI)
        number, unit = int((by or "")[:-1]), (by or "")[-1]
        if unit in _DAYS:
            return now.astimezone(HELSINKI) + timedelta(days=number * _DAYS[unit])
        return now + number * _HOURS[unit]
    except (ValueError, KeyError, IndexError, OverflowError) as error:
        what = f"'{to or by}' is not a time to go to, nor a period."
        cure = "Such as --to 2026-12-24T08:00 (Helsinki), or --by 90m, 12h, 1d, 2w"
        raise Trouble(what, cure=cure, exit_code=ExitCode.USAGE) from error


async def advance(databases: Iterable[Urls], *, to: datetime) -> None:
    """
    Move the business time forward to *to* (aware) in all databases, while no transaction that read it is open.

    Raises:
        ClockLocked, ClockMovesForwardOnly: see there; then none has moved.
    """
    async with AsyncExitStack() as stack:
        owners: list[asyncpg.Connection[asyncpg.Record]] = []
        for urls in databases:
            owner = await asyncpg.connect(urls.owner, server_settings=_WAITS)
            stack.push_async_callback(owner.close)
            await stack.enter_async_context(owner.transaction())
            # Whoever read the clock has ended, and whoever wants to read it waits, until all are set.
            await owner.execute("LOCK TABLE business_clock IN ACCESS EXCLUSIVE MODE")
            owners.append(owner)
        when = await owners[0].fetchval("SELECT clock_timestamp()")
        for owner in owners:
            await clock.advance(owner, to=to, when=when)
