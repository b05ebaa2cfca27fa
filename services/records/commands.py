"""What can be asked about a memo. There is no field for its words, on purpose."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from shared.fields import Command, Day, YesNo

REFERENCE_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._/-]{2,39}$"

# Day, month, year, the sign of the century (or another sign in its place), a number of three digits, a check character.
_IDENTITY_CODE = re.compile(
    r"(?=(?P<day>0[1-9]|[12]\d|3[01])(?P<month>0[1-9]|1[0-2])(?P<year>\d\d)"
    r"(?P<sign>[-+._/A-FU-Y]?)(?P<number>\d{3})(?P<check>[0-9A-FHJ-NPR-Y]))",
    re.IGNORECASE,
)
_CHECKS = "0123456789ABCDEFHJKLMNPRSTUVWXY"


def looks_like_an_identity_code(text: str) -> bool:
    """Tell whether a Finnish personal identity code may stand in *text*; one without its sign if its check is right."""
    return any(match["sign"] or _is_right(match) for match in _IDENTITY_CODE.finditer(text))


def _is_right(code: re.Match[str]) -> bool:
    digits = int(code["day"] + code["month"] + code["year"] + code["number"])
    return _CHECKS[digits % len(_CHECKS)] == code["check"].upper()


def _names_nobody(reference: str) -> str:
    if looks_like_an_identity_code(reference):
        raise PydanticCustomError(
            "identity_code", "This looks like a personal identity code; give the number of the document instead"
        )
    return reference


Reference = Annotated[str, StringConstraints(pattern=REFERENCE_PATTERN), AfterValidator(_names_nobody)]
"""Where the memo is in the client information system: 3 to 40 letters, digits and `. _ / -`."""


class RecordMemo(Command):
    """Say that the memo was recorded in the client information system on a day, and where it is there."""

    reference: Reference
    recorded_on: Day


class AmendMemo(Command):
    """Replace what was said of the recorded memo."""

    reference: Reference
    recorded_on: Day


class AgreeReview(Command):
    """Say on which day the memo will be gone through with the family, as agreed with them."""

    review_on: Day


class RecordReview(Command):
    """
    Say that the memo was gone through with the family on a day, or replace what was said of that.

    `family_present`: at least one adult of the family. `views_differ`: whether anybody saw something differently; what
    they saw stands in the client information system.
    """

    reviewed_on: Day
    family_present: YesNo
    child_present: YesNo
    worker_present: YesNo
    views_differ: YesNo
