from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from services.scheduling.commands.cases import FamilyMember, OpenCase
from services.scheduling.commands.follow_ups import HoldFollowUp, ScheduleFollowUp
from services.scheduling.commands.meetings import DeferMeeting, HoldMeeting, ScheduleMeeting
from services.scheduling.commands.units import ConfigureUnit, SetDeputy
from tests.scheduling.builders import OTHER_WORKER_ID, TEAM_ID, UNIT_ID, WORKER_ID

TIMES = {"planned_from": "2026-11-24T13:00:00+02:00", "planned_until": "2026-11-24T14:30:00+02:00"}
UNIT: dict[str, Any] = {
    "name_fi": "Keksitty yksikkö",
    "name_sv": "Påhittad enhet",
    "name_en": "Invented unit",
    "hours": [{"weekday": 1, "opens": "08:00", "closes": "16:00"}],
}
HELD_FOLLOW_UP = {
    "held_from": "2026-11-24T13:00:00+02:00",
    "held_until": "2026-11-24T14:30:00+02:00",
    "family_present": True,
    "worker_present": True,
    "mode": "in_person",
}


def refusal(command: type[BaseModel], body: dict[str, Any]) -> str:
    """Return what the caller is told about a body that is refused for one thing."""
    with pytest.raises(ValidationError) as refused:
        command.model_validate(body)
    (error,) = refused.value.errors()
    return error["msg"]


class TestAnInstant:
    def test_is_taken_with_any_offset_and_kept_in_utc(self) -> None:
        """The same moment gives the same fact, wherever it was typed."""
        command = ScheduleMeeting.model_validate(TIMES)

        assert command.planned_from == datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
        assert command.planned_from.tzinfo is UTC

    @pytest.mark.parametrize(
        "value", ["2026-11-24T13:00:00", "2026-11-24", "soon", 1795516800, "1795516801", None, "", ["2026-11-24"]]
    )
    def test_without_day_time_and_offset_is_refused_with_an_example(self, value: object) -> None:
        """Without its offset a time is an hour or two wrong, and so may be the day the month starts."""
        message = refusal(ScheduleMeeting, TIMES | {"planned_from": value})

        assert message.endswith("for example 2026-11-24T13:05:00+02:00")

    @pytest.mark.parametrize("year", ["0001", "1999", "2100", "9999"])
    def test_of_another_century_is_refused(self, year: str) -> None:
        """A slip of the year."""
        message = refusal(ScheduleMeeting, TIMES | {"planned_from": f"{year}-11-24T13:00:00+02:00"})

        assert message == "Check the year: it must lie between 2000 and 2099"


class TestADay:
    @pytest.mark.parametrize("value", ["24.11.2026", "2026-11-24T00:00:00", "2026-02-30", 20261124, None])
    def test_that_is_none_is_refused_with_an_example(self, value: object) -> None:
        """A day has no time, and exists."""
        assert refusal(DeferMeeting, {"review_on": value}) == "Give a real day as a string, for example 2026-11-24"

    def test_is_taken_from_the_first_year_to_the_last(self) -> None:
        """The bounds are inside."""
        DeferMeeting.model_validate({"review_on": "2000-01-01"})
        DeferMeeting.model_validate({"review_on": "2099-12-31"})


class TestATimeOfDay:
    @pytest.mark.parametrize("value", ["8", "08:00+02:00", "25:00", 28800, None])
    def test_that_is_none_is_refused_with_an_example(self, value: object) -> None:
        """Hours are local; an offset would make them wrong in summer."""
        body = UNIT | {"hours": [{"weekday": 1, "opens": value, "closes": "16:00"}]}

        assert refusal(ConfigureUnit, body).endswith("for example 08:00")


class TestAPeriod:
    @pytest.mark.parametrize("until", ["2026-11-24T13:00:00+02:00", "2026-11-24T12:59:00+02:00"])
    def test_that_does_not_end_after_its_start_is_refused(self, until: str) -> None:
        """Start and end were swapped, or one was forgotten."""
        message = refusal(ScheduleMeeting, TIMES | {"planned_until": until})

        assert message == "planned_until must be later than planned_from"

    def test_of_two_days_is_taken_and_a_longer_one_refused(self) -> None:
        """A slip of the day or the month would move the anchor."""
        ScheduleMeeting.model_validate(TIMES | {"planned_until": "2026-11-26T13:00:00+02:00"})
        message = refusal(ScheduleMeeting, TIMES | {"planned_until": "2026-11-26T13:00:01+02:00"})

        assert message == "planned_from and planned_until are more than 48 hours apart; check the days"

    def test_is_named_by_what_it_is(self) -> None:
        """The caller is told which fields to mend."""
        swapped = {"booked_from": TIMES["planned_until"], "booked_until": TIMES["planned_from"]}
        assert refusal(ScheduleFollowUp, swapped).startswith("booked_until")

        body = HELD_FOLLOW_UP | {"held_until": HELD_FOLLOW_UP["held_from"]}
        assert refusal(HoldFollowUp, body).startswith("held_until")


