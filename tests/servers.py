"""
Real servers that all workers of a test run share, started by whoever needs one first.

Each user holds a shared lock on a file for as long as it lives, so that the kernel counts them; the server, a process
of its own (`python -m tests.servers kafka|postgres FOLDER`), ends when it gets that lock for itself.
"""

import asyncio
import fcntl
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal, cast

from deploy import kafka, postgres
from tests.architecture.tree import ROOT

Kind = Literal["kafka", "postgres"]

_MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there belongs to us alone, as in any folder for what passes
_ENOUGH_BYTES = 4 * 1024**3  # the databases and their log take half of one


def home_of(kind: Kind) -> Path:
    """
    Return where the folders of a kind of server are made: Postgres's in memory, where there is enough of it.

    A test has a database of its own, and to copy one takes ten times as long on many a disk.
    """
    if kind == "postgres" and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH_BYTES:
        return _MEMORY
    return Path(tempfile.gettempdir())


@contextmanager
def using(kind: Kind, folder: Path) -> Generator[str]:
    """Yield the address of the server that lives in *folder*, which is started if need be."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)  # whatever the umask: Postgres runs as somebody else when we are root
    with (folder / f"{kind}.users").open("w") as use:
        fcntl.flock(use, fcntl.LOCK_SH)
        with (folder / f"{kind}.start").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            address = folder / f"{kind}.address"
            if not address.exists():
                address.write_text(_start(kind, folder))
        yield address.read_text()


def _start(kind: Kind, folder: Path) -> str:
    command = [sys.executable, "-m", __name__, kind, str(folder)]
    log = folder / f"{kind}.log"
    with log.open("w") as words:
        server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=words, start_new_session=True)
    assert server.stdout is not None
    with server.stdout as first_line:
        address = first_line.readline().decode().strip()
    assert address, f"{kind} does not start:\n{log.read_text()}"
    server.returncode = 0  # it outlives us; or Python would complain, now and then, that we forgot it
    return address


async def _serve(kind: Kind, folder: Path) -> None:
    if kind == "kafka":
        async with kafka.running(folder / kind, say=partial(print, file=sys.stderr)) as server:
            await _until_nobody_uses(kind, folder, server.servers)
    else:
        async with postgres.running(folder / kind, fsync=False) as server:
            await _until_nobody_uses(kind, folder, server.admin_url)


async def _until_nobody_uses(kind: Kind, folder: Path, address: str) -> None:
    print(address, flush=True)  # noqa: T201 - who started us waits for it
    with (folder / f"{kind}.users").open() as users:
        await asyncio.to_thread(fcntl.flock, users, fcntl.LOCK_EX)
        (folder / f"{kind}.address").unlink(missing_ok=True)


def _tidy(folder: Path) -> None:
    """Remove *folder* if no other server lives there."""
    if not any(path.is_dir() for path in folder.iterdir()):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


if __name__ == "__main__":
    asyncio.run(_serve(cast("Kind", sys.argv[1]), Path(sys.argv[2])))
    _tidy(Path(sys.argv[2]))
