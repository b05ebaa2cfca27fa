"""The toy service as a process: asked, listened to, and told to end."""

import asyncio
import contextlib
import json
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from shared.clock import monotonic

ENDS_WITHIN_SECONDS = 15


@dataclass(slots=True)
class Bakehouse:
    """A running process, and what it has said."""

    process: asyncio.subprocess.Process
    log: Path
    http: httpx.AsyncClient
    answered: list[str] = field(default_factory=list[str])

    def lines(self) -> list[dict[str, Any]]:
        """Return its log so far; a line that is not JSON fails the test."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def events(self) -> list[str]:
        """Return the names of its log events so far."""
        return [line["event"] for line in self.lines()]

    def why_it_ended(self) -> str:
        """Return the reason in its log."""
        (line,) = (line for line in self.lines() if line["event"] == "process_ends")
        return line["because"]

    async def kafka_state(self) -> str:
        """Return what it tells of Kafka; it must be ready meanwhile."""
        answer = await self.http.get("/readyz")
        assert answer.status_code == 200
        return answer.json()["kafka"]["state"]

    async def bake(self) -> None:
        """Ask for a loaf, and remember it if it is promised."""
        with contextlib.suppress(httpx.TransportError):
            answer = await self.http.post("/loaves")
            if answer.status_code == 201:
                self.answered.append(answer.text)

    async def bake_for_ever(self) -> None:
        """Be a busy customer."""
        while True:
            await self.bake()
            await asyncio.sleep(0)

    async def end(self, how: signal.Signals = signal.SIGTERM) -> float:
        """Tell it to end and return how many seconds it took."""
        began = monotonic()
        self.process.send_signal(how)
        await asyncio.wait_for(self.process.wait(), ENDS_WITHIN_SECONDS + 5)
        return monotonic() - began


Environment = dict[str, str]


Start = Callable[..., AbstractAsyncContextManager[Bakehouse]]


async def address(bakehouse: Bakehouse, *, of: str = "http_listens") -> str:
    assert bakehouse.process.returncode is None, bakehouse.log.read_text()
    return "".join(f"http://{each['host']}:{each['port']}" for each in bakehouse.lines() if each["event"] == of)


async def says(bakehouse: Bakehouse, event: str) -> bool:
    return event in bakehouse.events()


async def sleeps(bakehouse: Bakehouse) -> bool:
    """Tell whether a request has come as far as its slow statement."""
    metrics = (await bakehouse.http.get("/metrics")).text
    return 'bakehouse_database_pool_connections{state="used"} 1.0' in metrics
