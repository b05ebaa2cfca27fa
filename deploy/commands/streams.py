"""What flows through Kafka: topics, the facts on them, and what a service could not take."""

from typing import Annotated

import typer

from deploy.commands.options import AsJson, Kafka, OneOrEvery, ServiceName
from deploy.trouble import ExitCode, Trouble

topics = typer.Typer(no_args_is_help=True, help="Kafka's topics, as topics.yaml lists them.")
events = typer.Typer(no_args_is_help=True, help="The facts that the services tell each other.")
gaps = typer.Typer(no_args_is_help=True, help="Facts that never came to a service, though later ones did.")
parked = typer.Typer(no_args_is_help=True, help="Facts that a service could not take, and what waits behind them.")

Replication = Annotated[int, typer.Option(min=1, help="How many brokers keep each record.")]
Number = Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="As `heijastin parked list` tells it.")]


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


@gaps.command("list")
def gaps_list(service: OneOrEvery = None, *, as_json: AsJson = False) -> None:
    """List what services miss: sequences first to last of a topic and key, and since when (business time)."""
    import asyncio
    import json

    from deploy import gaps
    from deploy.listing import as_table

    rows = asyncio.run(gaps.listed(service))
    if rows or as_json:
        typer.echo(json.dumps(rows) if as_json else as_table(rows, "service", "since", "first", "last", "topic", "key"))
    else:
        typer.echo("nothing", err=True)


@gaps.command("fill")
def gaps_fill(service: OneOrEvery = None, kafka: Kafka = None) -> None:
    """Have it sent again by those who wrote it; who has it already drops it, who missed it takes it late."""
    import asyncio

    from deploy import finding, gaps

    done = asyncio.run(gaps.filled(service, finding.kafka(kafka)))
    for each in done:
        typer.echo(f"{each.service}: {each.sent} of {each.missing} missing facts sent again")
    if not done:
        typer.echo("nothing is missing", err=True)
    if any(each.sent < each.missing for each in done):
        what = "The rest is not in the outbox of who wrote it: restored from an older backup, or erased."
        cure = "A case is judged without it a day after it was missed; have people look at what they recorded then."
        raise Trouble(what, cure=cure)


@parked.command("list")
def parked_list(
    service: OneOrEvery = None,
    *,
    settled: Annotated[bool, typer.Option("--settled", help="Those replayed or discarded instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what services could not take."""
    import asyncio
    import json

    from deploy import parked
    from deploy.listing import as_table

    rows = asyncio.run(parked.listed(service, settled=settled))
    if rows or as_json:
        columns = ("service", "number", "parked_at", "type", "reason", "key")
        typer.echo(json.dumps(rows) if as_json else as_table(rows, *columns))
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
