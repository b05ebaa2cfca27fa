"""Answers through the families' own door, at a steady rate, all to one unit: they share one row."""

import asyncio
import os
import statistics
from http import HTTPStatus
from pathlib import Path

import httpx

from deploy import clocks, seed, trial
from deploy.api import Answer
from deploy.seed import Region
from services.feedback.domain.questionnaire import ITEM_IDS
from shared import clock

_AT_ONCE = 20  # links in one request
_KNOWN_WITHIN_SECONDS = 60


async def measure(folder: Path, *, per_minute: int, seconds: int) -> None:
    """Start the system, hand so many links out, use each once, and print how long the door took."""
    # A trial of our own, whether or not somebody has one running.
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    async with trial.started(trial.Wishes(any_ports=True), lambda _: None) as started:
        running = started.running
        await seed.plant(running, now=await clocks.now(running.databases.values()))
        async with seed.region(running) as region, httpx.AsyncClient(trust_env=False) as browser:
            now = await clocks.now(running.databases.values())
            meeting = await region.schedule(await region.open_case("Perhe (keksitty)", on=now), at=now)
            links = await _hand_out(region, meeting, per_minute * seconds // 60)
            for link in links:
                await _until_known(browser, link)
            times = await _answer_all(browser, links, per_minute=per_minute)
    print(f"\nAn answer through the form's door: {len(times)} answers at {per_minute} a minute")
    print(f"{'':44} {'p50':>9} {'p99':>9}")
    hundredths = statistics.quantiles(times, n=100)
    print(f"{'POST answered':44} {hundredths[49] * 1000:>6.1f} ms {hundredths[98] * 1000:>6.1f} ms", flush=True)


async def _hand_out(region: Region, meeting: Answer, count: int) -> list[str]:
    links: list[str] = []
    while len(links) < count:
        links += await region.hand_out(meeting, *["adult"] * min(_AT_ONCE, count - len(links)))
    return links


async def _until_known(browser: httpx.AsyncClient, link: str) -> None:
    """Wait until feedback has heard of the booklet to which the link belongs."""
    async with asyncio.timeout(_KNOWN_WITHIN_SECONDS):
        while (await browser.get(link)).status_code != HTTPStatus.OK:  # noqa: ASYNC110 - the news is in another process
            await asyncio.sleep(0.1)


async def _answer_all(browser: httpx.AsyncClient, links: list[str], *, per_minute: int) -> list[float]:
    """Send an answer at each beat, whether or not the ones before it have been taken; returns seconds of each."""
    began = clock.monotonic()

    async def answer(place: int, link: str) -> float:
        await asyncio.sleep(began + place * 60 / per_minute - clock.monotonic())
        asked = clock.monotonic()
        filled = {**dict.fromkeys(ITEM_IDS, "4"), "open_answer": "Kiitos, kahvi oli hyvää. " * 4}
        taken = await browser.post(link, data=filled)
        assert taken.status_code == HTTPStatus.SEE_OTHER
        return clock.monotonic() - asked

    return await asyncio.gather(*(answer(place, link) for place, link in enumerate(links)))
