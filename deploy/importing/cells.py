"""What a cell says: days and times as people in Finland and machines write them, yes and no, and a few words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final, Literal, TypeVar

from deploy.clocks import HELSINKI
from deploy.importing.columns import plain
from shared.fields import EARLIEST_YEAR, LATEST_YEAR, is_sensible_year

Kind = Literal["meeting", "follow_up"]
Mode = Literal["in_person", "remote"]
IN_PERSON: Final[Mode] = "in_person"

_T = TypeVar("_T")

NOON: Final = time(12)
"""When something of which only the day is told is taken to have begun; it takes an hour."""
AN_HOUR: Final = timedelta(hours=1)

_KINDS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("heijastin", "heijastin kokous", "heijastinkokous", "meeting", "reflektor"), "meeting"),
    **dict.fromkeys(("follow up", "followup", "jatkotapaaminen", "jatko", "uppföljning"), "follow_up"),
}
_HELD: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("held", "pidetty", "toteutunut", "toteutui"), True),
    **dict.fromkeys(("cancelled", "canceled", "peruttu", "peruutettu", "ei pidetty", "not held"), False),
    **dict.fromkeys(("booked", "varattu", "suunniteltu", "siirretty"), False),
}
_YES_OR_NO: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("yes", "y", "true", "1", "x", "kyllä", "k", "on", "ja"), True),
    **dict.fromkeys(("no", "n", "false", "0", "ei", "e", "nej"), False),
}
_MODES: Final[Mapping[str, Mode]] = {
    **dict.fromkeys(("in person", "läsnä", "paikan päällä", "kasvokkain", "lähi"), "in_person"),
    **dict.fromkeys(("remote", "etä", "etänä", "video", "puhelin", "phone"), "remote"),
}

_FINNISH = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?:,?\s+(?:klo\s+)?(\d{1,2})[.:](\d{2})(?:[.:](\d{2}))?)?")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})?)?")
_TIME = re.compile(r"(?:klo\s+)?(\d{1,2})[.:](\d{2})(?:[.:]00)?")
_SHORT_YEAR = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2}(?!\d).*")


class Unreadable(Exception):
    """A cell that says nothing that can be used: what is wrong, and what to do about it."""

    def __init__(self, what: str, *, cure: str) -> None:
        super().__init__(what)
        self.what: Final = what
        self.cure: Final = cure


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, with a local time or one with an offset from UTC, if it is told."""

    day: date
    at: time | None = None
    offset: timezone | None = None

    def instant(self) -> datetime:
        """
        Return the instant, in UTC; noon where only the day is told.

        Raises:
            Unreadable: the local time does not exist on that day, or occurs twice.
        """
        naive = datetime.combine(self.day, self.at or NOON)
        if self.offset is not None:
            return naive.replace(tzinfo=self.offset).astimezone(UTC)
        first, second = (naive.replace(tzinfo=HELSINKI, fold=fold) for fold in (0, 1))
        instant = first.astimezone(UTC)
        if first.utcoffset() == second.utcoffset():
            return instant
        if instant.astimezone(HELSINKI).replace(tzinfo=None) != naive:
            what = f"{naive:%H.%M} does not exist on {_finnish(self.day)}: clocks go from 3 to 4 that night."
            raise Unreadable(what, cure="Correct the time.")
        what = f"{naive:%H.%M} occurs twice on {_finnish(self.day)}: clocks go back from 4 to 3 that night."
        summer, winter = (f"{naive:%Y-%m-%dT%H:%M}+0{hours}:00" for hours in (3, 2))
        raise Unreadable(what, cure=f"Write {summer} if it was the first time, {winter} if it was the second.")


