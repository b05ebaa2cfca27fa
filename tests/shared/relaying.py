"""A relay in a process of its own that a failpoint may end: `python -m tests.shared.relaying DATABASE KAFKA TOPIC`."""

import asyncio
import sys

from shared.relay import Relay


async def main(database_url: str, kafka_servers: str, topic: str) -> None:
    """Relay everything there is, ten facts at a time, announce how far that is, and end."""
    relay = Relay(database_url, kafka_servers, [topic], watermark_interval_seconds=0, chunk=10)
    try:
        while relay.state.announced_until is None:
            await relay.run_once()
    finally:
        await relay.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
