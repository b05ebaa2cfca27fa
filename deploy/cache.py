"""What is fetched or made once per machine and may be thrown away at any time."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from deploy.trouble import Trouble

_TREE = Path(__file__).resolve().parent.parent


def folder() -> Path:
    """Return our folder in $XDG_CACHE_HOME or ~/.cache; one in this checkout where neither can hold it."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    candidates = (Path(home).expanduser() / "heijastin", _TREE / ".cache" / "heijastin")
    for candidate in candidates:
        try:
            candidate.mkdir(parents=True, exist_ok=True)
        except (OSError, RuntimeError):
            continue
        if os.access(candidate, os.W_OK):
            return candidate
    what = f"There is no folder to keep downloads in: {' and '.join(map(str, candidates))} cannot be written."
    raise Trouble(what, cure="export XDG_CACHE_HOME=/a/folder/of/yours")


@contextmanager
def alone(name: str) -> Generator[None]:
    """Hold the machine-wide lock *name*, so that two first runs do not fetch or make the same thing; waits for it."""
    with (folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
