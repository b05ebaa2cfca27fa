"""What of the errors of Postgres, Kafka and files a person can mend, in words; any other is a fault of ours."""

import socket

import asyncpg
from aiokafka.errors import KafkaError

from deploy.trouble import ExitCode, Trouble
from shared.migrations import SchemaMismatch
from shared.trouble import is_passing

_NOT_LET_IN = ("28", "3D", "42501")
"""Wrong role or password; no such database; a role that may not do this."""
_AGAIN = "See that it runs and that its address is right (a trial: make trial), and run the same command again."


def explained(error: Exception) -> Trouble | None:
    """Return what is in the way and its cure, if somebody can see to it; None for what nobody foresaw."""
    exit_code = ExitCode.FAILED
    match error:
        case SchemaMismatch():
            what, cure, exit_code = f"{error}.", "Nothing further was applied.", ExitCode.CONFLICT
        case KafkaError():
            what, cure, exit_code = f"Kafka cannot serve us: {error}.", _AGAIN, ExitCode.UNAVAILABLE
        case asyncpg.ClientConfigurationError():
            what, exit_code = f"That is no address of a database: {error}.", ExitCode.USAGE
            cure = "Write it as postgresql://user:password@host:port/name"
        case asyncpg.PostgresError(sqlstate=str() as state) if state.startswith(_NOT_LET_IN):
            what = f"Postgres does not let us in: {error}."
            cure = "See to role, password and database in its address; heijastin databases create makes them."
        case asyncpg.UndefinedTableError():
            what, cure = f"The database lacks its schema: {error}.", "heijastin migrate --all"
        case asyncpg.PostgresError() if is_passing(error):
            what, cure, exit_code = f"Postgres cannot serve us: {error}.", _AGAIN, ExitCode.UNAVAILABLE
        case ConnectionError() | TimeoutError() | socket.gaierror() | OSError(errno=None):
            what, cure, exit_code = f"Nobody answers: {error}.", _AGAIN, ExitCode.UNAVAILABLE
        case OSError():
            what = f"{error.filename or 'A file'} cannot be used: {error.strerror}."
            cure = "See that it is there, to its permissions and to the space on its disk."
        case _:
            return None
    return Trouble(what, cure=cure, exit_code=exit_code)
