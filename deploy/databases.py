"""
A database and three roles per service: its owner migrates it, its runtime role works with rows, its auditor reads.

No service may even connect to a neighbour's database.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from shared.database import Connection

_LOCK = 0x4A17  # roles belong to the whole server: two provisioners at once would meet in its catalogue

# A runtime transaction that takes longer than this is a mistake, and a sleeping one would hold the watermark back.
_RUNTIME_LIMITS = {
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
    "transaction_timeout": "60s",
}

# What a service says to its database is written into no log of the server, whatever the server's own settings are: a
# statement, its parameters or the time of it would tell of families, and tie an anonymous answer to its hour.
_RUNTIME_SILENCE = {
    "log_statement": "none",
    "log_duration": "off",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_lock_waits": "off",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_temp_files": "-1",
}

# What even the service's own runtime role may only read: what migrated it, and what time it is.
_READ_ONLY = ("migrations", "business_clock")

# What it may only add to and read, and in which columns: who looked at what. When, in which order and transaction that
# was, the server says; a line that is added later cannot be given an earlier time.
_APPEND_ONLY = {
    "access_log": "subject, known_as, roles, route, request_id, did, object_id, ground",
    "access_seals": "number, from_xid, until_xid, lines, content, digest",
}

# An audit reads every line of years, once in a while.
_AUDITOR_LIMITS = {"statement_timeout": "10min", "default_transaction_read_only": "on"}

# What an auditor reads: who did what and when; and, to say it in words, the names of workers and the codes of cases.
_AUDITED = ("access_log", "access_seals", "business_clock")
_AUDITED_COLUMNS = {"scheduling": {"workers": "worker_id, display_name", "cases": "case_id, code"}}


@dataclass(frozen=True, slots=True)
class Urls:
    """How to reach one service's database; all contain a password."""

    owner: str
    runtime: str
    auditor: str


def database_of(service: str) -> str:
    """Return the name of the database of *service*."""
    return f"heijastin_{service}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passwords:
    """Of the roles of one service."""

    owner: str
    runtime: str
    auditor: str


def urls_of(admin_url: str, service: str, passwords: Passwords, *, database: str | None = None) -> Urls:
    """Return the addresses of a provisioned database on the server of *admin_url*."""
    name = database or database_of(service)
    return Urls(
        owner=_url(admin_url, user=f"{service}_owner", password=passwords.owner, database=name),
        runtime=_url(admin_url, user=service, password=passwords.runtime, database=name),
        auditor=_url(admin_url, user=auditor_of(service), password=passwords.auditor, database=name),
    )


def auditor_of(service: str) -> str:
    """Return the name of the role that audits *service*."""
    return f"{service}_auditor"


async def provision(
    admin_url: str,
    service: str,
    passwords: Passwords,
    *,
    database: str | None = None,
) -> Urls:
    """
    Create the database and the roles of *service*, or bring existing ones to the same state; run before migration 1.

    *admin_url* is a superuser's. *database* is another name for the database (tests have many).
    """
    owner, name = f"{service}_owner", database or database_of(service)
    connection = await asyncpg.connect(admin_url, server_settings={"application_name": "provision"})
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await _role(connection, owner, passwords.owner)
        for role, password, limits in (
            (service, passwords.runtime, _RUNTIME_LIMITS | _RUNTIME_SILENCE),
            (auditor_of(service), passwords.auditor, _AUDITOR_LIMITS),
        ):
            await _role(connection, role, password)
            for setting, value in limits.items():
                await connection.execute(f"ALTER ROLE {role} SET {setting} = '{value}'")
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name):
            await connection.execute(f'CREATE DATABASE "{name}" OWNER {owner}')
        await close_to_neighbours(connection, service, database=name)
        urls = urls_of(admin_url, service, passwords, database=name)
        await _grant_ahead(urls.owner, owner, service)
        return urls
    finally:
        await connection.close()


async def close_to_neighbours(admin: Connection, service: str, *, database: str) -> None:
    """Let nobody but *service*, and its auditor, connect; a copy by CREATE DATABASE ... TEMPLATE needs it anew."""
    await admin.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
    await admin.execute(f'GRANT CONNECT ON DATABASE "{database}" TO {service}, {auditor_of(service)}')


async def settle_rights(owner_url: str, service: str) -> None:
    """
    Say, after the migrations, what depends on the tables themselves.

    Takes away what the grants made ahead gave the runtime role too much, and lets the auditor read its part. All at
    once: a service that runs meanwhile keeps its rights, and replicas that migrate together take turns.
    """
    connection = await asyncpg.connect(owner_url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            await _settle_rights(connection, service)
    finally:
        await connection.close()


async def _settle_rights(connection: Connection, service: str) -> None:
    auditor = auditor_of(service)
    await connection.execute(f"""
        REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {", ".join(_READ_ONLY)} FROM {service};
        REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {", ".join(_APPEND_ONLY)} FROM {service};
        GRANT SELECT ON {", ".join(_AUDITED)} TO {auditor};
        GRANT EXECUTE ON FUNCTION business_now() TO {auditor};
    """)
    for table, columns in _APPEND_ONLY.items():
        await connection.execute(f"GRANT INSERT ({columns}) ON {table} TO {service}")
    for table, columns in _AUDITED_COLUMNS.get(service, {}).items():
        await connection.execute(f"GRANT SELECT ({columns}) ON {table} TO {auditor}")


async def _role(connection: Connection, name: str, password: str) -> None:
    exists = await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", name)
    # DDL takes no parameters, so the server quotes the password.
    statement = await connection.fetchval(
        "SELECT format($1 || ' ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L', $2::text, $3::text)",
        "ALTER" if exists else "CREATE",
        name,
        password,
    )
    await connection.execute(statement)


async def _grant_ahead(owner_url: str, owner: str, service: str) -> None:
    """Say, before any table exists, what the runtime role may do with those to come: rows, and nothing else."""
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute(f"""
            REVOKE ALL ON SCHEMA public FROM PUBLIC;
            GRANT USAGE ON SCHEMA public TO {service}, {auditor_of(service)};
            ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
            ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public
                GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {service};
            ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {service};
            ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO {service};
        """)
    finally:
        await connection.close()


def _url(admin_url: str, *, user: str, password: str, database: str) -> str:
    parts = urlsplit(admin_url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user)}:{quote(password, safe='')}@{place}", path=f"/{database}"))
