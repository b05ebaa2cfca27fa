"""Who runs a command reads what does not answer and what to do, and a script reads it from the exit code."""

import asyncpg
import pytest
from aiokafka.errors import KafkaConnectionError

from deploy.away import explained
from deploy.trouble import ExitCode
from shared.migrations import SchemaMismatch


class TestWhatIsInTheWay:
    @pytest.mark.parametrize(
        "error, exit_code, cure",
        [
            (ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)"), ExitCode.UNAVAILABLE, "runs"),
            (OSError("Multiple exceptions: [Errno 111] ..., [Errno 111] ..."), ExitCode.UNAVAILABLE, "runs"),
            (KafkaConnectionError("no broker"), ExitCode.UNAVAILABLE, "runs"),
            (asyncpg.CannotConnectNowError("starting up"), ExitCode.UNAVAILABLE, "runs"),
            (asyncpg.LockNotAvailableError("lock timeout"), ExitCode.UNAVAILABLE, "again"),
            (asyncpg.InvalidPasswordError("password"), ExitCode.FAILED, "password"),
            (asyncpg.InvalidCatalogNameError("no database"), ExitCode.FAILED, "databases create"),
            (asyncpg.InsufficientPrivilegeError("permission denied"), ExitCode.FAILED, "role"),
            (asyncpg.UndefinedTableError('relation "gaps" does not exist'), ExitCode.FAILED, "heijastin migrate"),
            (asyncpg.ClientConfigurationError("invalid DSN"), ExitCode.USAGE, "postgresql://"),
            (SchemaMismatch("0001_loaves.sql was changed"), ExitCode.CONFLICT, "applied"),
            (FileNotFoundError(2, "No such file or directory", "/a/secret"), ExitCode.FAILED, "permissions"),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
    )
    def test_is_told_with_its_cure(self, error: Exception, exit_code: ExitCode, cure: str) -> None:
        """What goes by itself is told from what somebody has to mend."""
        trouble = explained(error)

        assert trouble is not None
        assert trouble.exit_code == exit_code
        assert cure in trouble.cure

    @pytest.mark.parametrize("fault", [KeyError("x"), asyncpg.UndefinedColumnError("x"), asyncpg.InterfaceError("x")])
    def test_is_not_made_of_a_fault_of_ours(self, fault: Exception) -> None:
        """Whoever is to mend that needs to see where it was."""
        assert explained(fault) is None
