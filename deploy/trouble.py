"""What went wrong and what to do about it: the only way in which commands fail on purpose."""

from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """What a command's exit tells the script that called it."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    UNAVAILABLE = 5
    INTERRUPTED = 130


class Trouble(Exception):
    """Something that a person can mend; `cure` says how, in words they can act on."""

    def __init__(self, what: str, *, cure: str, exit_code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(what)
        self.what: Final = what
        self.cure: Final = cure
        self.exit_code: Final = exit_code
