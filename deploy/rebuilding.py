"""Rebuilding what quality knows, from the topics."""

import asyncio
from collections.abc import Callable

from deploy import finding
from services.quality.main import REBUILDING
from shared.rebuild import Rebuilt, rebuild


def quality(kafka: str | None, *, told: Callable[[int, int], None]) -> Rebuilt:
    """Read scheduling's topics again and say the differences; *told* hears of records read, and of how many."""
    return asyncio.run(_quality(finding.kafka(kafka), told))


async def _quality(kafka_servers: str, told: Callable[[int, int], None]) -> Rebuilt:
    async with finding.opened("quality", command="rebuild") as database:
        return await rebuild(database, kafka_servers, REBUILDING, told=told)
