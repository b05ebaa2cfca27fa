"""
Where the running trial is: a file that only its owner may read, locked for as long as the trial lives.

The lock, not the file, tells that a trial runs: the kernel lets go of it however the process ends.
"""

import fcntl
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import TypeAdapter, ValidationError

from deploy.databases import Urls
from deploy.trouble import ExitCode, Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What commands need to know about the trial that runs; it holds passwords."""

    pid: int
    folder: Path
    """Logs, keys, and the data of what the trial started itself."""
    keeps_data: bool
    kafka: str
    postgres: str
    """The superuser's address."""
    databases: dict[str, Urls]
    http: dict[str, str]
    """Address of each service."""
    form: str
    """Address of the form that families' links open."""
    units: tuple[str, ...] = ()
    """Ids of the units that were seeded; tokens are for these."""


_RUNNING = TypeAdapter(Running)


class Place:
    """The file of a trial that has claimed it."""

    def __init__(self, file: IO[str], left_behind: Running | None) -> None:
        self._file = file
        self.left_behind = left_behind
        """A trial that ended without tidying up."""

    def write(self, running: Running) -> None:
        """Let the commands find *running*."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(_RUNNING.dump_json(running).decode())
        self._file.flush()


@contextmanager
def claimed() -> Generator[Place]:
    """
    Be the one trial of this user on this machine while the context is open.

    Raises:
        Trouble: another one runs.
    """
    path = _path()
    with _opened(path, os.O_RDWR | os.O_CREAT) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = _read(file)
            what = f"Another trial is running{f' (process {other.pid})' if other else ' or just starting'}."
            cure = f"Use it, or stop it first: {f'kill {other.pid}' if other else 'wait a moment and look again'}"
            raise Trouble(what, cure=cure, exit_code=ExitCode.CONFLICT) from None
        if not (path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno()))):
            raise Trouble("Another trial has ended just now.", cure="Run the same command again.")
        try:
            yield Place(file, _read(file))
        finally:
            path.unlink(missing_ok=True)


def find() -> Running | None:
    """Return the trial that runs, or None."""
    try:
        with _opened(_path(), os.O_RDONLY) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _read(file)
    except FileNotFoundError:
        pass
    return None


def demand() -> Running:
    """
    Return the trial that runs.

    Raises:
        Trouble: none does.
    """
    running = find()
    if running is None:
        raise Trouble(
            "No trial is running.", cure="Start one in another terminal: make trial", exit_code=ExitCode.UNAVAILABLE
        )
    return running


def _path() -> Path:
    folder = os.environ.get("XDG_RUNTIME_DIR")
    if folder and os.access(folder, os.W_OK):
        return Path(folder) / "heijastin-trial.json"
    return Path(tempfile.gettempdir()) / f"heijastin-trial-{os.getuid()}.json"


def _opened(path: Path, flags: int) -> IO[str]:
    """Open the file, which in a folder that everybody may write to might not be ours."""
    file = os.fdopen(os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "r" if flags == os.O_RDONLY else "r+")
    status = os.fstat(file.fileno())
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        file.close()
        what = f"{path} should tell where the trial runs, but others can write to it."
        raise Trouble(what, cure="Remove it, and find out who made it.", exit_code=ExitCode.CONFLICT)
    return file


def _read(file: IO[str]) -> Running | None:
    file.seek(0)
    try:
        return _RUNNING.validate_json(file.read())
    except ValidationError:  # empty as yet, or of an older version
        return None
