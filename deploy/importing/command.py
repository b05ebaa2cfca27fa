"""`heijastin import`: from the file to the year as it was, telling on the way how far it is."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from deploy import asking
from deploy.api import Answer, Api, asked_by
from deploy.clocks import HELSINKI
from deploy.importing import reports, year
from deploy.importing.cases import Fault, Gathered, gather, refused
from deploy.importing.directory import Choices, Directory
from deploy.importing.files import Table, read
from deploy.importing.sending import Patience, Taken, send
from deploy.trouble import ExitCode, Trouble
from services.scheduling.commands.imports import Source
from shared.clock import monotonic

PATIENCE_SECONDS: Final = 60.0
_LOOK_EVERY_SECONDS: Final = 0.2
_STANDS_STILL_SECONDS: Final = 300.0  # in production the line is drawn once a minute
_PAGE: Final = "200"
_ANEW: Final = "\r\033[K"
"""What clears a line of a terminal."""
_MOST_TOLD: Final = 5
_ROLE: Final = "team_lead"  # may import, and may see the figures
_DUE_AT_THE_LATEST: Final = timedelta(days=62)
"""After the last row: the promise of a month, and a holiday's delay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was said on the command line."""

    path: Path
    source: str
    choices: Choices
    ignored: tuple[str, ...]
    scheduling: str | None
    quality: str | None
    dry_run: bool
    patience_seconds: float = PATIENCE_SECONDS


@dataclass(slots=True)
class Progress:
    """Tells people on stderr how far it is; on a terminal one line that changes, else a line for each phase."""

    began: float = field(default_factory=monotonic)
    _is_terminal: bool = field(default_factory=sys.stderr.isatty)
    _is_open: bool = False

    def now(self, text: str) -> None:
        """Tell how far it is, where somebody is looking."""
        if self._is_terminal:
            sys.stderr.write(f"{_ANEW}{text}")
            sys.stderr.flush()
            self._is_open = True

    def say(self, text: str) -> None:
        """Tell something that stays."""
        sys.stderr.write(f"{_ANEW if self._is_open else ''}{text}\n")
        sys.stderr.flush()
        self._is_open = False

    @contextmanager
    def phase(self, name: str) -> Generator[list[str]]:
        """Tell what came of a phase, which puts it into the list, and how long it took."""
        began = monotonic()
        words: list[str] = []
        self.now(f"{name} ...")
        yield words
        self.say(f"{monotonic() - began:6.1f} s  {name}: {', '.join(words)}")


