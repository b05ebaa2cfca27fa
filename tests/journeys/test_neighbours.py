"""Services talk through Kafka only."""

import asyncpg
import pytest

from deploy.databases import Urls
from tests.journeys.region import JOURNEY, LiveRegion

pytestmark = JOURNEY


class TestANeighboursDatabase:
    @pytest.mark.parametrize(
        "service,neighbour", [("quality", "scheduling"), ("scheduling", "records"), ("records", "quality")]
    )
    async def test_refuses_us(self, region: LiveRegion, service: str, neighbour: str):
        """Neither the role that a service runs as nor the one that owns its tables may even connect."""
        own, other = region.running.databases[service], region.running.databases[neighbour]
        for url in (own.runtime, own.owner):
            await (await asyncpg.connect(url)).close()
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
                await asyncpg.connect(_with_database_of(url, other))


def _with_database_of(url: str, other: Urls) -> str:
    return f"{url.rpartition('/')[0]}/{other.runtime.rpartition('/')[2]}"
