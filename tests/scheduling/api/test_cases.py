import asyncio
import json

import pytest
from fastapi import FastAPI

from tests.scheduling.builders import OTHER_UNIT_ID, OTHER_WORKER_ID, TEAM_ID, UNIT_ID, WORKER_ID
from tests.scheduling.conftest import Region
from tests.scheduling.edge import Caller, told

pytestmark = pytest.mark.postgres


class TestOpening:
    @pytest.mark.asyncio
    async def test_x(self, region: Region) -> None:
        """."""
        print(region.case, await told(region.database))
        assert 0
