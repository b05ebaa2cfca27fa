"""Which migrations a service has, and how they are run: by the owner's role, the plumbing's series first."""

from pathlib import Path

from deploy import databases
from shared import migrations

_TREE = Path(__file__).resolve().parent.parent


def services() -> list[str]:
    """Return the names of the services that have a database."""
    return sorted(folder.parent.name for folder in (_TREE / "services").glob("*/migrations"))


def folders_of(service: str) -> tuple[Path, ...]:
    """Return the series of migrations of *service*, in order."""
    return _TREE / "shared" / "migrations", _TREE / "services" / service / "migrations"


async def migrate(owner_url: str, service: str) -> list[str]:
    """Apply what is missing to the database of *service* and return the names of what was applied."""
    applied = await migrations.migrate(owner_url, *folders_of(service))
    await databases.keep_read_only(owner_url, service)
    return applied
