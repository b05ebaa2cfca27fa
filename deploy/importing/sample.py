"""
An invented year of the trial's region, as a client information system might export it, faults included.

`python -m deploy.importing.sample FILE [MEETINGS] [SEED]` writes one; the same seed always gives the same file.
Half of the world's exports are in Windows-1252 with semicolons, so this one is.
"""

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID

from shared.derived import derived_id

HEADER: Final = (
    "Tunnus", "Asiakkuus", "Laji", "Tila", "Yksikkö", "Tiimi", "Alkoi", "Päättyi", "Perhe paikalla",
    "Työntekijä paikalla", "Tapa", "Lapsia", "Asiakkuus päättyi",
)  # fmt: skip
MEETINGS: Final = 1_200
FIRST_DAY: Final = date(2025, 9, 1)
LAST_DAY: Final = date(2026, 8, 31)
EXPORTED_ON: Final = date(2026, 10, 16)
"""When every promise of the year had come to its end."""

_CHANCE: Final = UUID("c4a9ce00-0000-4000-8000-000000000000")
_PLACES: Final = (
    ("Satumaan perhekeskus (keksitty)", "Kettutiimi"),
    ("Satumaan perhekeskus (keksitty)", "Siilitiimi"),
    ("Tarulan perhekeskus (keksitty)", "Ilvestiimi"),
)
_NOBODY_CAME, _UNMET, _LATE, _CANCELLED_FIRST = 7, 14, 22, 95
"""Of a hundred: below these the family did not come, was not met, was met late; from the last on, at a second try."""
_HEIJASTIN, _FOLLOW_UP = "Heijastin", "Jatkotapaaminen"
_T = TypeVar("_T")


