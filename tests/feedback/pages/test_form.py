"""Behind the family's door, on a real database."""

import asyncio
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio

from services.feedback.domain.questionnaire import CURRENT, FormKind, Language
from services.feedback.pages import app
from services.feedback.pages.rendering import CONTENT_SECURITY_POLICY, NoticeName, form_page, message_page, notice_page
from services.feedback.pages.texts import TEXTS
from shared import ids, logs
from shared.database import Database
from shared.http.edge import SAFETY_HEADERS
from tests.feedback.builders import NOVEMBER_1, REGION
from tests.feedback.hearing import Hearing
from tests.probe import until

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]

SOMEBODY_WAITS = """
    SELECT EXISTS (
        SELECT FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
    )
"""
ANSWER = {"kind": "adult", "heard": "5", "useful": "none", "open_answer": "Kahvi oli hyvää."}


@pytest_asyncio.fixture(name="door")
async def _door(database: Database) -> AsyncGenerator[httpx.AsyncClient]:
    """A browser before the door; it follows no redirect by itself."""
    transport = httpx.ASGITransport(app(database, REGION))
    async with httpx.AsyncClient(transport=transport, base_url="http://palaute.example") as client:
        yield client


Link = Callable[..., Awaitable[str]]


@pytest.fixture(name="link")
def _link(hearing: Hearing) -> Link:
    """Return a function that has a link made and returns its path."""

    async def link(kind: FormKind = "adult") -> str:
        [token] = await hearing.links(NOVEMBER_1, kind=kind, how_many=1)
        return f"/p/{token}"

    return link


