"""A browser before the real feedback service, which heard of its links from a real Kafka."""

import os
import shutil
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ViewportSize, async_playwright

from deploy import kafka_topics, topics
from services.feedback.domain.questionnaire import FORM_KINDS
from shared import ids
from tests import npm
from tests.browser.door import Door, running_door
from tests.databases import Templates

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_CURE = """There is no Chromium on this machine, so nobody can look at the pages.
    apt-get install chromium      or: export HEIJASTIN_TEST_CHROMIUM=/path/to/it"""
_QUIETLY = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",  # as root, and in a container, there is none to be had
)
_LINKS = 60
PHONE: ViewportSize = {"width": 360, "height": 740}


@pytest.fixture(name="chromium", scope="session")
def _chromium() -> str:
    """Return the path of the system's browser; none is ever downloaded."""
    path = os.environ.get("HEIJASTIN_TEST_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.fail(_CURE, pytrace=False)
    return path


@pytest.fixture(name="axe", scope="session")
def _axe() -> str:
    """Return axe, as a script to run in a page."""
    folder = npm.installed("axe", Path(__file__).parent / "node")
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest_asyncio.fixture(name="browser", scope="session", loop_scope="session")
async def _browser(chromium: str) -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=_QUIETLY)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(name="door", scope="session", loop_scope="session")
async def _door(
    chromium: str,
    _templates: Templates,
    postgres_admin_url: str,
    own_kafka: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncGenerator[Door]:
    """The running service, with links for everybody; not started at all where nobody could look at it."""
    assert chromium
    folder = tmp_path_factory.mktemp("door")
    await kafka_topics.apply(own_kafka, topics.load().values())
    async with (
        _templates.copies() as copy,
        running_door(folder, postgres_admin_url, await copy("feedback"), own_kafka) as door,
    ):
        for kind in FORM_KINDS:
            await door.issue(kind, [ids.new_token() for _ in range(_LINKS)])
        yield door


Look = Callable[..., AbstractAsyncContextManager[BrowserContext]]


@pytest.fixture(name="phone")
def _phone(browser: Browser, door: Door) -> Look:
    """
    Return a function that lends a phone with nothing in its memory: by default without JavaScript, in the light.

    It opens paths of the door, and fails the test if anything else was asked of anybody.
    """

    @asynccontextmanager
    async def lend(*, scripts: bool = False, dark: bool = False, wide: int = 360) -> AsyncGenerator[BrowserContext]:
        asked: list[str] = []
        async with await browser.new_context(
            base_url=door.address,
            viewport={**PHONE, "width": wide},
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
            locale="fi-FI",
        ) as context:
            context.on("request", lambda request: asked.append(request.url))
            yield context
        assert [url for url in asked if not url.startswith((door.address, "data:"))] == []

    return lend
