"""Rebuilding what quality knows, from the topics."""

import asyncio
from collections.abc import Callable

from deploy import finding
from deploy.away import explained
from deploy.trouble import Trouble
from services.quality.main import REBUILDING
from shared.rebuild import Rebuilt, rebuild


def quality(kafka: str | None, *, told: Callable[[int, int], None]) -> Rebuilt:
    """
    Read all topics again and say the differences; *told* hears of records read, and of how many.

    Raises:
        Trouble: it was cut short.
    """
    servers = finding.kafka(kafka)
    try:
        return asyncio.run(_quality(servers, told))
    except Exception as error:
        trouble = explained(error)
        if trouble is None:
            raise
        cure = f"{trouble.cure} If it had begun to read, quality takes nothing in until it has been run to its end."
        raise Trouble(trouble.what, cure=cure, exit_code=trouble.exit_code) from error


async def _quality(kafka_servers: str, told: Callable[[int, int], None]) -> Rebuilt:
    async with finding.opened("quality", command="rebuild") as database:
        return await rebuild(database, kafka_servers, REBUILDING, told=told)
