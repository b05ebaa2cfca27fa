"""The feedback service as a process of its own, and links that scheduling would have told it of."""

import hashlib
import json
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from playwright.async_api import Page, expect

from deploy import processes, supervision, tokens, trial
from deploy.databases import Urls
from deploy.state import Running
from services.feedback.domain.half_months import half_month_at
from services.feedback.domain.questionnaire import FormKind
from services.scheduling.events import FeedbackBookletIssued
from shared import ids
from shared.clock import utc_now
from shared.database import Trace
from shared.envelope import Envelope, source_of, to_headers
from shared.producer import Producer, Record
from tests.probe import until


@dataclass(slots=True)
class Door:
    """The family's door of a running service."""

    running: Running
    unused: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @property
    def address(self) -> str:
        """Where it is."""
        return self.running.form

    async def issue(self, kind: FormKind, fresh: Sequence[str]) -> None:
        """Tell feedback of a booklet with the tokens *fresh*, of a unit of its own, and wait until it has heard."""
        fact = FeedbackBookletIssued(
            unit_id=ids.new_id(),
            version=1,
            booklet_id=ids.new_id(),
            half_month=half_month_at(utc_now()),
            kind=kind,
            digests=tuple(hashlib.sha256(token.encode()).hexdigest() for token in fresh),
        )
        envelope = Envelope(
            event_id=str(ids.new_id()),
            event_type=fact.wire_type(),
            source=source_of(fact.topic),
            subject=fact.subject(),
            recorded_at=utc_now(),
            sequence=1,
            subject_version=fact.subject_version(),
            trace=Trace.begin(),
        )
        key, value = fact.stream_key().encode(), fact.model_dump_json().encode()
        producer = await Producer.start(self.running.kafka)
        try:
            partition = await producer.partition_of(fact.topic, key)
            await producer.send([Record(fact.topic, partition, key, value, to_headers(envelope))])
        finally:
            await producer.abandon()
        self.unused[kind] = list(fresh)
        async with httpx.AsyncClient(base_url=self.address, trust_env=False) as http:

            async def opens() -> bool:
                return (await http.get(f"/p/{fresh[-1]}")).is_success

            await until(opens, within_seconds=60)

    def link(self, kind: FormKind = "adult") -> str:
        """Return the path of a link that nobody has used yet."""
        return f"/p/{self.unused[kind].pop()}"

    async def answers(self) -> list[dict[str, Any]]:
        """Return the marks of all answers so far, and what was written as marks of a kind."""
        connection = await asyncpg.connect(self.running.databases["feedback"].runtime)
        try:
            rows = await connection.fetch("SELECT marks, open_answers FROM windows")
        finally:
            await connection.close()
        marks = [mark for row in rows for mark in json.loads(row["marks"])]
        return marks + [{"open_answer": text} for row in rows for text in json.loads(row["open_answers"])]

    @asynccontextmanager
    async def without_database(self) -> AsyncGenerator[None]:
        """Keep the service from its database while the context is open."""
        name = self.running.databases["feedback"].runtime.rpartition("/")[2]
        admin = await asyncpg.connect(self.running.postgres)
        try:
            await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
            yield
            await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        finally:
            await admin.close()


@asynccontextmanager
async def running_door(folder: Path, admin_url: str, database: Urls, kafka: str) -> AsyncGenerator[Door]:
    """Yield the door of a feedback service that runs while the context is open."""
    running = Running(
        pid=os.getpid(),
        folder=folder,
        keeps_data=False,
        kafka=kafka,
        postgres=admin_url,
        databases={"feedback": database},
        http={"feedback": f"http://127.0.0.1:{processes.free_port()}"},
        form=f"http://127.0.0.1:{processes.free_port()}",
    )
    environment = trial.environment_of("feedback", running, tokens.make_keys(folder))
    log = trial.log_of(running, "feedback")
    async with supervision.running("feedback", environment=environment, log=log):
        await supervision.until_ready(running.http["feedback"], service="feedback", log=log)
        yield Door(running)


async def shows(page: Page, title: str) -> None:
    """Wait until a page with this title is there: a click returns before what it leads to has come."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(title)
