"""Axe looks at every state of every page, in light and in the dark."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page

from services.feedback.domain.questionnaire import CURRENT, LANGUAGES, Language
from services.feedback.pages.notices import NOTICES
from services.feedback.pages.texts import TEXTS
from tests.browser.conftest import Look
from tests.browser.door import Door, shows

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.postgres, pytest.mark.kafka]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
LOOK = """async rules => {
    const found = await axe.run(document, {runOnly: {type: "tag", values: rules}});
    return {
        passes: found.passes.length,
        violations: found.violations.map(each => each.id + ": " + each.nodes.map(node => node.html).join(" ")),
    };
}"""
Come = Callable[[Door, Page, Language], Awaitable[None]]


async def barriers(page: Page, axe: str) -> list[str]:
    """Return what axe finds wrong; it must have found something right."""
    await page.evaluate(axe)
    found = await page.evaluate(LOOK, RULES)
    assert found["passes"] > 10
    return found["violations"]


async def adult_form(door: Door, page: Page, language: Language) -> None:
    await page.goto(f"{door.link('adult')}?lang={language}")


async def child_form(door: Door, page: Page, language: Language) -> None:
    await page.goto(f"{door.link('child')}?lang={language}")
    await page.get_by_label(CURRENT.child.of(language).scale[2]).first.check()


async def nothing_answered(door: Door, page: Page, language: Language) -> None:
    await adult_form(door, page, language)
    await page.get_by_role("button").click()
    assert await page.get_by_role("alert").is_visible()


async def mistakes(door: Door, page: Page, language: Language) -> None:
    await adult_form(door, page, language)
    await page.locator("#heard-1").evaluate("radio => { radio.value = 'made up'; radio.checked = true }")
    await page.get_by_role("textbox").fill("Höpö! " * 400)
    await page.get_by_role("button").click()
    assert await page.get_by_role("alert").get_by_role("link").count() == 2


async def interrupted(door: Door, page: Page, language: Language) -> None:
    await child_form(door, page, language)
    async with door.without_database():
        await page.get_by_role("button").click()
        assert await page.get_by_text(TEXTS.of(language).interrupted).is_visible()


async def trouble(door: Door, page: Page, language: Language) -> None:
    link = door.link()
    async with door.without_database():
        await page.goto(f"{link}?lang={language}")
    await shows(page, TEXTS.of(language).trouble.title)


async def too_large(door: Door, page: Page, language: Language) -> None:
    await adult_form(door, page, language)
    await page.get_by_role("textbox").fill("Höpö! " * 15_000)
    await page.get_by_role("button").click()
    await shows(page, TEXTS.of(language).too_large.title)


async def thanks(door: Door, page: Page, language: Language) -> None:
    await child_form(door, page, language)
    await page.get_by_role("button").click()
    await shows(page, TEXTS.of(language).thanks.title)


async def gone(_: Door, page: Page, language: Language) -> None:
    await page.goto(f"/p/unknown?lang={language}")


async def privacy(_: Door, page: Page, language: Language) -> None:
    await page.goto(f"/tietosuoja?lang={language}")
    await shows(page, NOTICES.of(language).privacy.title)


async def accessibility(_: Door, page: Page, language: Language) -> None:
    await page.goto(f"/saavutettavuus?lang={language}")
    await shows(page, NOTICES.of(language).accessibility.title)


STATES: tuple[Come, ...] = (
    adult_form, child_form, nothing_answered, mistakes, interrupted, trouble, too_large, thanks, gone, privacy,
    accessibility,
)  # fmt: skip


@pytest.mark.parametrize("come", STATES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("language", LANGUAGES)
class TestEveryState:
    async def test_has_no_barrier_that_axe_can_find(
        self, door: Door, phone: Look, axe: str, come: Come, language: Language
    ) -> None:
        """WCAG 2.2 AA and its best practice, for both schemes of colours."""
        async with phone(scripts=True) as context:
            page = await context.new_page()
            await come(door, page, language)
            found = {"light": await barriers(page, axe)}
            await page.emulate_media(color_scheme="dark")
            found["dark"] = await barriers(page, axe)

        assert found == {"light": [], "dark": []}


class TestAxe:
    async def test_would_find_something(self, door: Door, phone: Look, axe: str) -> None:
        """So its silence about ours means something, under the policy of the page, too."""
        async with phone(scripts=True) as context:
            page = await context.new_page()
            await adult_form(door, page, "fi")
            await page.locator("legend").first.evaluate("legend => legend.style.color = '#ccc'")
            await page.locator("html").evaluate("html => html.removeAttribute('lang')")

            assert [each.partition(":")[0] for each in await barriers(page, axe)] == ["color-contrast", "html-has-lang"]
