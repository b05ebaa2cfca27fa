"""The memo of a Heijastin: in time, late, and in the way of the next Heijastin."""

from datetime import date, timedelta

import pytest

from deploy.api import Answer, Refused
from tests.journeys.region import (
    CASES,
    JOURNEY,
    MEMO_RECORDED,
    MEMO_REVIEWED,
    MEMOS,
    Family,
    LiveRegion,
    at,
    midnight_after,
)
from tests.probe import until

pytestmark = JOURNEY


def has_a_plain_week(day: date) -> bool:
    """Tell whether this week and the next are worked whole: these months have no holiday on a weekday."""
    return day.month in {2, 7, 8, 9, 10}


async def awaited(region: LiveRegion, family: Family) -> list[str]:
    """Return what records says is awaited of a family."""
    answer = await region.people.records["coordinator"].get("/v1/awaited", limit="200")
    return [item["awaits"] for item in answer["items"] if item["case_id"] == family.id]


async def refusal(region: LiveRegion, meeting: Answer) -> str | None:
    """Confirm a Heijastin, and return the kind of the refusal if it is refused."""
    try:
        await region.people.confirm(meeting)
    except Refused as refused:
        return refused.kind
    return None


class TestAMemoInTime:
    async def test_keeps_its_promises_and_no_other(self, region: LiveRegion):
        """Recorded on the third working day, gone through on the day agreed; the month's promise stays open."""
        day = await region.monday(has_a_plain_week)
        third = day + timedelta(days=3)
        family = await region.expected(day)
        made = await region.promise(family, policy=MEMO_RECORDED)
        assert (made["status"], made["due_on"]) == ("open", third.isoformat())
        assert await awaited(region, family) == ["memo"]

        # On the third working day it is recorded, and a day is agreed on which the family goes through it.
        await region.advance(at(third, 15))
        await region.people.record_memo(family.meeting, on=third)
        kept = await region.told(family, "PromiseKept", policy=MEMO_RECORDED, status="kept")
        assert (kept["met_on"], kept["is_recorded_late"]) == (third.isoformat(), False)
        agreed_on = day + timedelta(days=8)
        await region.people.agree_review(family.meeting, on=agreed_on)
        await region.told(family, "PromiseMade", policy=MEMO_REVIEWED, due_on=agreed_on.isoformat())
        assert await awaited(region, family) == ["review"]

        # On that day they do.
        await region.advance(at(agreed_on, 16))
        await region.people.review_memo(family.meeting, on=agreed_on)
        await region.told(family, "PromiseKept", policy=MEMO_REVIEWED, met_on=agreed_on.isoformat())
        assert await awaited(region, family) == []

        # Midnights pass, and nothing is said; no fact ever told where the memo is.
        await region.advance(midnight_after(agreed_on) + timedelta(hours=1))
        await region.judged(midnight_after(agreed_on))
        assert "DeviationRaised" not in await region.story(family, policy=MEMO_RECORDED)
        assert "DeviationRaised" not in await region.story(family, policy=MEMO_REVIEWED)
        assert (await region.promise(family))["status"] == "open"
        reference = (await region.people.memo(family.meeting))["reference"]
        told = [told for told in region.heard if told.key == family.id]
        assert reference
        assert not any(reference.encode() in (each.record.value or b"") for each in told)