@dataclass(slots=True)
class Sent:
    """What scheduling answered so far."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    facts: int = 0
    faults: list[Fault] = field(default_factory=list[Fault])
    recorded_until: datetime | None = None

    def add(self, taken: Taken) -> None:
        """Take up an answer."""
        for case, answer in taken.answers:
            self.outcomes[answer["outcome"]] += 1
            self.facts += answer["facts"]
            self.faults += refused(case, answer["problems"])
        self.recorded_until = max(self.recorded_until or taken.recorded_until, taken.recorded_until)


def run(wishes: Wishes) -> None:
    """
    Import a file, and print the year as it was.

    Raises:
        Trouble: it cannot be done, or not all of it could be.
    """
    asyncio.run(_run(wishes))


async def _run(wishes: Wishes) -> None:
    _require_source(wishes.source)
    progress = Progress()
    with progress.phase("read") as words:
        table = read(wishes.path, ignored=wishes.ignored)
        words.extend([f"{len(table.rows)} rows", table.encoding, f"divided by {table.delimited_by}"])
    async with _services(wishes) as (scheduling, quality):
        patience = Patience(wishes.patience_seconds, said=progress.say)
        with progress.phase("understood") as words:
            directory = await _directory(scheduling, wishes.choices, patience)
            gathered = gather(table, directory)
            words.append(f"{len(gathered.cases)} cases may go in")
            if gathered.repeated:
                words.append(f"{gathered.repeated} rows say the same again")
        with progress.phase("sent" if not wishes.dry_run else "asked, and nothing kept") as words:
            sent = await _send(scheduling, wishes, gathered, patience, progress)
            words.extend(f"{sent.outcomes[name]} {name}" for name in ("opened", "changed", "unchanged"))
            words.append(f"{sent.facts} facts")
        faults = [*gathered.faults, *sent.faults]
        vanished = await _vanished(scheduling, wishes, gathered, faults, patience)
        _report(wishes, table, gathered, faults, vanished, progress)
        if not wishes.dry_run and sent.recorded_until is not None:
            with progress.phase("judged") as words:
                words.append(await _judged(quality, sent.recorded_until, patience, progress))
            await _tell_year(quality, wishes, gathered.span(but=()), directory, patience, progress)
    progress.say(f"{monotonic() - progress.began:6.1f} s  in all")
    if faults:
        held_back = len({fault.case or fault.row for fault in faults})
        cases = "1 case" if held_back == 1 else f"{held_back} cases"
        verb = "would be" if wishes.dry_run else "was" if held_back == 1 else "were"
        what = f"{cases} {verb} held back."
        cure = f"Mend what {_beside(wishes.path, 'held-back')} tells, and run the same command again."
        raise Trouble(what, cure=cure, exit_code=ExitCode.CONFLICT)


def _require_source(source: str) -> None:
    try:
        TypeAdapter(Source).validate_python(source)
    except ValidationError:
        what = f"'{source}' cannot be the name of a source."
        cure = "Take small letters, digits and hyphens, such as --source cis, and always the same for one system."
        raise Trouble(what, cure=cure, exit_code=ExitCode.USAGE) from None


@asynccontextmanager
async def _services(wishes: Wishes) -> AsyncGenerator[tuple[Api, Api]]:
    async with AsyncExitStack() as stack:
        token = asking.token(_ROLE)
        scheduling = asked_by(token, asking.address("scheduling", wishes.scheduling))
        quality = asked_by(token, asking.address("quality", wishes.quality))
        yield await stack.enter_async_context(scheduling), await stack.enter_async_context(quality)


async def _all(api: Api, path: str, patience: Patience, **query: str) -> list[Answer]:
    """Return all items of a list, page by page."""
    items: list[Answer] = []
    cursor: dict[str, str] = {}
    while True:
        page = await patience.ask(partial(api.get, path, limit=_PAGE, **query, **cursor))
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = {"cursor": page["next"]}


async def _directory(scheduling: Api, choices: Choices, patience: Patience) -> Directory:
    units, teams, workers = [await _all(scheduling, f"/v1/{each}", patience) for each in ("units", "teams", "workers")]
    if not units:
        what, cure = "There is no unit that you belong to.", "Enter units and teams in scheduling first."
        raise Trouble(what, cure=cure, exit_code=ExitCode.CONFLICT)
    return Directory.of(units, teams, workers, choices)


async def _send(scheduling: Api, wishes: Wishes, gathered: Gathered, patience: Patience, progress: Progress) -> Sent:
    sent = Sent()

    def told(taken: Taken) -> None:
        sent.add(taken)
        progress.now(f"{sum(sent.outcomes.values())} of {len(gathered.cases)} cases sent, {sent.facts} facts")

    await send(scheduling, gathered.cases, source=wishes.source, dry_run=wishes.dry_run, patience=patience, told=told)
    return sent


async def _vanished(
    scheduling: Api, wishes: Wishes, gathered: Gathered, faults: Sequence[Fault], patience: Patience
) -> list[Answer]:
    """Return the rows within the span of what goes in that an earlier file had and this one has not."""
    waiting = {fault.case for fault in faults}
    span = gathered.span(but=waiting)
    if span is None:
        return []
    commands = [case.command for case in gathered.cases]
    named = {("meeting", row.reference) for command in commands for row in command.meetings}
    named |= {("follow_up", row.reference) for command in commands for row in command.follow_ups}
    days = {"from": span[0].isoformat(), "until": (span[1] + timedelta(days=1)).isoformat()}
    listed = await _all(scheduling, "/v1/imports", patience, source=wishes.source, **days)
    return [
        row for row in listed if (row["kind"], row["reference"]) not in named and row["case_reference"] not in waiting
    ]


def _report(
    wishes: Wishes,
    table: Table,
    gathered: Gathered,
    faults: Sequence[Fault],
    vanished: Sequence[Answer],
    progress: Progress,
) -> None:
    path = _beside(wishes.path, "held-back")
    lines = [*reports.held_back(faults, gathered.rows_by_case, table), *reports.vanished(vanished)]
    if not lines:
        path.unlink(missing_ok=True)
        return
    reports.write(path, reports.HELD_BACK, lines)
    if faults:
        waiting = len(lines) - len(vanished)
        progress.say(f"          {waiting} rows held back with their cases; why, and what to do: {path}")
        for what, times in Counter((fault.column, fault.what) for fault in faults).most_common(_MOST_TOLD):
            progress.say(f"            {times} x {what[0] or 'case'}: {what[1]}")
    if vanished:
        progress.say(f"          {len(vanished)} rows of earlier files are not in this one, and still count: {path}")


async def _judged(quality: Api, recorded_until: datetime, patience: Patience, progress: Progress) -> str:
    """
    Wait until quality has heard all that was recorded by then, and judged it; return what to tell about that.

    Raises:
        Trouble: it gets no further.
    """
    before, since = None, monotonic()
    while True:
        answer = await patience.ask(partial(quality.get, "/v1/as-of"))
        heard_until = datetime.fromisoformat(answer["as_of"]) if answer["as_of"] else None
        if heard_until is not None and heard_until > recorded_until and not answer["to_judge"]:
            return f"quality has heard all until {heard_until.astimezone(HELSINKI):%d.%m.%Y %H:%M:%S}"
        told = f"{heard_until.astimezone(HELSINKI):%d.%m.%Y %H:%M:%S}" if heard_until else "nothing yet"
        progress.now(f"quality has heard until {told}, {answer['to_judge']} cases to judge")
        if answer != before:
            before, since = answer, monotonic()
        elif monotonic() - since > _STANDS_STILL_SECONDS:
            what = f"Quality gets no further: it has heard until {told}."
            cure = "All is in scheduling. See to Kafka and scheduling's relay, and run the same command again."
            raise Trouble(what, cure=cure, exit_code=ExitCode.UNAVAILABLE)
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def _tell_year(
    quality: Api,
    wishes: Wishes,
    span: tuple[date, date] | None,
    directory: Directory,
    patience: Patience,
    progress: Progress,
) -> None:
    first, last = span or (date.min, date.min)
    days = {"from": first.isoformat(), "until": (last + _DUE_AT_THE_LATEST).isoformat()}
    report = await patience.ask(partial(quality.get, "/v1/figures", **days))
    table = year.lines(report["figures"], directory)
    sys.stdout.write(f"{year.as_text(table)}\n")
    sys.stdout.flush()
    path = _beside(wishes.path, "year")
    reports.write(path, year.COLUMNS, table)
    progress.say(f"          the same as CSV: {path}")


def _beside(path: Path, name: str) -> Path:
    return path.with_name(f"{path.stem}.{name}.csv")