@pytest.fixture(name="logged")
def _logged() -> Callable[[], list[dict[str, object]]]:
    """Return the lines that would be written in production, so far."""
    stream = io.StringIO()
    logs.configure(service="feedback", version="1", environment="test", stream=stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


async def send(door: httpx.AsyncClient, path: str, **changes: str) -> httpx.Response:
    """Send the form as a browser does."""
    return await door.post(path, content=urlencode(ANSWER | changes))


async def kept(database: Database) -> list[tuple[str, str]]:
    """Return what is kept of all answers, as it stands in the database."""
    return [tuple(row) for row in await database.pool.fetch("SELECT marks, open_answers FROM windows")]


class TestALink:
    @pytest.mark.parametrize("kind", ["adult", "child"])
    @pytest.mark.parametrize("language", ["fi", "sv", "en"])
    async def test_opens_the_form_of_its_kind_in_the_language_of_the_reader(
        self, door: httpx.AsyncClient, link: Link, kind: FormKind, language: Language
    ) -> None:
        """The kind stands with the link; the language is the reader's own choice, or their browser's."""
        path = await link(kind)
        chosen = await door.get(path, params={"lang": language}, headers={"accept-language": "de"})
        asked = await door.get(path, headers={"accept-language": f"de, {language};q=0.5"})

        assert chosen.text == asked.text == form_page(kind, language, REGION)

    async def test_is_not_used_up_by_looking(self, door: httpx.AsyncClient, link: Link) -> None:
        """Mail scanners, previews of messages and the curious open links, too."""
        path = await link()
        looks = [await door.get(path), await door.head(path), await door.get(f"{path}?lang=sv"), await door.get(path)]

        assert [each.status_code for each in looks] == [200, 200, 200, 200]
        assert (await send(door, path)).status_code == 303

    async def test_is_not_used_up_by_a_mistake(self, door: httpx.AsyncClient, link: Link, database: Database) -> None:
        """The form comes back with all that was filled in, in its own language, and can be sent again."""
        path = await link("child")
        before = await kept(database)
        wrong = await send(door, f"{path}?lang=en", heard="17")

        assert wrong.status_code == 422
        assert CURRENT.child.en.title in wrong.text
        assert "Kahvi oli hyvää." in wrong.text
        assert await kept(database) == before
        assert (await send(door, path)).status_code == 303

    async def test_works_once(self, door: httpx.AsyncClient, link: Link, database: Database) -> None:
        """And what was answered is kept, once."""
        path = await link()
        answers = [await send(door, path), await send(door, path)]

        assert [each.status_code for each in answers] == [303, 404]
        [(marks, open_answers)] = await kept(database)
        assert [mark["heard"] for mark in json.loads(marks)] == [5]
        assert json.loads(open_answers) == ["Kahvi oli hyvää."]

    async def test_works_once_for_two_thumbs_at_a_time(
        self, door: httpx.AsyncClient, link: Link, database: Database
    ) -> None:
        """Of several at once one gets through."""
        path = await link()
        answers = await asyncio.gather(*(send(door, path) for _ in range(5)))

        assert sorted(each.status_code for each in answers) == [303, 404, 404, 404, 404]
        [(_, open_answers)] = await kept(database)
        assert len(json.loads(open_answers)) == 1

    async def test_is_used_up_while_the_other_thumb_waits(
        self, door: httpx.AsyncClient, link: Link, database: Database
    ) -> None:
        """Who found the link still there, and is a moment too late, is told the same as everybody."""
        path = await link()
        async with database.transaction() as first:
            await first.execute("DELETE FROM links")
            second = asyncio.create_task(send(door, path))
            await until(lambda: database.pool.fetchval(SOMEBODY_WAITS))

        assert (await second).status_code == 404


class TestALinkThatOpensNothing:
    async def test_is_answered_like_every_other(self, door: httpx.AsyncClient, link: Link) -> None:
        """Used, unknown, mistyped, cut off, too long: the same to the byte, so nobody learns which links were used."""
        used = await link()
        await send(door, used)
        paths = [used, f"/p/{ids.new_token()}", "/p/x", "/p/%00%ff", "/p/ä", f"/p/{'x' * 5000}", "/p/", "/", f"{used}/"]
        asked = [await door.get(path, headers={"accept-language": "sv"}) for path in paths]
        asked += [await door.post(f"{path}?lang=sv", content=urlencode(ANSWER)) for path in paths]
        asked += [await door.put(f"{used}?lang=sv"), await door.delete("/p/x?lang=sv")]

        assert {each.status_code for each in asked} == {404}
        assert {each.text for each in asked} == {message_page("gone", "sv", REGION)}
        assert len({tuple(sorted(each.headers.items())) for each in asked}) == 1


class TestThanks:
    async def test_stand_at_an_address_without_the_link(self, door: httpx.AsyncClient, link: Link) -> None:
        """So that loading them again sends nothing again, and the link is not what the browser remembers last."""
        answer = await send(door, f"{await link()}?lang=sv")

        assert answer.headers["location"] == "/thanks?lang=sv"
        for _ in range(2):
            assert (await door.get(answer.headers["location"])).text == message_page("thanks", "sv", REGION)


class TestANotice:
    @pytest.mark.parametrize("path, name", [("/tietosuoja", "privacy"), ("/saavutettavuus", "accessibility")])
    async def test_stands_at_an_address_of_its_own(
        self, door: httpx.AsyncClient, database: Database, path: str, name: NoticeName
    ) -> None:
        """To be read before and after answering, also while our database is away, and under the same headers."""
        await database.close()
        chosen, asked = await door.get(f"{path}?lang=en"), await door.get(path, headers={"accept-language": "en"})

        assert (chosen.status_code, chosen.text) == (200, notice_page(name, "en", REGION))
        assert asked.text == chosen.text
        expected = {**SAFETY_HEADERS, "content-security-policy": CONTENT_SECURITY_POLICY}
        assert expected.items() <= chosen.headers.items()


class TestEveryAnswer:
    async def test_has_the_safety_headers_and_no_cookie(self, door: httpx.AsyncClient, link: Link) -> None:
        """Pages may do nothing but be read and send their form to us; nobody keeps or frames them."""
        path = await link()
        answers = [await door.get(path), await send(door, path, heard="x"), await send(door, path), await door.get("/")]

        for answer in answers:
            expected = {**SAFETY_HEADERS, "content-security-policy": CONTENT_SECURITY_POLICY}
            assert expected.items() <= answer.headers.items()
            assert set(answer.headers) <= {*expected, "content-type", "content-length", "location"}
        assert answers[0].headers["cache-control"] == "no-store"
        assert answers[0].headers["referrer-policy"] == "no-referrer"


class TestTroubleOfOurs:
    async def test_loses_nothing_of_what_was_filled_in(
        self, door: httpx.AsyncClient, link: Link, database: Database
    ) -> None:
        """The database is away for a moment; the form comes back, in its kind and language, to be sent again."""
        path = await link("child")
        await database.close()
        answer = await send(door, f"{path}?lang=en", kind="child")

        assert answer.status_code == 503
        assert TEXTS.en.interrupted in answer.text
        assert CURRENT.child.en.title in answer.text
        assert "Kahvi oli hyvää." in answer.text
        assert 'name="heard" id="heard-5" value="5" checked' in answer.text

    async def test_has_a_friendly_page_of_its_own_before_that(
        self, door: httpx.AsyncClient, link: Link, database: Database
    ) -> None:
        """There is nothing to give back yet."""
        path = await link()
        await database.close()
        answer = await door.get(path, params={"lang": "sv"})

        assert (answer.status_code, answer.text) == (503, message_page("trouble", "sv", REGION))

    async def test_is_logged_without_the_link_and_the_words(
        self, door: httpx.AsyncClient, link: Link, database: Database, logged: Callable[[], list[dict[str, object]]]
    ) -> None:
        """A surprise, here a window that is not there, is a line about our code."""
        path = await link()
        await database.pool.execute("UPDATE windows SET unit_id = $1", ids.new_id())
        answer = await send(door, path)

        [line] = logged()
        assert (answer.status_code, line["event"], line["error.type"]) == (500, "visit_failed", "AssertionError")
        assert "Kahvi oli hyvää." in answer.text
        assert path.rpartition("/")[2] not in str(line)
        assert "Kahvi" not in str(line)

    async def test_is_not_a_text_without_end(self, door: httpx.AsyncClient, link: Link) -> None:
        """It is cut off long after what the form takes, and what to do about it is said."""

        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield b"open_answer=" + b"x" * 10_000

        answer = await door.post(f"{await link()}?lang=en", content=endless())

        assert (answer.status_code, answer.text) == (413, message_page("too_large", "en", REGION))

    async def test_leaves_room_for_the_longest_text_that_can_be_complained_of(
        self, door: httpx.AsyncClient, link: Link
    ) -> None:
        """Twice what we take, in the letters that are longest when sent, comes back to be shortened."""
        answer = await send(door, await link(), open_answer="😊" * 4_000)

        assert answer.status_code == 422
        assert "😊" * 4_000 in answer.text


class TestAVisit:
    async def test_is_not_logged(
        self, door: httpx.AsyncClient, link: Link, database: Database, logged: Callable[[], list[dict[str, object]]]
    ) -> None:
        """Whatever came of it; nor is it in the access log, which is about those who read."""
        path = await link()
        await door.get(path)
        await send(door, path, heard="x")
        await send(door, path)
        await send(door, path)

        assert logged() == []
        assert await database.pool.fetch("SELECT route FROM access_log") == []
