"""What was held before there was Heijastin here."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.trouble import ExitCode, Trouble


def import_(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file; docs/import.md tells its columns.")],
    *,
    source: Annotated[str, typer.Option(help="The system that it came from, always by the same name.")] = "cis",
    unit: Annotated[str | None, typer.Option(metavar="NAME", help="The unit of rows that name none.")] = None,
    team: Annotated[str | None, typer.Option(metavar="NAME", help="The team of rows that name none.")] = None,
    worker: Annotated[str | None, typer.Option(metavar="NAME", help="Likewise; default: those of the team.")] = None,
    alias: Annotated[
        list[str] | None, typer.Option(metavar="SPELLING=NAME", help="What a spelling in the file means; repeatable.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="A column to leave out; repeatable.")
    ] = None,
    scheduling: Annotated[
        str | None, typer.Option(metavar="URL", help="Default: SCHEDULING_URL, or the trial's.")
    ] = None,
    quality_url: Annotated[
        str | None, typer.Option("--quality", metavar="URL", help="Default: QUALITY_URL, or the trial's.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would come of it; keep nothing.")] = False,
) -> None:
    """
    Take over held Heijastin meetings and follow-ups, and print how the promise was kept.

    heijastin import docs/samples/a-year.csv

    heijastin import meetings.csv --dry-run

    heijastin import meetings.csv --unit Keskusta --alias 'Kesk.=Keskusta' --ignore Huomautus

    It may be cut short and run again at any time: what is in stays in and is not told twice. The token is that of
    HEIJASTIN_TOKEN (or HEIJASTIN_TOKEN_FILE), of a team lead of all the units, or that of the trial's.
    """
    from deploy.importing import command
    from deploy.importing.directory import Choices, aliases

    wishes = command.Wishes(
        path=path,
        source=source,
        choices=Choices(unit=unit, team=team, worker=worker, aliases=aliases(alias or ())),
        ignored=tuple(ignore or ()),
        scheduling=scheduling,
        quality=quality_url,
        dry_run=dry_run,
    )
    try:
        command.run(wishes)
    except KeyboardInterrupt:
        cure = "Run the same command again: what is in stays in, the rest follows."
        raise Trouble("\nStopped.", cure=cure, exit_code=ExitCode.INTERRUPTED) from None
