"""From a family's meeting to figures that point at nobody, through every edge there is."""

from http import HTTPStatus

import httpx

from tests.journeys.families import RESULTS, UNITS, a_unit, answer, figures, half_month_after, half_month_begins
from tests.journeys.region import CASES, JOURNEY, LiveRegion, at

pytestmark = JOURNEY


class TestAHalfMonth:
    async def test_with_too_few_answers_is_held_back_and_told_of_with_the_next(self, region: LiveRegion) -> None:
        """Four answers say nothing; with three more of the next half-month there is a summary, of both together."""
        first = await half_month_begins(region)
        async with a_unit(region) as unit:
            await unit.knows_links_of(first)
            for family in [await unit.family(members=2, day=first), await unit.family(members=3, day=first)]:
                for token in (await family.hand_out())[:2]:
                    assert (
                        await answer(region, token, heard="5", open_answer="Kiitos kahvista.") == HTTPStatus.SEE_OTHER
                    )

            second = half_month_after(first)
            await region.advance(at(second, 9))
            held_back = await region.told(unit.id, "FeedbackWindowHeldBack", topic=RESULTS)
            ended = await region.told(unit.id, "FeedbackRoundEnded", topic=UNITS, half_month=first.isoformat())
            assert (ended["meetings"], ended["links"], ended["largest_family"]) == (2, 5, 3)
            assert (held_back["from_on"], held_back["until_on"]) == (first.isoformat(), second.isoformat())
            [window] = (await unit.manager.get("/v1/windows"))["items"]
            assert window["figures"] is None
            hidden = await unit.manager.http.get(f"/v1/windows/{window['window_id']}/open-answers")
            assert hidden.status_code == HTTPStatus.NOT_FOUND

            await unit.knows_links_of(second)
            third = await unit.family(members=3, day=second)
            for token in await third.hand_out():
                assert await answer(region, token, heard="2", open_answer="Liian kiire.") == HTTPStatus.SEE_OTHER

            await region.advance(at(half_month_after(second), 9))
            summary = await region.told(unit.id, "FeedbackSummarised", topic=RESULTS)
            assert (summary["window_id"], summary["answers"], summary["links"]) == (held_back["window_id"], 7, 8)
            assert figures(summary, "heard")["mean"] == 3.7
            assert figures(summary, "heard")["distribution"] is None
            assert figures(summary, "useful")["mean"] is None
            words = await unit.manager.http.get(f"/v1/windows/{summary['window_id']}/open-answers")
            assert sorted(words.json()) == ["Kiitos kahvista."] * 4 + ["Liian kiire."] * 3
            assert "Kiitos" not in str(summary)

    async def test_that_feedback_slept_through_is_made_up_for(self, region: LiveRegion) -> None:
        """Killed before the boundary and started after it: the same window, told once."""
        first = await half_month_begins(region)
        async with a_unit(region) as unit:
            await unit.knows_links_of(first)
            for family in [await unit.family(members=3, day=first), await unit.family(members=3, day=first)]:
                for token in await family.hand_out():
                    assert await answer(region, token, heard="4") == HTTPStatus.SEE_OTHER

            await region.kill("feedback")
            await region.advance(at(half_month_after(first), 9))
            await region.told(unit.id, "FeedbackRoundEnded", topic=UNITS, half_month=first.isoformat())
            await region.start("feedback")

            summary = await region.told(unit.id, "FeedbackSummarised", topic=RESULTS)
            assert summary["answers"] == 6
            assert region.kinds(unit.id, RESULTS) == ["FeedbackSummarised"]


class TestALink:
    async def test_that_was_lost_is_replaced_by_another(self, region: LiveRegion) -> None:
        """Both open the form; the case's stream says twice that links were handed out, and of neither which."""
        day = await half_month_begins(region)
        async with a_unit(region) as unit:
            await unit.knows_links_of(day)
            family = await unit.family(members=1, day=day)
            [lost], [found] = await family.hand_out(), await family.hand_out()

            assert lost != found
            assert await answer(region, lost, useful="4") == HTTPStatus.SEE_OTHER
            assert await answer(region, found, useful="4") == HTTPStatus.SEE_OTHER
            assert await answer(region, found, useful="4") == HTTPStatus.NOT_FOUND

            await region.told(family.id, "FeedbackLinksSent", topic=CASES, version=2)
            kinds = region.kinds(family.id, CASES)
            assert kinds == ["CaseOpened", "MeetingScheduled", "FeedbackLinksSent", "FeedbackLinksSent"]

    async def test_is_handed_out_no_more_when_the_meeting_is_retracted(self, region: LiveRegion) -> None:
        """What was answered stays, since nobody can find it; that a family was asked stays counted."""
        day = await half_month_begins(region)
        async with a_unit(region) as unit:
            await unit.knows_links_of(day)
            family, other = await unit.family(members=4, day=day), await unit.family(members=2, day=day)
            tokens = await family.hand_out()
            await region.advance(at(day.replace(day=day.day + 1), 15))
            await family.hold()
            for token in [*tokens, *await other.hand_out()]:
                assert await answer(region, token, heard="3") == HTTPStatus.SEE_OTHER

            await family.retract()
            refused = await unit.staff.http.post(f"{family.path}/feedback-links", json={"printed": ["adult"]})
            assert (refused.status_code, refused.json()["type"]) == (409, "urn:problem:nobody-to-ask")

            await region.advance(at(half_month_after(day), 9))
            ended = await region.told(unit.id, "FeedbackRoundEnded", topic=UNITS, half_month=day.isoformat())
            assert (ended["meetings"], ended["largest_family"]) == (2, 4)
            assert (await region.told(unit.id, "FeedbackSummarised", topic=RESULTS))["answers"] == 6


class TestTheDoor:
    async def test_leads_to_no_api_and_the_api_to_no_form(self, region: LiveRegion) -> None:
        """Two hosts, two publics."""
        async with httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(f"{region.running.form}/v1/windows")).status_code == HTTPStatus.NOT_FOUND
            assert (await http.get(f"{region.running.form}/metrics")).status_code == HTTPStatus.NOT_FOUND
            assert (await http.get(f"{region.running.http['feedback']}/p/x")).status_code == HTTPStatus.NOT_FOUND
