"""
The `heijastin` command line: what there is, and where it is done.

Commands import what they need when they run, so that `heijastin --help` is there at once. Data goes to stdout, words
about it to stderr.
"""

import sys
from pathlib import Path
from typing import Annotated, cast

import typer

from deploy.trouble import ExitCode, Trouble

_EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 conflict, 5 something does not answer."

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, epilog=_EXIT_CODES)
databases = typer.Typer(no_args_is_help=True, help="The services' databases and roles.")
topics = typer.Typer(no_args_is_help=True, help="Kafka's topics, as topics.yaml lists them.")
events = typer.Typer(no_args_is_help=True, help="The facts that the services tell each other.")
parked = typer.Typer(no_args_is_help=True, help="Facts that a service could not take, and what waits behind them.")
clock = typer.Typer(no_args_is_help=True, help="The movable clock of a trial.")
quality = typer.Typer(no_args_is_help=True, help="What only quality can do.")
audit = typer.Typer(no_args_is_help=True, help="Who looked at what: the access log, its seals, a client's extract.")
app.add_typer(databases, name="databases")
app.add_typer(topics, name="topics")
app.add_typer(events, name="events")
app.add_typer(parked, name="parked")
app.add_typer(clock, name="clock")
app.add_typer(quality, name="quality")
app.add_typer(audit, name="audit")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_SERVICES = typer.Argument(metavar="SERVICE", help="scheduling, quality, records or feedback")
ServiceName = Annotated[str, _SERVICES]
Number = Annotated[int, typer.Argument(help="As `heijastin parked list` tells it.")]
Kafka = Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Default: KAFKA_SERVERS, or the trial's.")]
Replication = Annotated[int, typer.Option(min=1, help="How many brokers keep each record.")]


