"""Rebuilding what quality knows, from the topics."""

import asyncio
from collections.abc import Callable

from deploy import finding
from services.quality.main import REBUILDING
from shared.database import Database
from shared.rebuild import Rebuilt, rebuild


def quality(kafka: str | None, *, told: Callable[[int, int], None]) -> Rebuilt:
    """Read scheduling's topics again and say the differences; *told* hears of records read, and of how many."""
    return asyncio.run(_quality(finding.runtime_url("quality"), finding.kafka(kafka), told))


async def _quality(url: str, kafka_servers: str, told: Callable[[int, int], None]) -> Rebuilt:
    database = await Database.open(url, application_name="quality rebuild")
    try:
        return await rebuild(database, kafka_servers, REBUILDING, told=told)
    finally:
        await database.close()
