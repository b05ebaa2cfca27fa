"""Which services there are, and how their databases are migrated: by the owner, the plumbing's series first."""

from pathlib import Path

from deploy import databases
from deploy.trouble import ExitCode, Trouble
from shared import migrations

_TREE = Path(__file__).resolve().parent.parent


def services() -> list[str]:
    """Return the names of the services."""
    return sorted(main.parent.name for main in (_TREE / "services").glob("*/main.py"))


def chosen(service: str | None) -> list[str]:
    """Return the name of *service* alone, or of every service where none is named."""
    return [service] if service else services()


def demand(service: str) -> None:
    """
    Do nothing if there is such a service.

    Raises:
        Trouble: there is none of that name.
    """
    if service not in services():
        what, cure = f"There is no service '{service}'.", f"Choose one of: {', '.join(services())}"
        raise Trouble(what, cure=cure, exit_code=ExitCode.USAGE)


def folders_of(service: str) -> tuple[Path, ...]:
    """Return the series of migrations of *service*, in order."""
    return _TREE / "shared" / "migrations", _TREE / "services" / service / "migrations"


async def migrate(owner_url: str, service: str) -> list[str]:
    """Apply what is missing to the database of *service* and return the names of what was applied."""
    applied = await migrations.migrate(owner_url, *folders_of(service))
    await databases.settle_rights(owner_url, service)
    return applied
