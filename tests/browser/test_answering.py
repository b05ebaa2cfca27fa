"""A family answers, on a phone and without JavaScript."""

from functools import partial

import pytest
from playwright.async_api import Page, Response

from services.feedback.domain.questionnaire import CURRENT, FORM_KINDS, ITEM_IDS, LANGUAGES, FormKind, Language
from services.feedback.pages.notices import NOTICES
from services.feedback.pages.texts import TEXTS
from shared import ids
from tests.browser.conftest import Look
from tests.browser.door import Door, shows
from tests.probe import until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.postgres, pytest.mark.kafka]

LARGEST_BYTES = 60_000
FOCUSED = """() => {
    const focused = document.activeElement;
    const target = focused.closest("label") || focused;
    const shown = getComputedStyle(target);
    const place = target.getBoundingClientRect();
    return {
        name: focused.name || focused.tagName,
        value: focused.value || focused.textContent,
        outline: parseFloat(shown.outlineWidth) * (shown.outlineStyle === "none" ? 0 : 1),
        isInView: place.top >= 0 && place.bottom <= innerHeight,
    };
}"""


async def choose(page: Page, number: int, words: str) -> None:
    """Press on the words of an item's scale, somewhere in their row."""
    row = page.locator("fieldset").nth(number).locator("label", has_text=words)
    await row.click(position={"x": 5, "y": 5})


async def has_visible_focus(page: Page, name: str) -> bool:
    """Tell whether the focus is on something of this name, in view, and to be seen; scrolling takes a moment."""
    focused = await page.evaluate(FOCUSED)
    assert focused["name"] == name
    assert focused["isInView"]
    assert focused["outline"] >= 2
    return True


@pytest.mark.parametrize("kind", FORM_KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
class TestTheForm:
    async def test_is_filled_in_and_sent_by_thumb(
        self, door: Door, phone: Look, kind: FormKind, language: Language
    ) -> None:
        """In the reader's language to the end; what arrives is what was chosen."""
        sheet, texts, words = CURRENT.sheet(kind, language), TEXTS.of(language), f"Höpö {ids.new_id()}"
        async with phone() as context:
            page = await context.new_page()
            await page.goto(door.link(kind))
            await page.get_by_role("link", name=texts.language).click()
            for number in range(len(ITEM_IDS)):
                await choose(page, number, sheet.scale[number] if number < 5 else sheet.no_answer)
            await page.get_by_label(sheet.open_question).fill(words)
            await page.get_by_role("button", name=texts.send).click()

            await shows(page, texts.thanks.title)
            assert page.url == f"{door.address}/thanks?lang={language}"
            await page.reload()
            await shows(page, texts.thanks.title)
        answers = await door.answers()
        assert {"open_answer": words} in answers
        assert any([answer.get(item) for item in ITEM_IDS] == [1, 2, 3, 4, 5, None] for answer in answers)

    async def test_is_filled_in_and_sent_by_keyboard(
        self, door: Door, phone: Look, kind: FormKind, language: Language
    ) -> None:
        """One Tab an item, arrows along its scale; where the focus is can be seen at each step."""
        words = f"Näppis {ids.new_id()}"
        steps = [*(("Tab", "A"),) * len(LANGUAGES)]
        for item in ITEM_IDS:
            steps += [("Tab", item), ("ArrowDown", item), ("ArrowDown", item)]
        steps += [("Tab", "open_answer"), ("Tab", "A"), ("Tab", "A"), ("Tab", "BUTTON")]
        async with phone() as context:
            page = await context.new_page()
            await page.goto(f"{door.link(kind)}?lang={language}")
            for key, name in steps:
                await page.keyboard.press(key)
                await until(partial(has_visible_focus, page, name))
                if name == "open_answer":
                    await page.keyboard.type(words)
            await page.keyboard.press("Enter")

            await shows(page, TEXTS.of(language).thanks.title)
        answers = await door.answers()
        assert {"open_answer": words} in answers
        assert any([answer.get(item) for item in ITEM_IDS] == [3] * 6 for answer in answers)

    async def test_is_one_small_page(self, door: Door, phone: Look, kind: FormKind, language: Language) -> None:
        """All that it takes comes with it: one request, and it comes through on a bad network."""
        loaded: list[Response] = []

        def note(response: Response) -> None:
            loaded.append(response)

        async with phone() as context:
            page = await context.new_page()
            page.on("response", note)
            await page.goto(f"{door.link(kind)}?lang={language}")
            sizes = [await response.request.sizes() for response in loaded if response.url.startswith("http")]

        assert len(sizes) == 1
        assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) < LARGEST_BYTES


