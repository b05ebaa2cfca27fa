"""The client's extract from the access log (lokitiedot) as a page and as a table, in plain Finnish."""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from deploy.auditing import Extract, Use
from deploy.clocks import HELSINKI
from deploy.log_words import GROUNDS, REFUSED, ROLES, ROUTES

_PAGE: Final = Path(__file__).parent / "templates" / "lokitiedot.html"
_COLUMNS: Final = ("Aika", "Kuka", "Rooli", "Mitä katsottiin tai muutettiin", "Peruste")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_WORDS: Final = {ground: words for ground, (words, _) in GROUNDS.items()}


def as_html(extract: Extract) -> str:
    """Return the page."""
    return Template(_PAGE.read_text(encoding="utf-8")).substitute(
        code=escape(extract.code),
        first=_day(extract.first),
        last=_day(extract.last),
        made=_time(extract.made_at),
        use=_table(extract.uses) if extract.uses else "<p>Tietoja ei ole katsottu eikä muutettu tänä aikana.</p>",
        grounds="\n".join(f"<dt>{words}</dt><dd>{meaning}</dd>" for words, meaning in [*GROUNDS.values(), REFUSED]),
    )


def as_csv(extract: Extract) -> str:
    """Return the same for a spreadsheet, as one opens it in Finland; no cell of it is taken for a formula."""
    table = io.StringIO()
    writer = csv.writer(table, delimiter=";", lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    writer.writerows([_guarded(cell) for cell in _cells(use)] for use in extract.uses)
    return "\ufeff" + table.getvalue()


def _table(uses: Sequence[Use]) -> str:
    head = "".join(f'<th scope="col">{column}</th>' for column in _COLUMNS)
    rows = "\n".join(f"<tr>{_row(use)}</tr>" for use in uses)
    caption = f"<caption>{len(uses)} tapahtumaa, vanhin ensin</caption>"
    return (
        f'<div class="scrolls" role="region" aria-label="Käyttö" tabindex="0">\n<table>{caption}\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def _row(use: Use) -> str:
    at, *rest = _cells(use)
    when = f'<td><time datetime="{use.at.astimezone(HELSINKI).isoformat(timespec="seconds")}">{at}</time></td>'
    return when + "".join(f"<td>{escape(cell)}</td>" for cell in rest)


def _cells(use: Use) -> tuple[str, ...]:
    what = ROUTES.get(use.service, {}).get(use.route, use.route)
    is_refused = use.did == "refused"
    return (
        _time(use.at),
        use.name or f"ei työntekijäluettelossa (tunniste {use.subject.hex[-8:]})",
        ", ".join(ROLES.get(role, role) for role in use.roles),
        f"estetty yritys: {what}" if is_refused else what,
        REFUSED[0] if is_refused else _WORDS.get(use.ground or "", use.ground or ""),
    )


def _guarded(cell: str) -> str:
    """Return *cell* so that no spreadsheet computes it: a name might begin with an equals sign."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def _day(day: date) -> str:
    return f"{day.day}.{day.month}.{day.year}"


def _time(instant: datetime) -> str:
    local = instant.astimezone(HELSINKI)
    return f"{_day(local.date())} klo {local:%H.%M.%S}"
