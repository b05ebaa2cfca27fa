"""
The plainest programs that do the same with the same tables: what our plumbing is measured against.

Nothing is general here: no types, no parking, no gaps, no policies, no state but what these facts need. What they share
with ours is what may not be given up: one transaction a batch, each fact once, effects and published facts together,
and a cursor that moves when Kafka has confirmed.
"""

import asyncio
import calendar
import json
from collections.abc import Awaitable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from aiokafka import ConsumerRecord

from shared.database import Connection
from shared.derived import derived_id
from shared.ids import new_id

PROMISES = "heijastin.quality.promises.v1"
_NAMES = UUID("c0000000-0000-4000-8000-000000000000")
_HELSINKI = ZoneInfo("Europe/Helsinki")


async def take(connection: Connection, records: "Sequence[ConsumerRecord[bytes, bytes]]") -> None:
    """Settle a batch: guard, facts, cases, promises, what is published, and watermarks, in one transaction."""
    facts: list[tuple[str, str, int, str, datetime, str, dict[str, Any]]] = []
    marks: dict[tuple[str, int], tuple[int, datetime]] = {}
    for record in records:
        headers = dict(record.headers)
        body = json.loads(record.value or b"")
        if record.key is None:
            marks[record.topic, record.partition] = (body["partitions"], datetime.fromisoformat(body["as_of"]))
        else:
            facts.append(
                (
                    record.topic,
                    record.key.decode(),
                    int(headers["ce_sequence"]),
                    headers["ce_id"].decode(),
                    datetime.fromisoformat(headers["ce_time"].decode()),
                    headers["ce_correlationid"].decode(),
                    body,
                )
            )
    async with connection.transaction():
        if facts:
            await _fold(connection, facts)
        if marks:
            await connection.executemany(
                "INSERT INTO watermarks (topic, partition, partitions, complete_until) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (topic, partition) DO UPDATE"
                " SET complete_until = greatest(watermarks.complete_until, excluded.complete_until)",
                [(*place, *mark) for place, mark in sorted(marks.items())],
            )


async def _fold(connection: Connection, facts: list[tuple[str, str, int, str, datetime, str, dict[str, Any]]]) -> None:
    last = {(topic, key): sequence for topic, key, sequence, *_ in facts}
    rows = await connection.fetch(
        "INSERT INTO inbox SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) AS seen (topic, key, sequence)"
        " ORDER BY topic, key ON CONFLICT (topic, key)"
        " DO UPDATE SET last_sequence = greatest(inbox.last_sequence, excluded.last_sequence)"
        " RETURNING topic, key, coalesce(old.last_sequence, 0) AS before",
        [topic for topic, _ in last],
        [key for _, key in last],
        list(last.values()),
    )
    before = {(row["topic"], row["key"]): row["before"] for row in rows}
    fresh = [fact for fact in facts if fact[2] > before[fact[0], fact[1]]]
    states = {
        row["case_id"]: json.loads(row["state"])
        for row in await connection.fetch(
            "SELECT case_id, state FROM promises WHERE case_id = ANY ($1::uuid[]) FOR UPDATE",
            [UUID(key) for _, key, *_ in fresh],
        )
    }
    cases: dict[UUID, tuple[Any, ...]] = {}
    kept: list[tuple[Any, ...]] = []
    published: list[tuple[str, str, str, str, dict[str, Any]]] = []
    for _, key, sequence, event_id, recorded_at, correlation_id, body in fresh:
        case_id = UUID(key)
        if "follow_up_id" in body:
            kept.append(_fact(case_id, "follow_up", body["follow_up_id"], body, recorded_at))
        else:
            kept.append(_fact(case_id, "meeting", body["meeting_id"], body, recorded_at))
            states[case_id] = _promise(body)
            published.append((key, "PromiseMade", event_id, correlation_id, dict(states[case_id])))
        state = states[case_id]
        if "follow_up_id" in body and body["held"] and state["anchor_on"] < body["held_on"] <= state["due_on"]:
            state |= {"status": "kept", "met_by_id": body["follow_up_id"], "met_on": body["held_on"]}
            state["version"] += 1
            published.append((key, "PromiseKept", event_id, correlation_id, dict(state)))
        look_again_at = datetime.fromisoformat(state["expires_at"]) if state["status"] == "open" else None
        workers = [UUID(worker) for worker in body["responsible_worker_ids"]]
        cases[case_id] = (case_id, body["case_code"], UUID(body["team_id"]), workers, sequence, look_again_at)
    await _save(connection, cases, kept, states)
    await _append(connection, published)


async def _save(
    connection: Connection,
    cases: dict[UUID, tuple[Any, ...]],
    kept: list[tuple[Any, ...]],
    states: dict[UUID, dict[str, Any]],
) -> None:
    await connection.executemany(
        "INSERT INTO facts (case_id, kind, subject_id, version, recorded_at, unit_id, booked_from, held_from, began_on,"
        " held_on, family_present, worker_present, is_remote, imported)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING",
        kept,
    )
    await connection.executemany(
        "INSERT INTO cases (case_id, case_code, team_id, responsible_worker_ids, context_sequence, look_again_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (case_id) DO UPDATE SET case_code = excluded.case_code,"
        " team_id = excluded.team_id, responsible_worker_ids = excluded.responsible_worker_ids,"
        " context_sequence = excluded.context_sequence, look_again_at = excluded.look_again_at",
        sorted(cases.values()),
    )
    await connection.executemany(
        "INSERT INTO promises (promise_id, case_id, unit_id, policy, version, due_on, status, is_undetermined,"
        " is_recorded_late, imported, deviation_id, deviation_state, state)"
        " VALUES ($1, $2, $3, 'met_within_a_month', $4, $5, $6, false, false, false, $7, 'none', $8)"
        " ON CONFLICT (promise_id) DO UPDATE"
        " SET version = excluded.version, status = excluded.status, state = excluded.state",
        [
            (
                UUID(state["promise_id"]),
                UUID(state["case_id"]),
                UUID(state["unit_id"]),
                state["version"],
                date.fromisoformat(state["due_on"]),
                state["status"],
                UUID(state["deviation_id"]),
                json.dumps(state),
            )
            for state in states.values()
        ],
    )


