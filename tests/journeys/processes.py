"""What a journey may kill and start again: the services, each a process, and a Kafka of their own."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from deploy import kafka, supervision, trial
from deploy.state import Running


@dataclass(slots=True)
class ServiceProcess:
    """A service that can be killed and started again."""

    name: str
    running: Running
    environment: Mapping[str, str]
    process: asyncio.subprocess.Process | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self, **settings: str) -> None:
        """Start it; it may take a while until it is ready."""
        environment = {**self.environment, **settings}
        context = supervision.running(self.name, environment=environment, log=trial.log_of(self.running, self.name))
        self.process = await self._stack.enter_async_context(context)

    async def until_ready(self) -> None:
        """Wait until it can be asked."""
        log = trial.log_of(self.running, self.name)
        await supervision.until_ready(self.running.http[self.name], service=self.name, log=log)

    async def ended(self) -> int:
        """Wait until it has ended by itself and return how."""
        assert self.process is not None
        async with asyncio.timeout(45):
            code = await self.process.wait()
        await self.stop()
        return code

    async def kill(self) -> None:
        """End it by SIGKILL."""
        assert self.process is not None
        self.process.kill()
        await self.stop()

    async def stop(self) -> None:
        """Ask it to end, if it runs."""
        await self._stack.aclose()


@dataclass(slots=True)
class Broker:
    """A Kafka that can be killed, and comes back with the same port and data."""

    folder: Path
    port: int
    _server: kafka.KafkaServer | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        """Start it, and return when it answers."""
        self._server = await self._stack.enter_async_context(kafka.running(self.folder, port=self.port, keep=True))

    async def kill(self) -> None:
        """End it as a power cut would."""
        assert self._server is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._server.pid, signal.SIGKILL)
        await self._stack.aclose()
