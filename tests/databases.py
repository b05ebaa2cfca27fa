"""A migrated database per service, and as many copies of it as the tests want."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
from hypothesis import HealthCheck, settings

from deploy import databases, migrating
from deploy.databases import Passwords, Urls
from shared import clock
from shared.ids import new_id

# The roles belong to the whole server, which several runs may share.
_PASSWORDS = Passwords(owner="test", runtime="test", auditor="test")


def in_one_database() -> settings:
    """Return the settings of a property that is tried in a database: fewer examples, all of them in the same."""
    profile = settings.default
    assert profile is not None, "chosen before any test is read"
    few = profile.max_examples // 4
    return settings(profile, max_examples=few, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Templates:
    """The migrated databases of one worker, each made when first asked for."""

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url
        self._names: dict[str, str] = {}

    @asynccontextmanager
    async def copies(self) -> AsyncGenerator[Callable[[str], Awaitable[Urls]]]:
        """Yield a function from a service's name to a copy; the copies are dropped at the end."""
        made: list[str] = []
        admin = await asyncpg.connect(self._admin_url)

        async def copy(service: str) -> Urls:
            template = self._names.get(service) or await self._make(service)
            made.append(name := f"{template}_{new_id().hex[:12]}")
            # file_copy would be quicker by itself, but waits for a checkpoint each time.
            await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {service}_owner STRATEGY wal_log")
            await databases.close_to_neighbours(admin, service, database=name)
            return databases.urls_of(self._admin_url, service, _PASSWORDS, database=name)

        try:
            yield copy
        finally:
            for name in made:
                await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
            await admin.close()

    async def drop(self) -> None:
        """Drop the templates."""
        admin = await asyncpg.connect(self._admin_url)
        for name in self._names.values():
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()

    async def _make(self, service: str) -> str:
        name = f"test_{service}_{new_id().hex[:8]}"
        urls = await databases.provision(self._admin_url, service, _PASSWORDS, database=name)
        self._names[service] = name
        await migrating.migrate(urls.owner, service)
        owner = await asyncpg.connect(urls.owner)
        await clock.unlock(owner)
        await owner.close()
        return name
