"""The columns of an import: what each is called in a header, in English and Finnish, and which cannot be missing."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

Name = Literal[
    "case", "kind", "start", "end", "id", "unit", "team", "worker", "children", "opened", "closed", "status",
    "family present", "worker present", "mode",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A column: our name for it, which a header may use; its Finnish name; others that exports use; what it holds."""

    name: Name
    finnish: str
    others: tuple[str, ...]
    holds: str
    is_needed: bool = False


COLUMNS: Final = (
    Column(
        "case", "asiakkuus", ("case reference", "asiakas", "asiakasnumero", "asiakkuuden tunnus"),
        "what the other system calls the case", is_needed=True,
    ),
    Column(
        "kind", "laji", ("type", "tyyppi", "tapahtuma"), "Heijastin, or follow-up (jatkotapaaminen)",
        is_needed=True,
    ),
    Column(
        "start", "alkoi", ("started", "date", "alku", "aika", "päivä", "pvm"), "3.2.2026 13.05 or 2026-02-03T13:05",
        is_needed=True,
    ),
    Column("end", "päättyi", ("ended", "loppu", "loppui"), "the same, or only a time: 14.30; of what was held"),
    Column("id", "tunnus", ("row id", "rivin tunnus", "tapahtuman tunnus"), "what the other system calls the row"),
    Column("status", "tila", ("state",), "held (pidetty), cancelled (peruttu), booked (varattu)"),
    Column("unit", "yksikkö", ("office", "toimipiste"), "its name in any language, or its id"),
    Column("team", "tiimi", ("pientiimi",), "its name, or its id"),
    Column("worker", "vastuutyöntekijä", ("responsible worker", "vastaava"), "account, name or id"),
    Column("children", "lapsia", ("children count", "lasten määrä", "lapsimäärä"), "how many children the case has"),
    Column("opened", "asiakkuus alkoi", ("case opened", "avattu"), "a day"),
    Column("closed", "asiakkuus päättyi", ("case closed", "suljettu"), "a day; empty while the case goes on"),
    Column("family present", "perhe paikalla", ("perhe läsnä",), "yes (kyllä) or no (ei); of follow-ups"),
    Column("worker present", "työntekijä paikalla", ("työntekijä läsnä",), "yes (kyllä) or no (ei); of follow-ups"),
    Column("mode", "tapa", ("tapaamistapa",), "in person (läsnä) or remote (etä); of follow-ups"),
)  # fmt: skip

_BY_SPELLING: Final[Mapping[str, Name]] = {
    spelling: column.name for column in COLUMNS for spelling in (column.name, column.finnish, *column.others)
}


def plain(text: str) -> str:
    """Return *text* as it is compared: lower case, one space for every space, underscore, hyphen or dot."""
    return re.sub(r"[\s_.\-]+", " ", text).strip().casefold()


def name_of(header: str) -> Name | None:
    """Return the column that a *header* means, None for one that is not ours."""
    return _BY_SPELLING.get(plain(header))


def guess(header: str) -> str | None:
    """Return the name that somebody may have meant."""
    return next(iter(get_close_matches(plain(header), _BY_SPELLING, n=1, cutoff=0.75)), None)


def missing(names: Sequence[Name | None]) -> list[Column]:
    """Return the columns that cannot be missing and are."""
    return [column for column in COLUMNS if column.is_needed and column.name not in names]
