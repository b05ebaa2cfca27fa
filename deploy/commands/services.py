"""The services: their processes, their databases, and what only quality can do."""

from typing import Annotated

import typer

from deploy.commands.options import Kafka, OneOrEvery, ServiceName
from deploy.trouble import ExitCode, Trouble

databases = typer.Typer(no_args_is_help=True, help="The services' databases and roles.")
quality = typer.Typer(no_args_is_help=True, help="What only quality can do.")


def serve(service: ServiceName) -> None:
    """Run one service; its settings come from the environment, SERVICE_..."""
    from importlib import import_module

    from deploy import migrating
    from shared import service as life

    migrating.demand(service)
    life.serve(import_module(f"services.{service}.main").SERVICE)


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
    service: OneOrEvery = None,
) -> None:
    """
    Create databases and roles, closed to the neighbours; may be run again.

    Reads HEIJASTIN_ADMIN_URL (a superuser's), SERVICE_OWNER_PASSWORD, SERVICE_PASSWORD and SERVICE_AUDITOR_PASSWORD, or
    the files that ..._FILE name.
    """
    import asyncio

    from deploy import databases, finding, migrating

    for name in migrating.chosen(service):
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


@quality.command("rebuild")
def quality_rebuild(kafka: Kafka = None) -> None:
    """
    Read all facts of scheduling and records again and judge everything anew, publishing only what turns out different.

    The service goes on answering meanwhile, but takes nothing in. Cut short, it waits for this to be run again.
    """
    from deploy import rebuilding

    def tell(read: int, there_are: int) -> None:
        typer.echo(f"\r{read} of {there_are} records", err=True, nl=read >= there_are)

    rebuilt = rebuilding.quality(kafka, told=tell)
    typer.echo(f"read {rebuilt.records} records, judged {rebuilt.settled} cases")