class TestAMemoLate:
    async def test_is_a_deviation_at_the_midnight_after_the_third_working_day(self, region: LiveRegion):
        """By itself, of the memo's own promise; recorded after that it is kept late and the deviation stays."""
        day = await region.monday(has_a_plain_week)
        third = day + timedelta(days=3)
        family = await region.expected(day)

        # The team is warned the day before and in the morning.
        await region.advance(at(third - timedelta(days=1), 10))
        await region.told(family, "PromiseAtRisk", policy=MEMO_RECORDED, warning="1_days_before")
        await region.advance(at(third, 10))
        await region.told(family, "PromiseAtRisk", policy=MEMO_RECORDED, warning="due_today")

        # In the last minute it is not late; a second after midnight it is.
        await region.advance(at(third, 23, 59))
        await region.judged(at(third, 23, 59))
        assert (await region.promise(family, policy=MEMO_RECORDED))["status"] == "open"
        await region.advance(midnight_after(third) + timedelta(seconds=1))
        raised = await region.told(family, "DeviationRaised", policy=MEMO_RECORDED, status="lapsed")
        assert raised["due_on"] == third.isoformat()

        # The worker's board has it beside the family that is to be met, when it is asked for.
        async def is_on_the_board() -> bool:
            worker = region.people.scheduling["responsible_social_worker"]
            items = (await worker.get("/v1/board", limit="100", policy=MEMO_RECORDED))["items"]
            return ("overdue", family.id) in [(item["standing"], item["case_id"]) for item in items]

        await until(is_on_the_board)
        assert (await region.board())[family.id]["standing"] != "month_over"

        # Recorded the next morning it is kept late; figures of memos and of the month are two things.
        await region.advance(at(third + timedelta(days=1), 9))
        await region.people.record_memo(family.meeting, on=third + timedelta(days=1))
        kept = await region.told(family, "PromiseKeptLate", policy=MEMO_RECORDED)
        assert (kept["days_late"], kept["deviation_state"]) == (1, "open")
        assert "DeviationRaised" not in await region.story(family)

    async def test_that_was_written_in_time_is_no_deviation_any_more(self, region: LiveRegion):
        """It was there on Thursday; that it was said on Friday withdraws what Thursday's midnight raised."""
        day = await region.monday(has_a_plain_week)
        third = day + timedelta(days=3)
        family = await region.expected(day)
        await region.advance(midnight_after(third) + timedelta(seconds=1))
        await region.told(family, "DeviationRaised", policy=MEMO_RECORDED)

        await region.advance(at(third + timedelta(days=1), 9))
        await region.people.record_memo(family.meeting, on=third)

        withdrawn = await region.told(family, "DeviationWithdrawn", policy=MEMO_RECORDED, status="kept")
        assert withdrawn["is_recorded_late"]

    async def test_is_void_with_its_heijastin(self, region: LiveRegion):
        """Retracted: nobody is asked any more."""
        day = await region.monday(has_a_plain_week)
        family = await region.expected(day)

        await region.people.retract(family.meeting)

        await region.told(family, "MemoAmended", topic=MEMOS, meeting_held=False, awaits=None)
        await region.told(family, "PromiseVoided", policy=MEMO_RECORDED, status="void")
        assert await awaited(region, family) == []


class TestRecordsAway:
    @pytest.mark.fault
    async def test_keeps_no_month_waiting(self, region: LiveRegion):
        """Records is down over days: of memos nothing bad is said meanwhile, and the month is judged all the same."""
        day = await region.monday(has_a_plain_week)
        third = day + timedelta(days=3)
        family = await region.expected(day)
        await region.kill("records")
        await region.advance(midnight_after(third) + timedelta(hours=1))

        async def month_is_heard() -> bool:
            return (heard_until := await region.as_of()) is not None and heard_until > midnight_after(third)

        await until(month_is_heard, within_seconds=45)
        await region.swept()
        assert (await region.promise(family, policy=MEMO_RECORDED))["status"] == "open"

        await region.start("records")
        await region.told(family, "DeviationRaised", policy=MEMO_RECORDED)


class TestTheNextHeijastin:
    async def test_is_confirmed_once_the_family_went_through_the_memo(self, region: LiveRegion):
        """The gate refuses, and opens by itself when the review is recorded."""
        day = await region.monday(has_a_plain_week)
        family = await region.expected(day)
        following = await region.people.schedule(family.case, at=at(day + timedelta(days=21), 12))
        assert await refusal(region, following) == "previous-memo-not-reviewed"

        tomorrow = day + timedelta(days=1)
        await region.advance(at(tomorrow, 15))
        await region.people.record_memo(family.meeting, on=tomorrow)
        assert await refusal(region, following) == "previous-memo-not-reviewed"
        await region.people.review_memo(family.meeting, on=tomorrow)

        async def is_confirmed() -> bool:
            return await refusal(region, following) is None

        await until(is_confirmed)
        confirmed = await region.told(family, "PreparationCompleted", topic=CASES, confirmed=True)
        assert (confirmed["meeting_id"], confirmed["override_reason"]) == (following["meeting_id"], None)

    async def test_is_confirmed_with_a_reason_all_the_same(self, region: LiveRegion):
        """A coded override; it is told, and another time must be confirmed anew."""
        day = await region.monday(has_a_plain_week)
        family = await region.expected(day)
        following = await region.people.schedule(family.case, at=at(day + timedelta(days=21), 12))
        assert await refusal(region, following) == "previous-memo-not-reviewed"

        confirmed = await region.people.confirm(following, override_reason="family_goes_on_without")

        assert (confirmed["confirmed"], confirmed["override_reason"]) == (True, "family_goes_on_without")
        told = await region.told(family, "PreparationCompleted", topic=CASES)
        assert (told["confirmed"], told["override_reason"]) == (True, "family_goes_on_without")
        moved = await region.people.scheduling["coordinator"].change(
            f"/v1/meetings/{following['meeting_id']}/rescheduled",
            {"planned_from": at(day + timedelta(days=22), 12).isoformat(),
             "planned_until": at(day + timedelta(days=22), 15).isoformat()},
            version=confirmed["version"],
        )  # fmt: skip
        assert not moved["confirmed"]
        assert await refusal(region, moved) == "previous-memo-not-reviewed"
