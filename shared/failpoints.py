"""
Named places at which a process can be made to die, so that tests need not trust to luck.

`FAILPOINTS=relay_sent:3` ends the process, as SIGKILL would, when it comes by `relay_sent` for the third time. Without
the variable a failpoint is one dictionary look-up.
"""

import os
import signal


def _armed() -> dict[str, int]:
    armed: dict[str, int] = {}
    for point in filter(None, os.environ.get("FAILPOINTS", "").split(",")):
        name, _, visits = point.partition(":")
        armed[name] = int(visits or 1)
    return armed


_ARMED = _armed()


def failpoint(name: str) -> None:
    """Die here if a test asked for it."""
    if name in _ARMED:
        _ARMED[name] -= 1
        if _ARMED[name] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