class TestAPhone:
    @pytest.mark.parametrize("wide", [320, 360])
    async def test_needs_no_sideways_scrolling_and_no_sharp_thumbs(self, door: Door, phone: Look, wide: int) -> None:
        """Each row of a scale is one target from edge to edge, and all that can be pressed is at least 44 px high."""
        async with phone(wide=wide) as context:
            page = await context.new_page()
            for language in LANGUAGES:
                await page.goto(f"{door.link()}?lang={language}")
                rows = await page.locator(".scale label").evaluate_all("all => all.map(each => each.offsetWidth)")
                low = await page.locator("label:has(input), nav a, footer a, button, textarea").evaluate_all(
                    "all => all.filter(each => each.offsetHeight < 44).map(each => each.textContent)"
                )

                assert await page.evaluate("document.scrollingElement.scrollWidth") <= wide
                assert (len(rows), low) == (6 * len(ITEM_IDS), [])
                assert min(rows) > wide * 0.75

    async def test_may_have_its_letters_twice_as_large(self, door: Door, phone: Look) -> None:
        """Whoever sets them so loses nothing."""
        async with phone() as context:
            page = await context.new_page()
            await page.goto(door.link())
            await page.evaluate("document.documentElement.style.fontSize = '200%'")

            assert await page.evaluate("document.scrollingElement.scrollWidth") <= 360


class TestANotice:
    @pytest.mark.parametrize("language", LANGUAGES)
    async def test_is_read_beside_the_form_that_somebody_fills_in(
        self, door: Door, phone: Look, language: Language
    ) -> None:
        """Nothing of it is lost, and the page that opens is not told where the reader comes from."""
        notices = NOTICES.of(language)
        async with phone() as context:
            page = await context.new_page()
            await page.goto(f"{door.link()}?lang={language}")
            await choose(page, 1, CURRENT.adult.of(language).scale[1])
            for words, notice in (
                (notices.to_privacy, notices.privacy),
                (notices.to_accessibility, notices.accessibility),
            ):
                async with context.expect_page() as opening:
                    await page.get_by_role("contentinfo").get_by_role("link", name=words).click()
                beside = await opening.value

                assert await beside.get_by_role("heading", level=1).text_content() == notice.title
                assert await beside.evaluate("document.referrer") == ""
                assert await beside.evaluate("document.scrollingElement.scrollWidth") <= 360
            assert await page.locator("fieldset").nth(1).get_by_role("radio").nth(1).is_checked()


class TestAMistake:
    async def test_is_told_at_the_top_and_led_from_there(self, door: Door, phone: Look) -> None:
        """The summary has the focus; its link leads to the field, where the same is said; all else is as it was."""
        sheet, texts = CURRENT.adult.fi, TEXTS.fi
        async with phone() as context:
            page = await context.new_page()
            await page.goto(f"{door.link()}?lang=fi")
            await choose(page, 5, sheet.scale[3])
            await page.get_by_label(sheet.open_question).fill("Höpö! " * 400)
            await page.get_by_role("button", name=texts.send).click()

            summary = page.get_by_role("alert")
            assert (await page.title()).startswith(f"{texts.mistake}: ")
            assert await summary.evaluate("summary => summary === document.activeElement")
            await summary.get_by_role("link").click()
            field = page.get_by_label(sheet.open_question)
            assert await field.evaluate("field => field === document.activeElement")
            assert await field.get_attribute("aria-invalid") == "true"
            assert await page.locator("fieldset").nth(5).get_by_label(sheet.scale[3]).is_checked()

            await field.fill("Höpö!")
            await page.get_by_role("button", name=texts.send).click()
            await shows(page, texts.thanks.title)

    async def test_of_sending_nothing_costs_nothing(self, door: Door, phone: Look) -> None:
        """A slip of the thumb; the link still works."""
        async with phone() as context:
            page = await context.new_page()
            await page.goto(f"{door.link('child')}?lang=sv")
            await page.get_by_role("button", name=TEXTS.sv.send).click()
            await page.get_by_role("alert").get_by_role("link", name=TEXTS.sv.nothing_answered).click()

            assert (await page.evaluate(FOCUSED))["name"] == ITEM_IDS[0]
            await choose(page, 0, CURRENT.child.sv.scale[4])
            await page.get_by_role("button", name=TEXTS.sv.send).click()
            await shows(page, TEXTS.sv.thanks.title)


class TestALink:
    async def test_that_opens_nothing_says_so_the_same_way_whatever_became_of_it(self, door: Door, phone: Look) -> None:
        """Used, or never there; and it thanks those who come back to it."""
        link = door.link()
        async with phone() as context:
            page = await context.new_page()
            await page.goto(link)
            await choose(page, 0, CURRENT.adult.fi.scale[0])
            await page.get_by_role("button", name=TEXTS.fi.send).click()
            await shows(page, TEXTS.fi.thanks.title)
            seen: set[tuple[int, bytes]] = set()
            for path in (link, "/p/unknown", f"/p/{ids.new_token()}"):
                answer = await page.goto(path)
                assert answer is not None
                seen.add((answer.status, await answer.body()))

            assert [status for status, _ in seen] == [404]
            await shows(page, TEXTS.fi.gone.title)

    async def test_that_was_used_lets_nobody_send_again_by_going_back(self, door: Door, phone: Look) -> None:
        """The form that the browser still has is answered with the same friendly page."""
        async with phone() as context:
            page = await context.new_page()
            await page.goto(f"{door.link()}?lang=en")
            await choose(page, 0, CURRENT.adult.en.scale[0])
            await page.get_by_role("button", name=TEXTS.en.send).click()
            await shows(page, TEXTS.en.thanks.title)
            await page.go_back()

            await shows(page, TEXTS.en.gone.title)
