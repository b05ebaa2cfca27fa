"""The one region that all journeys share."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.databases import Templates
from tests.journeys.region import LiveRegion, running_region


@pytest_asyncio.fixture(name="region", scope="session", loop_scope="session")
async def _region(
    _templates: Templates, postgres_admin_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[LiveRegion]:
    """A running region; see there for the manners. Its logs stay a while where pytest keeps its files."""
    folder = tmp_path_factory.mktemp("region")
    async with _templates.copies() as copy, running_region(folder, postgres_admin_url, copy) as region:
        yield region