@dataclass(slots=True)
class Dice:
    """Chance that gives the same again for the same seed."""

    seed: int
    thrown: int = 0

    def below(self, number: int) -> int:
        """Return a number from 0 to one less than *number*."""
        self.thrown += 1
        return derived_id(_CHANCE, self.seed, self.thrown).int % number

    def happens(self, percent: int) -> bool:
        """Tell whether what happens in so many of a hundred cases does."""
        return self.below(100) < percent

    def one_of(self, things: Sequence[_T]) -> _T:
        """Return one of them."""
        return things[self.below(len(things))]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the export."""

    case: str
    kind: str
    starts: datetime
    minutes: int
    place: tuple[str, str]
    children: int
    family: bool = True
    worker: bool = True
    remote: bool = False
    closed: date | None = None
    status: str = "Pidetty"
    ends: str | None = None

    def cells(self, number: int) -> list[str]:
        """Return its cells."""
        end = f"{self.starts + timedelta(minutes=self.minutes):%H.%M}" if self.ends is None else self.ends
        is_follow_up = self.kind == _FOLLOW_UP
        return [
            f"T{number:05}",
            self.case,
            self.kind,
            self.status,
            *self.place,
            _moment(self.starts),
            end,
            _yes(self.family) if is_follow_up else "",
            _yes(self.worker) if is_follow_up else "",
            ("Etä" if self.remote else "Läsnä") if is_follow_up else "",
            str(self.children),
            _day(self.closed) if self.closed else "",
        ]


def rows(meetings: int = MEETINGS, seed: int = 1) -> Iterator[Row]:
    """Yield the rows of an invented year with so many Heijastin meetings, by case; nothing is wrong with them yet."""
    dice = Dice(seed)
    held = 0
    for number in range(1, meetings + 1):
        if held >= meetings:
            return
        place, children = dice.one_of(_PLACES), 1 + dice.below(4)
        base = Row(f"A-{number:04}", _HEIJASTIN, _working_time(dice, FIRST_DAY, LAST_DAY), 120, place, children)
        of_case: list[Row] = []
        starts = base.starts
        while starts.date() <= LAST_DAY and held < meetings:
            held += 1
            of_case += [replace(base, starts=starts), *_follow_ups(dice, base, starts)]
            if dice.happens(45):
                break
            starts = _later(dice, starts, 60, 110)
        if dice.happens(12):
            closed = min(of_case[-1].starts.date() + timedelta(days=dice.below(40)), EXPORTED_ON)
            of_case = [replace(row, closed=closed) for row in of_case]
        yield from of_case


def export(meetings: int = MEETINGS, seed: int = 1, *, with_faults: bool = True) -> bytes:
    """Return the year as a file, with what goes wrong in real ones unless that is not wished for."""
    table = [row.cells(number) for number, row in enumerate(rows(meetings, seed), start=1)]
    if with_faults:
        _spoil(table)
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([HEADER, *table])
    return text.getvalue().encode("cp1252")


def main() -> None:
    """Write a file."""
    path, *numbers = sys.argv[1:]
    Path(path).write_bytes(export(*map(int, numbers)))


def _follow_ups(dice: Dice, base: Row, after: datetime) -> Iterator[Row]:
    """Yield how the promise of a Heijastin went: mostly kept, sometimes late, sometimes not at all."""
    fate = dice.below(100)
    met = replace(base, kind=_FOLLOW_UP, minutes=60, remote=dice.happens(10))
    if fate < _NOBODY_CAME:
        yield replace(met, starts=_later(dice, after, 14, 25), family=False)
    if fate < _UNMET:
        return
    days = (32, 50) if fate < _LATE else (7, 27)
    if fate >= _CANCELLED_FIRST:
        yield replace(met, starts=_later(dice, after, 5, 7), status="Peruttu")
    held = replace(met, starts=_later(dice, after, *days))
    if held.starts.date() <= EXPORTED_ON:
        yield held


def _spoil(table: list[list[str]]) -> None:
    """Do to some rows what happens to real exports; each to another part of the year."""
    at = {name: place for place, name in enumerate(HEADER)}

    def cell(share: float, column: str) -> tuple[list[str], int]:
        return table[int(share * len(table))], at[column]

    for share in (0.05, 0.31, 0.62):  # the end was never entered
        row, place = cell(share, "Päättyi")
        row[place] = ""
    row, place = cell(0.12, "Päättyi")  # start and end swapped
    row[at["Alkoi"]], row[place] = f"{row[at['Alkoi']][:-5]}15.00", "13.00"
    for share in (0.18, 0.44):  # the unit by its Swedish name, in capitals: the same unit
        row, place = cell(share, "Yksikkö")
        swedish = "SAGOLANDETS FAMILJECENTER (PÅHITTAT)"
        row[place] = swedish if row[place].startswith("Satu") else "sägenbys familjecenter (påhittat)"
    row, place = cell(0.27, "Yksikkö")  # a slip of the pen: no such unit
    row[place] = row[place].replace("perhekeskus", "perhekekus")
    row, place = cell(0.36, "Alkoi")  # a year that has not come
    row[place] = row[place].replace("2025", "2062").replace("2026", "2062")
    row, place = cell(0.51, "Alkoi")  # a day that does not exist
    row[place] = f"31.2.2026 {row[place][-5:]}"
    row, place = cell(0.70, "Asiakkuus")  # what a spreadsheet made of it
    row[place] = f'="{row[place]}"'
    row, place = cell(0.78, "Perhe paikalla")  # left empty
    row[place] = "ehkä"
    row[at["Laji"]], row[at["Tila"]] = _FOLLOW_UP, "Pidetty"
    strays = [number for number in range(1, len(table) - 1) if _is_inside(table, number, at["Asiakkuus"])]
    row = table[strays[len(strays) // 2]]  # in between, another unit
    other = _PLACES[2] if row[at["Yksikkö"]].startswith("Satu") else _PLACES[0]
    row[at["Yksikkö"]], row[at["Tiimi"]] = other
    for share in (0.21, 0.58, 0.83):  # the same row twice
        table.append(list(table[int(share * len(table))]))
    twice = list(table[int(0.90 * len(table))])  # the same id, saying something else
    twice[at["Lapsia"]] = str(int(twice[at["Lapsia"]]) + 1)
    table.append(twice)


def _is_inside(table: Sequence[Sequence[str]], number: int, column: int) -> bool:
    return table[number - 1][column] == table[number][column] == table[number + 1][column]


def _working_time(dice: Dice, first: date, last: date) -> datetime:
    day = first + timedelta(days=dice.below((last - first).days + 1))
    return _at_work(dice, day)


def _later(dice: Dice, than: datetime, least_days: int, most_days: int) -> datetime:
    return _at_work(dice, than.date() + timedelta(days=least_days + dice.below(most_days - least_days + 1)))


def _at_work(dice: Dice, day: date) -> datetime:
    """Return a time on *day*, or on the Friday before if it is at a weekend."""
    working_day = day - timedelta(days=max(0, day.isoweekday() - 5))
    return datetime.combine(working_day, time(8 + dice.below(7), dice.one_of((0, 15, 30))))


def _moment(starts: datetime) -> str:
    return f"{_day(starts.date())} {starts:%H.%M}"


def _day(day: date) -> str:
    return f"{day.day}.{day.month}.{day.year}"


def _yes(is_so: bool) -> str:  # noqa: FBT001 - the question is in the name
    return "Kyllä" if is_so else "Ei"


if __name__ == "__main__":
    main()
