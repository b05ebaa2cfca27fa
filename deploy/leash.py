"""
Run a program that ends with its parent: `python leash.py PARENT_PID SIGNAL [UID:GID] -- PROGRAM ARGUMENTS...`.

However the parent ends, even by SIGKILL, the kernel then sends SIGNAL to the program. (On Linux; elsewhere its parent
must stop it.) A script of its own and not a `preexec_fn`, because that is unsafe as soon as a thread exists. Imports
nothing of ours, so that it starts in a few milliseconds.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def _main(parent: str, ending: str, *rest: str) -> None:
    user, program = (rest[0], rest[2:]) if rest[0] != "--" else (None, rest[1:])
    if user:
        uid, gid = (int(part) for part in user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":  # after setuid, which takes the leash off
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(ending), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("the parent is gone already")
    os.execv(program[0], program)  # noqa: S606 - that is what it is for


_main(*sys.argv[1:])
