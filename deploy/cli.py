"""
The `heijastin` command line: what there is, a command a line, and how it fails.

What a command does is in `deploy.commands`, by subject. Commands import what they need when they run, so that
`heijastin --help` is there at once. Data goes to stdout, words about it to stderr.
"""

import sys
from typing import cast

import typer

from deploy.commands import audit, generating, services, streams, taking_over, trial
from deploy.commands.options import EXIT_CODES
from deploy.trouble import ExitCode, Trouble

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, epilog=EXIT_CODES)
app.command()(trial.trial)
app.command()(trial.tour)
app.command()(trial.token)
app.command()(services.serve)
app.command()(services.migrate)
app.command("import", epilog=f"{EXIT_CODES} 4: some cases were held back, all others are in.")(taking_over.import_)
app.command()(generating.generate)
app.add_typer(services.databases, name="databases")
app.add_typer(streams.topics, name="topics")
app.add_typer(streams.events, name="events")
app.add_typer(streams.gaps, name="gaps")
app.add_typer(streams.parked, name="parked")
app.add_typer(trial.clock, name="clock")
app.add_typer(services.quality, name="quality")
app.add_typer(audit.app, name="audit")


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
    from deploy.away import explained
    from shared.errors import NotFound, Refusal

    exit_code = None
    for leaf in _leaves(error):
        match explained(leaf) or leaf:
            case Trouble(what=what, cure=cure, exit_code=exit_code):
                typer.echo(f"{what}\n{cure}", err=True)
            case Refusal() as refusal:
                typer.echo(str(refusal), err=True)
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
