"""A region's past: a small file of another system's rows goes in, and starts nothing."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.clocks import HELSINKI, at
from deploy.importing import sample
from deploy.tour.month import AFTERWARDS
from deploy.tour.stage import Stage, insist, until
from deploy.trouble import ExitCode

_MEETINGS, _PLACE = 60, ("Satumaan perhekeskus (keksitty)", "Kettutiimi")
_SPOILT, _END = 7, sample.HEADER.index("Päättyi")
_FILE, _ENCODING = "last-year.csv", "cp1252"


async def a_year_comes_in(stage: Stage) -> None:
    """
    Try a file with a wrong row, import it mended, and once more.

    Raises:
        Trouble: what is told of it is not so, or somebody was bothered.
    """
    monday = await _next_monday(stage)
    header, *exported = sample.export(_MEETINGS, with_faults=False).decode(_ENCODING).splitlines()
    rows = [*(row for row in exported if _PLACE[0] in row), _held_lately(monday)]
    with TemporaryDirectory(prefix="heijastin-tour-") as name:
        folder = Path(name)
        past = f"The region's past is to come in: {len(rows)} rows of another system. One of them has no end."
        await stage.advance(at(monday, 10), past)
        _write(folder, [header, *rows[:_SPOILT], _without_end(rows[_SPOILT]), *rows[_SPOILT + 1 :]])
        await _import(stage, folder, "--dry-run", code=ExitCode.CONFLICT, telling="1 case would be held back")
        insist(not stage.narrator.of_strangers(), "A dry run was told of to others.")
        stage.narrator.heading("The row is mended in the other system, and the year comes in.")
        _write(folder, [header, *rows])
        await _import(stage, folder, code=ExitCode.OK, telling="all units")
        await _is_told_and_starts_nothing(stage)
        stage.narrator.heading("The same file once more changes nothing.")
        told = stage.narrator.of_strangers()
        await _import(stage, folder, code=ExitCode.OK, telling=" 0 opened, 0 changed, ", showing="sent: ")
        insist(stage.narrator.of_strangers() == told, "The same file was told of a second time.")


async def _import(stage: Stage, folder: Path, *options: str, code: ExitCode, telling: str, showing: str = "") -> None:
    """Run the import, show the lines with what is to be shown, and demand how it ends and what it tells."""
    came, lines = await stage.heijastin("import", _FILE, *options, folder=folder)
    for line in lines:
        if showing in line:
            stage.narrator.note(f"  {line}")
    insist(came == code, f"The import ended with exit code {came}, and should with {code:d}:\n" + "\n".join(lines))
    insist(any(telling in line for line in lines), f"The import should tell '{telling.strip()}'.")


async def _is_told_and_starts_nothing(stage: Stage) -> None:
    """Wait until all of it was heard; no warning, no memo and no letter came of it, and nothing is on the board."""

    async def is_all_heard() -> bool:
        heard = stage.narrator.of_strangers()
        return 0 < heard["MeetingHeld"] == heard["PromiseMade"]

    await until(is_all_heard, "Not every Heijastin of the file has its promise")
    await stage.settle(AFTERWARDS)
    heard = stage.narrator.of_strangers()
    stage.narrator.note("heard: " + ", ".join(f"{times} {kind}" for kind, times in heard.most_common()))
    started = {"PromiseAtRisk", "MemoExpected", "FeedbackLinksSent"} & heard.keys()
    insist(not started, f"An import starts nothing, and yet there came: {', '.join(sorted(started))}.")
    stage.narrator.note(
        "no warning, no memo, no letter, not even of last Thursday's: what another system knows bothers nobody here"
    )


async def _next_monday(stage: Stage) -> date:
    """Return the next Monday: in working hours a warning would come at once."""
    day = (await stage.now()).astimezone(HELSINKI).date()
    return day + timedelta(days=8 - day.isoweekday())


def _held_lately(monday: date) -> str:
    """Return the row of a Heijastin that nobody has followed up yet: recorded here, its team would be warned."""
    starts = datetime.combine(monday - timedelta(days=4), time(13))
    return ";".join(sample.Row("A-LATELY", "Heijastin", starts, 120, _PLACE, children=2).cells(number=99_999))


def _without_end(row: str) -> str:
    cells = row.split(";")
    cells[_END] = ""
    return ";".join(cells)


def _write(folder: Path, lines: Sequence[str]) -> None:
    (folder / _FILE).write_text("\r\n".join(lines), encoding=_ENCODING, newline="")
