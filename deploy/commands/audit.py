"""Who looked at what."""

from typing import Annotated

import typer

from deploy.commands.options import OneOrEvery
from deploy.trouble import ExitCode, Trouble

app = typer.Typer(no_args_is_help=True, help="Who looked at what: the access log, its seals, a client's extract.")


@app.command("verify")
def audit_verify(
    service: OneOrEvery = None,
) -> None:
    """
    Read every line of the access log and every seal again; name each batch that was tampered with, and exit 1.

    Reads as the auditor (SERVICE_AUDITOR_URL, or the trial's). Compare the last seal with the line `access_sealed` in
    the service's own log: whoever owns the database could make all seals anew, but not that line.
    """
    import asyncio

    from deploy import auditing

    if not asyncio.run(auditing.all_is_whole(service, typer.echo)):
        raise typer.Exit(ExitCode.FAILED)


@app.command("report")
def audit_report(
    case: Annotated[str, typer.Option(metavar="CASE", help="A case's id or spoken code.")],
    first: Annotated[str | None, typer.Option("--from", help="First day, 2026-01-31; default: two years ago.")] = None,
    last: Annotated[str | None, typer.Option("--until", help="Last day; default: today.")] = None,
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a table for a spreadsheet, not a page.")] = False,
) -> None:
    """Print, for the client, who used a case's data in all services: an HTML page in plain Finnish, or CSV."""
    import asyncio
    from datetime import date

    from deploy import auditing, extract_page
    from shared.fields import EARLIEST_YEAR, LATEST_YEAR, is_sensible_year

    try:
        days = [date.fromisoformat(day) if day else None for day in (first, last)]
    except ValueError as error:
        raise Trouble(str(error), cure="Write days as 2026-01-31.", exit_code=ExitCode.USAGE) from error
    if any(day and not is_sensible_year(day.year) for day in days):
        what, cure = "Some day lies too far away.", f"Choose days of the years {EARLIEST_YEAR} to {LATEST_YEAR}."
        raise Trouble(what, cure=cure, exit_code=ExitCode.USAGE)
    extract = asyncio.run(auditing.extract(case, first=days[0], last=days[1]))
    typer.echo(extract_page.as_csv(extract) if as_csv else extract_page.as_html(extract), nl=False)
