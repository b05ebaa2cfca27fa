"""Fresh databases of quality, one per measurement: a table that grows from round to round would be another one."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from deploy import databases, migrating
from deploy.databases import Passwords, Urls

_SERVICE, _TEMPLATE = "quality", "bench_template"
_PASSWORDS = Passwords(owner="bench", runtime="bench", auditor="bench")


class Fresh:
    """Copies of one migrated database."""

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url
        self._copies = 0

    async def prepare(self) -> None:
        """Make the original."""
        urls = await databases.provision(self._admin_url, _SERVICE, _PASSWORDS, database=_TEMPLATE)
        await migrating.migrate(urls.owner, _SERVICE)

    @asynccontextmanager
    async def database(self) -> AsyncGenerator[Urls]:
        """Yield the addresses of a copy, which is dropped at the end."""
        self._copies += 1
        name = f"bench_{self._copies}"
        admin = await asyncpg.connect(self._admin_url)
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} OWNER {_SERVICE}_owner")
        await databases.close_to_neighbours(admin, _SERVICE, database=name)
        try:
            yield databases.urls_of(self._admin_url, _SERVICE, _PASSWORDS, database=name)
        finally:
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
            await admin.execute("CHECKPOINT")  # whoever comes next shall not pay for it
            await admin.close()
