"""
Measure intake, relay, latency and feedback, the first two beside the plainest program that does the same: `make bench`.

Starts its own Postgres and Kafka on 127.0.0.1, leaves nothing behind, and ends by itself.
"""

import argparse
import asyncio
import os
import shlex
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from benchmarks import feedback, intake, latency, relay, story
from benchmarks.databases import Fresh
from benchmarks.rounds import interleaved, print_rates
from deploy import kafka, kafka_topics, postgres, topics
from shared import clock, logs
from shared.producer import Producer
from shared.service import collect_garbage_seldom

SUBJECTS = ("intake", "relay", "latency", "feedback")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=SUBJECTS, help="may be given again; default: all of them")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds that count (default 5)")
    parser.add_argument("--cases", type=int, default=5_000, help="cases, three facts each, for the intake")
    parser.add_argument("--facts", type=int, default=30_000, help="facts in the outbox, for the relay")
    parser.add_argument("--seconds", type=int, default=20, help="how long 20 requests/s are sent, for the latency")
    parser.add_argument("--answering", type=int, default=60, help="seconds in which 300 answers/min are given")
    wishes = parser.parse_args()
    print(f"$ {shlex.join(['python', '-m', 'benchmarks', *sys.argv[1:]])}", flush=True)
    began = clock.monotonic()
    with (
        Path(os.devnull).open("w") as nowhere,
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        Path(folder).chmod(0o711)  # Postgres runs as somebody else when we are root
        logs.configure(service="bench", version="0", environment="bench", stream=nowhere)  # written, as by a service
        collect_garbage_seldom()  # for all programs alike
        runner.run(_measure(wishes, frozenset(wishes.only or SUBJECTS), Path(folder)))
    print(f"\n{clock.monotonic() - began:.0f} s in all")


async def _measure(wishes: argparse.Namespace, subjects: frozenset[str], folder: Path) -> None:
    if subjects & {"intake", "relay"}:
        await _measure_throughput(wishes, subjects, folder)
    if "latency" in subjects:
        await latency.measure(folder, per_second=20, seconds=wishes.seconds)
    if "feedback" in subjects:
        await feedback.measure(folder, per_minute=300, seconds=wishes.answering)


async def _measure_throughput(wishes: argparse.Namespace, subjects: frozenset[str], folder: Path) -> None:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(postgres.running(folder / "postgres"))
        broker = await stack.enter_async_context(kafka.running(folder / "kafka"))
        await kafka_topics.apply(broker.servers, topics.load().values())
        fresh = Fresh(database.admin_url)
        await fresh.prepare()
        if "intake" in subjects:
            producer = await Producer.start(broker.servers)
            records = await story.tell(producer, wishes.cases)
            await producer.abandon()
            programs = intake.programs(fresh, broker.servers, cases=wishes.cases, records=records)
            measured = await interleaved(programs, rounds=wishes.rounds)
            print_rates(f"Intake: {records} records, three facts of each case", measured, base=intake.PLAIN)
            _, ours, *slow = measured
            for each in slow:
                print(
                    f"{'intake, as a multiple of ' + each.name[11:]:60} {ours.median / each.median:>9.1f}", flush=True
                )
        if "relay" in subjects:
            programs = relay.programs(fresh, broker.servers, facts=wishes.facts)
            measured = await interleaved(programs, rounds=wishes.rounds)
            print_rates(f"Relay: an outbox of {wishes.facts} facts", measured, base=relay.PLAIN)


if __name__ == "__main__":
    main()
