"""The trial: an invented region on this machine, its tokens and its movable clock."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.options import AsJson
from deploy.trouble import ExitCode, Trouble

clock = typer.Typer(no_args_is_help=True, help="The movable clock of a trial.")


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


def tour() -> None:
    """Play a month in a trial of its own, told event by event; exits 0 if all came as it should."""
    from deploy.tour import command as tour

    tour.run()


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