class TestACommand:
    def test_takes_no_unknown_field(self) -> None:
        """A misspelt field must not be lost in silence; and there is no room for free text."""
        message = refusal(DeferMeeting, {"review_on": "2026-12-08", "cause": "x"})

        assert message == "Extra inputs are not permitted"

    @pytest.mark.parametrize("value", [1, 0, "true", "yes", None])
    def test_takes_yes_and_no_only_as_such(self, value: object) -> None:
        """These flags decide whether a promise was kept."""
        assert refusal(HoldFollowUp, HELD_FOLLOW_UP | {"family_present": value}) == "Input should be a valid boolean"

    def test_knows_how_a_family_can_be_met(self) -> None:
        """Whether remote counts is decided by a rule, from this word."""
        assert refusal(HoldFollowUp, HELD_FOLLOW_UP | {"mode": "phone"}) == "Input should be 'in_person' or 'remote'"

    @pytest.mark.parametrize("count", [0, 31, "2", 2.0])
    def test_counts_children_in_whole_numbers(self, count: object) -> None:
        """A case has at least one child."""
        body = {
            "unit_id": str(UNIT_ID),
            "team_id": str(TEAM_ID),
            "responsible_worker_ids": [str(WORKER_ID)],
            "children_count": count,
            "opened_on": "2026-11-24",
        }
        assert refusal(OpenCase, body)

    @pytest.mark.parametrize(
        "address",
        [
            *("", "elli", "elli@", "elli keksitty@family.example", "e@f\r\nBcc: g@h", "e@f@g"),
            # What mail programs take for a list, a group, a comment, or nobody.
            *("elli@f,esko", "esko;elli@f", "esko:elli@f", "(elli)@f", "<elli@f>", "elli@[f", "elli@f.", "=?q?e?=@f"),
        ],
    )
    def test_reaches_nobody_by_mail_without_a_mail_address(self, address: str) -> None:
        """Else it would come out when links are handed out, and lost."""
        body = {"display_name": "Elli Keksitty", "channel": "email", "address": address}

        assert refusal(FamilyMember, body) == "Give the mail address, such as name@example.org, or another channel"
        assert FamilyMember.model_validate(body | {"channel": "letter"}).address == address
        assert FamilyMember.model_validate(body | {"address": "elli@family.example"})

    def test_says_which_kinds_of_close_there_are(self) -> None:
        """A close is one of four."""
        body = {"held_from": HELD_FOLLOW_UP["held_from"], "held_until": HELD_FOLLOW_UP["held_until"]}

        message = refusal(HoldMeeting, body | {"close": {"agreed": "maybe"}})

        assert "'follow_up', 'meeting', 'already_booked', 'none'" in message


class TestConfigureUnit:
    def test_refuses_a_day_that_closes_before_it_opens(self) -> None:
        """No warning would ever find an hour to be sent in."""
        body = UNIT | {"hours": [{"weekday": 1, "opens": "16:00", "closes": "16:00"}]}

        assert refusal(ConfigureUnit, body) == "closes must be later than opens on the same day"

    def test_refuses_a_unit_that_never_opens(self) -> None:
        """As above."""
        assert refusal(ConfigureUnit, UNIT | {"hours": []}) == "Give the hours of at least one weekday"

    @pytest.mark.parametrize(
        "twice, message",
        [
            ({"hours": UNIT["hours"] * 2}, "hours names the weekday 1 twice"),
            ({"closing_days": ["2026-12-24", "2026-12-24"]}, "closing_days names the day 2026-12-24 twice"),
            (
                {
                    "rule_versions": [
                        {"valid_from": "2027-01-01", "holiday_policy": "strict", "remote_counts": counts}
                        for counts in (True, False)
                    ]
                },
                "rule_versions names the valid_from 2027-01-01 twice",
            ),
        ],
        ids=["weekday", "closing day", "rule"],
    )
    def test_refuses_to_be_told_twice(self, twice: dict[str, Any], message: str) -> None:
        """Two rules of one day would leave it open which was promised."""
        assert refusal(ConfigureUnit, UNIT | twice) == message


class TestSetDeputy:
    @pytest.mark.parametrize(
        "body, message",
        [
            (
                {"deputy_id": None, "from_on": "2026-12-07"},
                "Without a deputy_id there can be no from_on and no until_on",
            ),
            ({"deputy_id": str(OTHER_WORKER_ID)}, "Give from_on, the first day on which the deputy acts"),
            (
                {"deputy_id": str(OTHER_WORKER_ID), "from_on": "2026-12-07", "until_on": "2026-12-07"},
                "until_on must be later than from_on: it is the first day without",
            ),
        ],
        ids=["days without deputy", "deputy without day", "no days"],
    )
    def test_refuses_days_that_do_not_fit(self, body: dict[str, Any], message: str) -> None:
        """An absence that is half known leaves a duty with nobody."""
        assert refusal(SetDeputy, body) == message

    def test_takes_an_absence_without_an_end(self) -> None:
        """Nobody knows yet."""
        SetDeputy.model_validate({"deputy_id": str(OTHER_WORKER_ID), "from_on": "2026-12-07"})
