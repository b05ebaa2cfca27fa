"""Units of their own, with families who are handed links and answer at the door, for the journeys about feedback."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from deploy import seed, tokens
from deploy.api import Answer, Api, asked_by
from deploy.clocks import HELSINKI
from deploy.tokens import Person
from shared.ids import new_id
from tests.journeys.region import LiveRegion, at
from tests.probe import until

UNITS = "heijastin.scheduling.units.v1"
RESULTS = "heijastin.feedback.results.v1"

_SECOND_HALF_BEGINS = 16
_DOES_IT_ALL = ("team_lead", "consulting_social_worker", "coordinator")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: `staff` ask scheduling, `manager` asks feedback what families answered."""

    id: str
    region: LiveRegion
    staff: Api
    manager: Api
    team: str
    worker: str

    async def family(self, *, members: int, day: date) -> "Met":
        """Open a case for a family that is reached by mail, and let its Heijastin begin now."""
        name = new_id().hex[:8]
        case = await self.staff.create(
            "/v1/cases",
            {
                "unit_id": self.id,
                "team_id": self.team,
                "responsible_worker_ids": [self.worker],
                "children_count": 1,
                "opened_on": day.isoformat(),
                "family": [
                    {
                        "display_name": f"Jäsen {number} Keksitty",
                        "channel": "email",
                        "address": f"{name}-{number}@family.example",
                    }
                    for number in range(1, members + 1)
                ],
            },
        )
        now = await self.region.now()
        planned = {"planned_from": now.isoformat(), "planned_until": (now + timedelta(hours=2)).isoformat()}
        meeting = await self.staff.create(f"/v1/cases/{case['case_id']}/meetings", planned)
        return Met(self, case, meeting, members)

    async def knows_links_of(self, half_month: date) -> None:
        """Wait until feedback has heard of links for a half-month of the unit."""

        async def has_links() -> bool:
            async with self.region.database("feedback") as database:
                count = await database.fetchval(
                    "SELECT count(DISTINCT kind) FROM links WHERE unit_id = $1::uuid AND half_month = $2",
                    self.id,
                    half_month,
                )
            return count == len({"adult", "child"})

        await until(has_links, within_seconds=45)


@dataclass(slots=True)
class Met:
    """A family at its Heijastin."""

    unit: Unit
    case: Answer
    meeting: Answer
    members: int

    @property
    def id(self) -> str:
        """The case's id."""
        return str(self.case["case_id"])

    @property
    def path(self) -> str:
        """The path of the meeting."""
        return f"/v1/meetings/{self.meeting['meeting_id']}"

    async def hand_out(self, *places: int) -> list[str]:
        """Have a link mailed to each member, or to those at *places*; returns the tokens as the mail held them."""
        box, before = self.unit.region.mailbox, len(self.unit.region.mailbox.letters)
        mailed = [{"place": place, "kind": "adult"} for place in places or range(1, self.members + 1)]
        answer = await self.unit.staff.http.post(f"{self.path}/feedback-links", json={"mailed": mailed})
        assert answer.json() == {"printed": [], "mailed": len(mailed), "not_mailed": 0}, answer.text
        return [text.split("/p/")[1].split()[0] for _, text in box.letters[before:]]

    async def hold(self) -> None:
        """Record that the meeting was held, an hour after it began, with nothing agreed."""
        begun = datetime.fromisoformat(self.meeting["planned_from"])
        until_ = begun + timedelta(hours=1)
        self.meeting = await self.unit.staff.change(
            f"{self.path}/held",
            {
                "held_from": begun.isoformat(),
                "held_until": until_.isoformat(),
                "close": {
                    "agreed": "none",
                    "reason": "calendars_open",
                    "booking_owner_id": self.unit.worker,
                    "book_by_on": (until_ + timedelta(days=7)).astimezone(HELSINKI).date().isoformat(),
                },
            },
            version=self.meeting["version"],
        )

    async def retract(self) -> None:
        """Say that it was not held."""
        self.meeting = await self.unit.staff.change(f"{self.path}/retracted", version=self.meeting["version"])


@asynccontextmanager
async def a_unit(region: LiveRegion) -> AsyncGenerator[Unit]:
    """Yield a new unit with a team and a worker."""
    unit, team, worker = (str(new_id()) for _ in range(3))
    running = region.running
    people = Person("does-it-all", _DOES_IT_ALL, (unit,)), Person("manager", ("quality_manager",), (unit,))
    staff_token, manager_token = (tokens.mint(running.folder, person) for person in people)
    async with (
        asked_by(staff_token, running.http["scheduling"]) as staff,
        asked_by(manager_token, running.http["feedback"]) as manager,
    ):
        hours = [{"weekday": day, "opens": "08:00", "closes": "16:00"} for day in range(1, 6)]
        names = {"name_fi": "Keksitty", "name_sv": "Påhittad", "name_en": "Invented"}
        await staff.put(f"/v1/units/{unit}", {**names, "hours": hours})
        await staff.put(f"/v1/teams/{team}", {"unit_id": unit, "name": "Tiimi 1"})
        body = {"unit_id": unit, "team_id": team, "display_name": "Tytti Tekijä", "roles": ["coordinator"]}
        await staff.put(f"/v1/workers/{worker}", body)
        yield Unit(unit, region, staff, manager, team, worker)


async def answer(region: LiveRegion, token: str, **fields: str) -> int:
    """Send the form of a link as a browser does, and return the status."""
    return await seed.answer(f"{region.running.form}/p/{token}", **fields)


async def half_month_begins(region: LiveRegion) -> date:
    """Go on to 9 o'clock of the day after the next half-month has begun; return its first day."""
    day = half_month_after((await region.now()).astimezone(HELSINKI).date())
    await region.advance(at(day + timedelta(days=1), 9))
    return day


def half_month_after(day: date) -> date:
    """Return the first day of the half-month after that of *day*."""
    if day.day < _SECOND_HALF_BEGINS:
        return day.replace(day=_SECOND_HALF_BEGINS)
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def figures(summary: Mapping[str, Any], item: str) -> dict[str, Any]:
    """Return the figures of one item."""
    return next(each for each in summary["items"] if each["item"] == item)
