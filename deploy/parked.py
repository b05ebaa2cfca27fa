"""`heijastin parked`: what a service could not take, looked at, taken again or given up by an operator."""

import json
from importlib import import_module
from typing import Any

from deploy import finding, migrating
from deploy.listing import Row
from deploy.trouble import ExitCode, Trouble
from shared import parking, replay
from shared.intake import Subscription
from shared.parking import ParkedRow, State


async def listed(service: str | None, *, settled: bool) -> list[Row]:
    """Return what is parked at *service*, or at all of them, or what was and is *settled*; oldest first."""
    states: tuple[State, ...] = ("replayed", "discarded") if settled else ("parked",)
    rows: list[Row] = []
    for name in migrating.chosen(service):
        async with finding.connected(name) as connection:
            for state in states:
                rows.extend(_row(name, row) for row in await parking.list_parked(connection, state=state, limit=10_000))
    return rows


async def shown(service: str, number: int) -> Row:
    """
    Return one record with its headers and body.

    Raises:
        NothingParked: there is none of that number.
    """
    async with finding.connected(service) as connection:
        row = await parking.show(connection, number)
    headers = [[name, (value or b"").decode(errors="backslashreplace")] for name, value in row.headers]
    return _row(service, row) | {
        "offset": f"{row.partition}/{row.offset}",
        "detail": row.detail,
        "settled_at": row.settled_at.isoformat() if row.settled_at else None,
        "settled_because": row.settled_because,
        "headers": headers,
        "body": _body(row.value),
    }


async def replayed(service: str, number: int) -> replay.Replayed:
    """
    Take the record, and all that waits before and behind it in its stream, again.

    Raises:
        Trouble: it has no readable key, so it belongs to no stream.
        NothingParked: there is none of that number, or it is settled.
    """
    async with finding.opened(service, command="parked") as database:
        async with database.reading() as connection:
            row = await parking.show(connection, number)
        if row.stream_key is None:
            what = f"{service} {number} has no readable key: nothing waits behind it, and it cannot be taken."
            cure = f"heijastin parked discard {service} {number} --reason '...'"
            raise Trouble(what, cure=cure, exit_code=ExitCode.CONFLICT)
        return await replay.replay(database, _subscription(service), (row.topic, row.stream_key))


async def discarded(service: str, number: int, *, because: str) -> None:
    """
    Give the record up for good.

    Raises:
        ReasonMissing: *because* is blank.
        NothingParked: there is none of that number, or it is settled.
    """
    async with finding.opened(service, command="parked") as database:
        await replay.discard(database, _subscription(service), number, because=because)


def as_lines(row: Row) -> str:
    """Return one record for people."""
    words = [*((name, row[name]) for name in row if name not in {"headers", "body"}), *row["headers"]]
    body = json.dumps(row["body"], indent=2, ensure_ascii=False)
    return "\n".join([*(f"{name:<18}{value}" for name, value in words), body])


def _row(service: str, row: ParkedRow) -> dict[str, Any]:
    return {
        "service": service,
        "number": row.id,
        "state": row.state,
        "parked_at": row.parked_at.isoformat(timespec="seconds"),
        "topic": row.topic,
        "key": row.stream_key,
        "sequence": row.sequence,
        "type": row.event_type,
        "reason": row.reason,
    }


def _body(value: bytes | None) -> Any:
    try:
        return json.loads(value or b"null")
    except ValueError:
        return (value or b"").decode(errors="backslashreplace")


def _subscription(service: str) -> Subscription:
    subscription: Subscription | None = import_module(f"services.{service}.main").SERVICE.subscription
    if subscription is None:
        what, cure = f"{service} listens to nobody, so nothing can be parked there.", "Choose another service."
        raise Trouble(what, cure=cure, exit_code=ExitCode.USAGE)
    return subscription