@app.command()
def trial(
    data: Annotated[Path | None, typer.Option(help="Keep the data here; without it, nothing is kept.")] = None,
    kafka: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Use this Kafka.")] = None,
    postgres: Annotated[str | None, typer.Option(metavar="URL", help="Use this Postgres (a superuser's URL).")] = None,
    *,
    any_ports: Annotated[bool, typer.Option("--any-ports", help="Take any free ports, not 8501 to 8505.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring an invented region up on this machine: Postgres, Kafka, the services. Ctrl-C ends it."""
    from deploy import trial_command
    from deploy.trial import Wishes

    trial_command.run(Wishes(data=data, kafka=kafka, postgres=postgres, any_ports=any_ports), as_json=as_json)


@app.command()
def tour() -> None:
    """Play a month in a trial of its own, told event by event; exits 0 if all came as it should."""
    from deploy.tour import command as tour

    tour.run()


@app.command()
def token(
    role: Annotated[str, typer.Argument(help="coordinator, team_lead, quality_manager, ops, ...")],
) -> None:
    """Print an access token of the running trial, for the invented person with this role."""
    from deploy import seed, state, tokens

    running = state.demand()
    if role not in seed.PEOPLE:
        what, cure = f"Nobody has the role '{role}'.", f"Choose one of: {', '.join(seed.PEOPLE)}"
        raise Trouble(what, cure=cure, exit_code=ExitCode.NOT_FOUND)
    typer.echo(tokens.mint(running.folder, seed.PEOPLE[role]))


@app.command()
def serve(service: ServiceName) -> None:
    """Run one service; its settings come from the environment, SERVICE_..."""
    from importlib import import_module

    from deploy import migrating
    from shared import service as life

    migrating.demand(service)
    life.serve(import_module(f"services.{service}.main").SERVICE)


@app.command()
def migrate(
    service: Annotated[
        str | None, typer.Argument(metavar="SERVICE", help="scheduling, quality, records or feedback")
    ] = None,
    *,
    all_services: Annotated[bool, typer.Option("--all", help="All services.")] = False,
) -> None:
    """Bring a service's database to the present schema, as its owner (SERVICE_OWNER_URL, or the trial's)."""
    import asyncio

    from deploy import finding, migrating

    if (service is None) != all_services:
        raise Trouble("Name one service, or say --all.", cure="heijastin migrate --help", exit_code=ExitCode.USAGE)
    for name in migrating.services() if service is None else [service]:
        applied = asyncio.run(migrating.migrate(finding.owner_url(name), name))
        typer.echo("\n".join(applied) or f"{name} is up to date", err=not applied)


@databases.command("create")
def databases_create(
    service: Annotated[str | None, typer.Argument(metavar="SERVICE", help="Default: every service.")] = None,
) -> None:
    """
    Create databases and roles, closed to the neighbours; may be run again.

    Reads HEIJASTIN_ADMIN_URL (a superuser's), SERVICE_OWNER_PASSWORD, SERVICE_PASSWORD and SERVICE_AUDITOR_PASSWORD, or
    the files that ..._FILE name.
    """
    import asyncio

    from deploy import databases, finding, migrating

    for name in [service] if service else migrating.services():
        migrating.demand(name)
        asyncio.run(
            databases.provision(
                finding.demand_secret("HEIJASTIN_ADMIN_URL"),
                name,
                databases.Passwords(
                    owner=finding.demand_secret(f"{name.upper()}_OWNER_PASSWORD"),
                    runtime=finding.demand_secret(f"{name.upper()}_PASSWORD"),
                    auditor=finding.demand_secret(f"{name.upper()}_AUDITOR_PASSWORD"),
                ),
            )
        )
        typer.echo(databases.database_of(name))


@topics.command("apply")
def topics_apply(kafka: Kafka = None, replication: Replication = 1) -> None:
    """Create what is missing and set configurations; never shrinks, never deletes."""
    import asyncio

    from deploy import finding, kafka_topics, topics

    listed = topics.load().values()
    for difference in asyncio.run(kafka_topics.apply(finding.kafka(kafka), listed, replication=replication)):
        typer.echo(f"done: {difference}")


@topics.command("check")
def topics_check(kafka: Kafka = None, replication: Replication = 1, *, as_json: AsJson = False) -> None:
    """Say where Kafka differs from the list, and exit 1 if it does."""
    import asyncio
    import json
    from dataclasses import asdict

    from deploy import finding, kafka_topics, topics

    listed = topics.load().values()
    differences = asyncio.run(kafka_topics.check(finding.kafka(kafka), listed, replication=replication))
    if as_json:
        typer.echo(json.dumps([asdict(difference) for difference in differences]))
    else:
        typer.echo("\n".join(map(str, differences)), nl=bool(differences))
    if differences:
        raise typer.Exit(ExitCode.FAILED)


@events.command("tail")
def events_tail(
    types: Annotated[
        list[str] | None, typer.Option("--type", metavar="TYPE", help="MeetingHeld, 'Promise*', quality.*; repeatable.")
    ] = None,
    case: Annotated[str | None, typer.Option(metavar="CASE", help="A case's id or spoken code.")] = None,
    kafka: Kafka = None,
    *,
    payload: Annotated[bool, typer.Option("--payload", help="Show what each fact says.")] = False,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Start with what is there.")] = False,
    until_now: Annotated[bool, typer.Option("--until-now", help="Do not wait for more.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell facts as they flow: when each was recorded (business time, Helsinki), its type, its key."""
    import asyncio
    from contextlib import suppress

    from deploy import finding, tailing, topics

    choice = tailing.Choice(
        kinds=types or (),
        case=case,
        payload=payload,
        as_json=as_json,
        from_beginning=from_beginning or until_now,
        follow=not until_now,
    )
    with suppress(KeyboardInterrupt):
        asyncio.run(tailing.tail(finding.kafka(kafka), topics.load(), choice, typer.echo))


@parked.command("list")
def parked_list(
    service: Annotated[str | None, typer.Argument(metavar="SERVICE", help="Default: every service.")] = None,
    *,
    settled: Annotated[bool, typer.Option("--settled", help="Those replayed or discarded instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what services could not take."""
    import asyncio
    import json

    from deploy import parked

    rows = asyncio.run(parked.listed(service, settled=settled))
    if rows or as_json:
        typer.echo(json.dumps(rows) if as_json else parked.as_table(rows))
    else:
        typer.echo("nothing", err=True)


@parked.command("show")
def parked_show(service: ServiceName, number: Number, *, as_json: AsJson = False) -> None:
    """Show one of them, with headers and body."""
    import asyncio
    import json

    from deploy import parked

    row = asyncio.run(parked.shown(service, number))
    typer.echo(json.dumps(row) if as_json else parked.as_lines(row))


@parked.command("replay")
def parked_replay(service: ServiceName, number: Number) -> None:
    """Take it again, and all that is parked of the same key, in order; for when the cause is mended."""
    import asyncio

    from deploy import parked

    replayed = asyncio.run(parked.replayed(service, number))
    typer.echo(f"taken: {replayed.taken}")
    if replayed.stopped_by:
        what = f"The next one was refused: {replayed.stopped_by}."
        cure = f"heijastin parked list {service} shows it; mend the cause, or discard it with a reason."
        raise Trouble(what, cure=cure, exit_code=ExitCode.CONFLICT)


@parked.command("discard")
def parked_discard(
    service: ServiceName,
    number: Number,
    reason: Annotated[str, typer.Option(help="Why, in a few words that name nobody; kept for good.")],
) -> None:
    """Give one up for good."""
    import asyncio

    from deploy import parked

    asyncio.run(parked.discarded(service, number, because=reason))
    typer.echo(f"{service} {number} is discarded; replay what waits behind it", err=True)


@clock.command("show")
def clock_show() -> None:
    """Print the trial's business time, in Helsinki."""
    import asyncio

    from deploy import clocks, state

    now = asyncio.run(clocks.now(state.demand().databases.values()))
    typer.echo(now.astimezone(clocks.HELSINKI).isoformat(timespec="seconds"))


@clock.command("advance")
def clock_advance(
    to: Annotated[str | None, typer.Option(metavar="TIME", help="2026-12-24, or 2026-12-24T08:00, Helsinki.")] = None,
    by: Annotated[str | None, typer.Option(metavar="PERIOD", help="Such as 90m, 12h, 1d, 2w.")] = None,
) -> None:
    """Move the trial's business time forward, in all databases together."""
    import asyncio

    from deploy import clocks, state

    urls = state.demand().databases.values()
    then = clocks.target(asyncio.run(clocks.now(urls)), to=to, by=by)
    asyncio.run(clocks.advance(urls, to=then))
    typer.echo(then.astimezone(clocks.HELSINKI).isoformat(timespec="seconds"))


@quality.command("rebuild")
def quality_rebuild(kafka: Kafka = None) -> None:
    """
    Read all of scheduling's facts again and judge everything anew, publishing only what turns out different.

    The service goes on answering meanwhile, but takes nothing in. Cut short, it waits for this to be run again.
    """
    from deploy import rebuilding

    def tell(read: int, there_are: int) -> None:
        typer.echo(f"\r{read} of {there_are} records", err=True, nl=read >= there_are)

    rebuilt = rebuilding.quality(kafka, told=tell)
    typer.echo(f"read {rebuilt.records} records, judged {rebuilt.settled} cases")


@app.command("import", epilog=f"{_EXIT_CODES} 4: some cases were held back, all others are in.")
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


@audit.command("verify")
def audit_verify(
    service: Annotated[str | None, typer.Argument(metavar="SERVICE", help="Default: every service.")] = None,
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


@audit.command("report")
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

    try:
        days = [date.fromisoformat(day) if day else None for day in (first, last)]
    except ValueError as error:
        raise Trouble(str(error), cure="Write days as 2026-01-31.", exit_code=ExitCode.USAGE) from error
    extract = asyncio.run(auditing.extract(case, first=days[0], last=days[1]))
    typer.echo(extract_page.as_csv(extract) if as_csv else extract_page.as_html(extract), nl=False)


@app.command()
def generate(
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 and name what is stale.")] = False,
    release: Annotated[bool, typer.Option("--release", help="Put today's contracts among the released ones.")] = False,
) -> None:
    """Write contracts, OpenAPI, AsyncAPI and docs/events.md anew from the code."""
    from deploy import generate

    generate.generate(check=check, release=release)


def main() -> None:
    """Run the command line; what goes wrong on purpose is told with its cure."""
    try:
        app()
    except Exception as error:
        exit_code = _told(error)
        if exit_code is None:
            raise
        sys.exit(exit_code)


def _told(error: Exception) -> ExitCode | None:
    """Tell a person what is in the way and return the exit code; None for what nobody foresaw."""
    from shared.errors import NotFound, Refusal

    exit_code = None
    for leaf in _leaves(error):
        match leaf:
            case Trouble(what=what, cure=cure):
                typer.echo(f"{what}\n{cure}", err=True)
                exit_code = leaf.exit_code
            case Refusal():
                typer.echo(str(leaf), err=True)
                exit_code = ExitCode.NOT_FOUND if isinstance(leaf, NotFound) else ExitCode.CONFLICT
            case _:
                pass
    return exit_code


def _leaves(error: Exception) -> list[Exception]:
    """Return what went wrong; of a group, each part."""
    match error:
        case ExceptionGroup(exceptions=parts):
            return [leaf for part in cast("tuple[Exception, ...]", parts) for leaf in _leaves(part)]
        case _:
            return [error]


if __name__ == "__main__":
    main()
