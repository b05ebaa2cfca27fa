"""Windows, rounds and answers with sensible defaults; a test names only what makes its example different."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from services.feedback.domain.questionnaire import ITEM_IDS
from services.feedback.domain.summary import Marks
from services.feedback.domain.windows import Counts, Window
from services.feedback.settings import PerLanguage, Region

UNIT = UUID("00000000-0000-4000-8000-0000000000a1")
OTHER_UNIT = UUID("00000000-0000-4000-8000-0000000000a2")
WINDOW = UUID("00000000-0000-4000-8000-0000000000f1")

OCTOBER_2, NOVEMBER_1, NOVEMBER_2, DECEMBER_1 = (
    date(2026, 10, 16),
    date(2026, 11, 1),
    date(2026, 11, 16),
    date(2026, 12, 1),
)


REGION = Region(
    region_name=PerLanguage(fi="Keksitty hyvinvointialue", sv="Påhittat välfärdsområde", en="Invented region"),
    privacy_notice_url=PerLanguage(
        fi="https://region.example/tietosuoja",
        sv="https://region.example/dataskydd",
        en="https://region.example/privacy",
    ),
    accessibility_email="saavutettavuus@region.example",
    social_emergency_number="000 123 4567",
)


def marks(*values: int) -> list[Marks]:
    """Return answers, each of which gives every item the same mark."""
    return [dict.fromkeys(ITEM_IDS, value) for value in values]


def a_window(*answers: Marks, **different: Any) -> Window:
    """Return the window of the first half of November."""
    window = Window(
        window_id=WINDOW,
        unit_id=UNIT,
        version=0,
        from_on=NOVEMBER_1,
        decided_until=NOVEMBER_1,
        latest_half_month=NOVEMBER_1,
        answers=answers,
    )
    return replace(window, **different)


def counts(meetings: int = 2, *, links: int = 6, largest_family: int = 3) -> Counts:
    """Return what was handed out in a half-month."""
    return Counts(meetings, links, largest_family)
