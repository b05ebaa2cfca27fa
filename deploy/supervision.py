"""The services as processes of their own: started, waited for, and started again when one dies."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx

from deploy import processes
from deploy.trouble import ExitCode, Trouble
from shared.clock import monotonic

CLI = (sys.executable, "-m", "deploy.cli")
"""`heijastin`, wherever it is installed."""

_ENDS_WITHIN_SECONDS = 16.0  # a service promises 15
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_STEADY_AFTER_SECONDS = 60.0
_READY_WITHIN_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.05


def running(
    service: str, *, environment: Mapping[str, str], log: Path
) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """Run *service* while the context is open, in our environment and *environment*."""
    return processes.running(
        *CLI, "serve", service, log=log, env={**os.environ, **environment}, patience_seconds=_ENDS_WITHIN_SECONDS
    )


async def heijastin(*words: str | Path, environment: Mapping[str, str], folder: Path | None = None) -> tuple[int, str]:
    """Run a command of ours in *folder*, in nothing but *environment*; return its exit code and all that it said."""
    process = await asyncio.create_subprocess_exec(
        *CLI, *words,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=environment, cwd=folder,
    )  # fmt: skip
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return await process.wait(), said.decode()


async def keep_running(service: str, *, environment: Mapping[str, str], log: Path, say: Callable[[str], None]) -> None:
    """
    Run *service*, again and again with growing pauses, until cancelled.

    Raises:
        Trouble: its settings or its schema are wrong; starting it again would not help.
    """
    pause = _FIRST_PAUSE_SECONDS
    while True:
        began = monotonic()
        async with running(service, environment=environment, log=log) as process:
            code = await process.wait()
        if code == os.EX_CONFIG:
            what = f"{service} does not start:\n{processes.last_words(log)}"
            raise Trouble(what, cure="Its words are above; what is wrong is named in them.")
        if monotonic() - began > _STEADY_AFTER_SECONDS:
            pause = _FIRST_PAUSE_SECONDS
        say(f"{service} died ({_how(code)}) and is started again in {pause:g} s; its log: {log}")
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


async def until_ready(address: str, *, service: str, log: Path) -> None:
    """
    Return when the service at *address* says that it is ready.

    Raises:
        Trouble: it does not within a minute.
    """
    try:
        async with asyncio.timeout(_READY_WITHIN_SECONDS), httpx.AsyncClient() as http:
            while not await _is_ready(http, address):  # noqa: ASYNC110 - the news is in another process
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
    except TimeoutError:
        what = f"{service} is not ready after {_READY_WITHIN_SECONDS:g} s:\n{processes.last_words(log)}"
        cure = "Its words are above. A machine under load? Try again."
        raise Trouble(what, cure=cure, exit_code=ExitCode.UNAVAILABLE) from None


async def _is_ready(http: httpx.AsyncClient, address: str) -> bool:
    try:
        return (await http.get(f"{address}/readyz")).is_success
    except httpx.TransportError:
        return False


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