async def _append(connection: Connection, published: list[tuple[str, str, str, str, dict[str, Any]]]) -> None:
    facts_of: dict[str, int] = {}
    for key, *_ in published:
        facts_of[key] = facts_of.get(key, 0) + 1
    rows = await connection.fetch(
        "INSERT INTO streams SELECT $1, * FROM unnest($2::text[], $3::bigint[]) AS drawn (key, facts) ORDER BY key"
        " ON CONFLICT (topic, key) DO UPDATE SET sequence = streams.sequence + excluded.sequence"
        " RETURNING key, sequence, business_now() AS now",
        PROMISES,
        list(facts_of),
        list(facts_of.values()),
    )
    following = {row["key"]: row["sequence"] - facts_of[row["key"]] for row in rows}
    lines: list[tuple[Any, ...]] = []
    for key, kind, event_id, correlation_id, state in published:
        following[key] += 1
        subject = f"promise/{state['promise_id']}"
        lines.append(
            (
                *(PROMISES, key, following[key], new_id(), f"heijastin.quality.{kind}.v1", subject, state["version"]),
                *(rows[0]["now"], correlation_id, event_id, json.dumps(state).encode()),
            )
        )
    await connection.executemany(
        "INSERT INTO outbox (topic, key, sequence, event_id, event_type, subject, subject_version, recorded_at,"
        " correlation_id, causation_id, payload) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        lines,
    )


def _fact(case_id: UUID, kind: str, subject_id: str, body: dict[str, Any], recorded_at: datetime) -> tuple[Any, ...]:
    meeting = kind == "meeting"
    booked, held = body.get("booked_from"), body["held_from"] if body["held"] else None
    held_on = date.fromisoformat(body["held_on"]) if body["held"] else None
    return (
        *(case_id, kind, UUID(subject_id), body["version"], recorded_at, UUID(body["unit_id"]) if meeting else None),
        datetime.fromisoformat(booked) if booked and body["status"] == "booked" else None,
        datetime.fromisoformat(held) if held else None,
        held_on if meeting else None,
        held_on,
        *(body.get("family_present", False), body.get("worker_present", False), False, body["imported"]),
    )


def _promise(body: dict[str, Any]) -> dict[str, Any]:
    anchor_on = date.fromisoformat(body["held_on"])
    year, month = anchor_on.year + anchor_on.month // 12, anchor_on.month % 12 + 1
    due_on = date(year, month, min(anchor_on.day, calendar.monthrange(year, month)[1]))
    midnight = datetime.combine(due_on + timedelta(days=1), time(), _HELSINKI).astimezone(UTC)
    promise_id = derived_id(_NAMES, body["meeting_id"])
    return {
        **{name: body[name] for name in ("meeting_id", "case_id", "case_code", "unit_id", "team_id")},
        "responsible_worker_ids": body["responsible_worker_ids"],
        "promise_id": str(promise_id),
        "version": 1,
        "policy": "met_within_a_month",
        "status": "open",
        "is_undetermined": False,
        "anchor_on": anchor_on.isoformat(),
        "due_on": due_on.isoformat(),
        "expires_at": midnight.isoformat(),
        "holiday_policy": "strict",
        "remote_counts": False,
        "met_by_id": None,
        "met_on": None,
        "days_late": 0,
        "ended_on": None,
        "is_recorded_late": False,
        "is_late_entry": False,
        "imported": False,
        "deviation_id": str(derived_id(_NAMES, str(promise_id))),
        "deviation_state": "none",
        "deviation_version": 0,
        "deviation_since": None,
        "warning_id": None,
        "warning": None,
    }


class SendingProducer(Protocol):
    """The part of AIOKafkaProducer, which brings no types, that is used here."""

    async def send(
        self, topic: str, *, key: bytes, value: bytes, headers: list[tuple[str, bytes]]
    ) -> Awaitable[object]:
        """Return what can be awaited for the confirmation."""
        ...


async def relay(connection: Connection, producer: SendingProducer) -> int:
    """Publish the outbox by a cursor over its ids, 500 at a time; returns how many facts that were."""
    cursor = published = 0
    while rows := await connection.fetch("SELECT * FROM outbox WHERE id > $1 ORDER BY id LIMIT 500", cursor):
        sent = [
            await producer.send(
                row["topic"],
                key=row["key"].encode(),
                value=row["payload"],
                headers=[
                    ("ce_specversion", b"1.0"),
                    ("content-type", b"application/json"),
                    ("ce_id", str(row["event_id"]).encode()),
                    ("ce_source", b"/quality"),
                    ("ce_type", row["event_type"].encode()),
                    ("ce_time", row["recorded_at"].isoformat().encode()),
                    ("ce_subject", row["subject"].encode()),
                    ("ce_sequence", str(row["sequence"]).encode()),
                    ("ce_subjectversion", str(row["subject_version"]).encode()),
                    ("ce_correlationid", row["correlation_id"].encode()),
                    ("ce_causationid", row["causation_id"].encode()),
                ],
            )
            for row in rows
        ]
        await asyncio.gather(*sent)
        cursor = rows[-1]["id"]
        await connection.execute("UPDATE relay SET target_confirmed_id = $1", cursor)
        published += len(rows)
    return published