def moment(text: str) -> Moment:
    """
    Return the day, and the time if there is one, that *text* tells.

    Raises:
        Unreadable: it tells none.
    """
    if not text:
        raise Unreadable("Nothing is said here.", cure="Fill it in, or leave the row out.")
    if found := _FINNISH.fullmatch(text):
        day, month, year, *clock = found.groups()
        return _moment(text, (year, month, day), clock, None)
    if found := _ISO.fullmatch(text):
        year, month, day, *clock, offset = found.groups()
        return _moment(text, (year, month, day), clock, offset)
    if _SHORT_YEAR.fullmatch(text):
        what = f"The year of '{text}' has two digits."
        raise Unreadable(what, cure="Write all four: 3.2.2026")
    what = f"'{text}' is neither a day nor a day with a time."
    raise Unreadable(what, cure="Write 3.2.2026 13.05 or 2026-02-03T13:05; day, month, year in that order.")


def day(text: str) -> date:
    """
    Return the day that *text* tells; a time beside it does not matter.

    Raises:
        Unreadable: it tells none.
    """
    return moment(text).day


def begin(text: str) -> Moment:
    """
    Return when something began.

    Raises:
        Unreadable: that is not told, or there is no such time.
    """
    began = moment(text)
    began.instant()
    return began


def end(text: str, began: Moment) -> datetime:
    """
    Return the instant at which something ended, told by day and time, or by a time of the day on which it *began*.

    Raises:
        Unreadable: that is not told, or there is no such time.
    """
    if not text:
        cure = "Fill it in; if no row has one, take the column out: then each is taken to have lasted an hour."
        raise Unreadable("The end is not told.", cure=cure)
    if found := _TIME.fullmatch(text):
        return Moment(began.day, _time(text, [*found.groups()]), began.offset).instant()
    ended = moment(text)
    if ended.at is None and ended.day == began.day:
        return began.instant() + AN_HOUR
    return ended.instant()


def kind(text: str) -> Kind:
    """Return what kind of row it is."""
    return _word(text, _KINDS, cure="Write Heijastin, or follow-up (jatkotapaaminen).")


def is_held(text: str) -> bool:
    """Return whether it was held; what is only booked was not."""
    return _word(text, _HELD, cure="Write held (pidetty), cancelled (peruttu) or booked (varattu).")


def yes_or_no(text: str) -> bool:
    """Return yes or no."""
    return _word(text, _YES_OR_NO, cure="Write yes (kyllä) or no (ei).")


def mode(text: str) -> Mode:
    """Return how they met."""
    return _word(text, _MODES, cure="Write in person (läsnä) or remote (etä).")


def count(text: str) -> int:
    """Return how many."""
    if not re.fullmatch(r"[0-9]{1,4}", text):
        what = f"'{text}' is not a number."
        raise Unreadable(what, cure="Write it in digits: 2")
    return int(text)


def _word(text: str, words: Mapping[str, _T], *, cure: str) -> _T:
    said = words.get(plain(text))
    if said is None:
        raise Unreadable(f"'{text}' is not understood." if text else "Nothing is said here.", cure=cure)
    return said


def _moment(text: str, digits: tuple[str, str, str], clock: list[str | None], offset: str | None) -> Moment:
    try:
        told = date(*map(int, digits))
        zone = None if offset is None else _zone(offset)
    except ValueError:
        what = f"There is no such day as '{text}'."
        raise Unreadable(what, cure="Correct it; day before month.") from None
    if not is_sensible_year(told.year):  # some systems write 31.12.9999 where they know no day
        what = f"The year of '{text}' is not between {EARLIEST_YEAR} and {LATEST_YEAR}."
        raise Unreadable(what, cure="Correct it; leave the cell empty if there is no such day yet.")
    return Moment(told, _time(text, clock) if clock[0] else None, zone)


def _time(text: str, clock: list[str | None]) -> time:
    try:
        return time.fromisoformat(":".join(f"{int(part or 0):02}" for part in clock))
    except ValueError:
        what = f"There is no such time as in '{text}'."
        raise Unreadable(what, cure="Write hours from 0 to 23: 13.05") from None


def _zone(offset: str) -> timezone:
    if offset == "Z":
        return UTC
    ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return timezone(-ahead if offset[0] == "-" else ahead)


def _finnish(day: date) -> str:
    return f"{day.day}.{day.month}.{day.year}"
