"""Programs of npm that tests use: installed once per lock under `.cache`, by the Node that came as a wheel."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.tree import ROOT

_BIN = Path(sys.executable).parent


def installed(name: str, source: Path) -> Path:
    """Return a folder with what *source* holds, and with what its lock says installed beside it."""
    lock = (source / "package-lock.json").read_bytes()
    folder = ROOT / ".cache" / f"{name}-{hashlib.sha256(lock).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "installing").open("w") as ours:
        fcntl.flock(ours, fcntl.LOCK_EX)  # another test process may be at it
        for file in source.iterdir():
            shutil.copy(file, folder)
        if not (folder / "installed").exists():
            done = run("npm", "ci", "--fetch-retries=6", "--fetch-retry-mintimeout=1000", cwd=folder)
            assert done.returncode == 0, f"npm ci failed (the first run needs the network):\n{done.stderr}"
            (folder / "installed").touch()
    return folder


def run(program: str, *arguments: str, cwd: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run *program* of the Node wheel, which trusts whom this machine trusts."""
    return subprocess.run(
        [_BIN / program, *arguments],
        cwd=cwd,
        input=given,
        env={**os.environ, "NODE_USE_SYSTEM_CA": "1", "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
