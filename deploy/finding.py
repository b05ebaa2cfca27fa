"""Where the databases and Kafka are: what the environment says, else the trial that runs on this machine."""

import logging
import os
import re
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from deploy import migrating, state
from deploy.trouble import ExitCode, Trouble
from shared import logs
from shared.database import Connection, Database

_SERVER = r"(?:\[[0-9a-fA-F:.]+\]|[^\s:,\[\]]+)(?::[0-9]{1,5})?"
_SERVERS = re.compile(rf"{_SERVER}(?:,{_SERVER})*")


def kafka(given: str | None) -> str:
    """
    Return Kafka's servers: those *given*, or KAFKA_SERVERS, or the trial's.

    Raises:
        Trouble: none are known, or they cannot be read.
    """
    servers = given or os.environ.get("KAFKA_SERVERS") or trial("export KAFKA_SERVERS=host:port").kafka
    if not _SERVERS.fullmatch(servers):
        what, cure = f"'{servers}' names no servers of Kafka.", "Write them as host:port, or host:port,host:port"
        raise Trouble(what, cure=cure, exit_code=ExitCode.USAGE)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that it does not answer we say ourselves, once
    return servers


def runtime_url(service: str) -> str:
    """Return the address of the database of *service* for its runtime role: SERVICE_DATABASE_URL, or the trial's."""
    return _url(service, "DATABASE_URL") or trial(_export(service, "DATABASE_URL")).databases[service].runtime


def owner_url(service: str) -> str:
    """Return the same for the owner's role: SERVICE_OWNER_URL, or the trial's."""
    return _url(service, "OWNER_URL") or trial(_export(service, "OWNER_URL")).databases[service].owner


def auditor_url(service: str) -> str:
    """Return the same for the auditor's role: SERVICE_AUDITOR_URL, or the trial's."""
    return _url(service, "AUDITOR_URL") or trial(_export(service, "AUDITOR_URL")).databases[service].auditor


def secret(name: str) -> str | None:
    """Return the environment variable *name*, or the text of the file that NAME_FILE names, or None."""
    path = os.environ.get(f"{name}_FILE")
    return Path(path).read_text(encoding="utf-8").strip() if path else os.environ.get(name)


def demand_secret(name: str) -> str:
    """
    Return the same.

    Raises:
        Trouble: there is none.
    """
    value = secret(name)
    if not value:
        what = f"{name} is not set."
        raise Trouble(what, cure=f"export {name}=... or {name}_FILE=/a/file", exit_code=ExitCode.USAGE)
    return value


@asynccontextmanager
async def connected(service: str) -> AsyncGenerator[Connection]:
    """Yield a connection to the database of *service*, to look into it."""
    connection = await asyncpg.connect(runtime_url(service))
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def opened(service: str, *, command: str) -> AsyncGenerator[Database]:
    """Yield the database of *service* to do its work in; stdout stays the command's own: warnings go to stderr."""
    logs.configure(
        service=service, version="", environment=command, log_format="console", level="WARNING", stream=sys.stderr
    )
    database = await Database.open(runtime_url(service), application_name=command, max_size=2)
    try:
        yield database
    finally:
        await database.close()


def _url(service: str, name: str) -> str | None:
    migrating.demand(service)
    return secret(f"{service.upper()}_{name}")


def _export(service: str, name: str) -> str:
    return f"export {service.upper()}_{name}=postgresql://..."


def trial(otherwise: str) -> state.Running:
    """
    Return the trial that runs.

    Raises:
        Trouble: none does; *otherwise* says what else could be named.
    """
    running = state.find()
    if running is None:
        cure = f"Start one in another terminal (make trial), or: {otherwise}"
        raise Trouble("No trial is running, and nothing else is named.", cure=cure, exit_code=ExitCode.UNAVAILABLE)
    return running
