"""Programs that we start, watch and stop: on a leash, in a session of their own, with their words in a file."""

import asyncio
import contextlib
import os
import pwd
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.trouble import ExitCode, Trouble
from shared.clock import monotonic
from shared.ids import between

_LEASH = Path(__file__).with_name("leash.py")
_LAST_WORDS_BYTES = 2_000
_PROBE_SECONDS = 0.02
_FREE_PORTS = (20_000, 32_000)


@asynccontextmanager
async def running(
    *command: str | Path,
    log: Path,
    stop_with: signal.Signals = signal.SIGTERM,
    patience_seconds: float = 10.0,
    env: Mapping[str, str] | None = None,
    user: pwd.struct_passwd | None = None,
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """
    Run *command* (its path absolute) while the context is open, writing what it says into *log*.

    In a session of its own, so that Ctrl-C in a terminal reaches us alone and we stop things in order. It gets
    *stop_with* at the end, or when we die; SIGKILL, with all that it started, when its patience is over.
    """
    leash = [str(os.getpid()), str(int(stop_with)), *([f"{user.pw_uid}:{user.pw_gid}"] if user else []), "--"]
    with log.open("ab") as words:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", _LEASH, *leash, *command,
            stdin=asyncio.subprocess.DEVNULL, stdout=words, stderr=words, env=env, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        await _stop(process, stop_with, patience_seconds)


async def ready(process: asyncio.subprocess.Process, probe: Callable[[], Awaitable[bool]], *, seconds: float) -> bool:
    """Ask *probe* until it says yes; False when the process ended, or *seconds* are over, before that."""
    deadline = monotonic() + seconds
    while process.returncode is None and monotonic() < deadline:
        if await probe():
            return True
        await asyncio.sleep(_PROBE_SECONDS)
    return False


def last_words(log: Path) -> str:
    """Return the end of what a program wrote to *log*."""
    with contextlib.suppress(FileNotFoundError), log.open("rb") as words:
        words.seek(max(0, words.seek(0, os.SEEK_END) - _LAST_WORDS_BYTES))
        return words.read().decode(errors="replace").strip()
    return ""


def free_port() -> int:
    """
    Return a port of the loopback that was free a moment ago, and that nobody else is given while this process lives.

    From below those that systems give to outgoing connections, so that none is there when a program starts again.
    """
    while not (is_free(port := int(between(*_FREE_PORTS))) and _is_reserved_for_us(port)):
        pass
    return port


def _is_reserved_for_us(port: int) -> bool:
    """Take the UDP port of the same number, which no program of ours uses; tell whether it was still there."""
    reservation = socket.socket(type=socket.SOCK_DGRAM)
    try:
        reservation.bind(("127.0.0.1", port))
    except OSError:
        reservation.close()
        return False
    reservation.detach()  # stays open as long as we live
    return True


def demand_port(port: int, *, of: str, cure: str) -> None:
    """
    Do nothing if *port* of the loopback is free.

    Raises:
        Trouble: it is taken.
    """
    if not is_free(port):
        what = f"Port {port}, wanted for {of}, is taken on this machine."
        raise Trouble(what, cure=cure, exit_code=ExitCode.CONFLICT)


def is_free(port: int) -> bool:
    """Tell whether nobody listens at *port* of the loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


async def _stop(process: asyncio.subprocess.Process, stop_with: signal.Signals, patience_seconds: float) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(stop_with)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_seconds):
                await process.wait()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
