"""An obviously invented region, entered through the public APIs, so that a trial is not an empty house."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from uuid import UUID

import httpx

from deploy import tokens
from deploy.api import Answer, Api, asked_by
from deploy.clocks import HELSINKI
from deploy.state import Running
from deploy.tokens import Person
from shared.derived import derived_id

_REGION = UUID("5a7c0000-0000-4000-8000-000000000000")
UNIT, FOXES, HEDGEHOGS = (str(derived_id(_REGION, name)) for name in ("unit", "foxes", "hedgehogs"))
OTHER_UNIT, LYNXES = (str(derived_id(_REGION, name)) for name in ("other unit", "lynxes"))

UNITS = {
    UNIT: {
        "name_fi": "Satumaan perhekeskus (keksitty)",
        "name_sv": "Sagolandets familjecenter (påhittat)",
        "name_en": "Fairyland Family Centre (invented)",
    },
    OTHER_UNIT: {
        "name_fi": "Tarulan perhekeskus (keksitty)",
        "name_sv": "Sägenbys familjecenter (påhittat)",
        "name_en": "Taletown Family Centre (invented)",
    },
}

TEAMS = {
    FOXES: (UNIT, "Kettutiimi"),
    HEDGEHOGS: (UNIT, "Siilitiimi"),
    LYNXES: (OTHER_UNIT, "Ilvestiimi"),
}

_WORKERS = {
    "coordinator": "Konsta Keksitty",
    "consulting_social_worker": "Ilma Olematon",
    "responsible_social_worker": "Satu Sepite",
    "family_therapist": "Taru Tarinainen",
    "team_lead": "Tuulia Tuulesta",
}

_OTHERS = {"Hilla Huomenna": (UNIT, HEDGEHOGS), "Lauri Lohdutus": (OTHER_UNIT, LYNXES)}
"""Responsible social workers of the other teams, who cannot sign in: the unit and the team of each."""

_OF_BOTH_UNITS = {"team_lead", "quality_manager", "ops"}

NEIGHBOUR = "hedgehog"
"""A responsible social worker of the other team: Heli Satusiili."""

PEOPLE: Mapping[str, Person] = {
    role: Person(
        account=role.replace("_", "-"),
        roles=(role,),
        units=(UNIT, OTHER_UNIT) if role in _OF_BOTH_UNITS else (UNIT,),
    )
    for role in (*_WORKERS, "quality_manager", "ops")
} | {NEIGHBOUR: Person(account=NEIGHBOUR, roles=("responsible_social_worker",), units=(UNIT,))}
"""Who can sign in, by role: one person each, of one unit or of both; and the neighbour."""


def worker(role: str) -> str:
    """Return the id of the invented worker with *role*."""
    return str(derived_id(_REGION, role))


@dataclass(frozen=True, slots=True)
class Region:
    """The region as its people see it: for each role, the APIs as that person may use them."""

    scheduling: Mapping[str, Api]
    records: Mapping[str, Api]

    async def is_there(self) -> bool:
        """Tell whether it was entered before."""
        return bool((await self.scheduling["team_lead"].get("/v1/units"))["items"])

    async def configure(self) -> None:
        """Enter the units, their teams and their workers."""
        lead = self.scheduling["team_lead"]
        hours = [{"weekday": day, "opens": "08:00", "closes": "16:00"} for day in range(1, 6)]
        for unit, names in UNITS.items():
            await lead.put(f"/v1/units/{unit}", {**names, "hours": hours})
        for team, (unit, name) in TEAMS.items():
            await lead.put(f"/v1/teams/{team}", {"unit_id": unit, "name": name})
        for role, name in _WORKERS.items():
            body = {"unit_id": UNIT, "team_id": FOXES, "display_name": name, "roles": [role]}
            await lead.put(f"/v1/workers/{worker(role)}", {**body, "account": PEOPLE[role].account})
        for name, (unit, team) in _OTHERS.items():
            body = {"unit_id": unit, "team_id": team, "display_name": name, "roles": ["responsible_social_worker"]}
            await lead.put(f"/v1/workers/{worker(name)}", body)
        heli = PEOPLE[NEIGHBOUR]
        body = {"unit_id": UNIT, "team_id": HEDGEHOGS, "display_name": "Heli Satusiili", "roles": heli.roles}
        await lead.put(f"/v1/workers/{worker(NEIGHBOUR)}", {**body, "account": heli.account})

    async def set_deputy(self, role: str, deputy: str, *, on: datetime) -> None:
        """Let somebody act for the worker with *role* on the local day of *on*."""
        path, day = f"/v1/workers/{worker(role)}", on.astimezone(HELSINKI).date()
        version = (await self.scheduling["coordinator"].get(path))["version"]
        days = {"from_on": day.isoformat(), "until_on": (day + timedelta(days=1)).isoformat()}
        await self.scheduling["coordinator"].put(
            f"{path}/deputy", {"deputy_id": worker(deputy), **days}, version=version
        )

    async def open_case(self, family: str, *, on: datetime, children: int = 2) -> Answer:
        """Make an invented family a case on the local day of *on*."""
        return await self.scheduling["consulting_social_worker"].create(
            "/v1/cases",
            {
                "unit_id": UNIT,
                "team_id": FOXES,
                "responsible_worker_ids": [worker("responsible_social_worker")],
                "children_count": children,
                "opened_on": on.astimezone(HELSINKI).date().isoformat(),
                "family": [{"display_name": family}],
            },
        )

    async def schedule(self, case: Answer, *, at: datetime) -> Answer:
        """Schedule a Heijastin of three hours."""
        return await self.scheduling["coordinator"].create(
            f"/v1/cases/{case['case_id']}/meetings", period("planned", at, hours=3)
        )

    async def hold(self, meeting: Answer, *, at: datetime, close: Mapping[str, object]) -> Answer:
        """Record that a Heijastin of three hours was held, and what its close settled."""
        return await self.scheduling["consulting_social_worker"].change(
            f"/v1/meetings/{meeting['meeting_id']}/held",
            {**period("held", at, hours=3), "close": close},
            version=meeting["version"],
        )

    async def retract(self, meeting: Answer) -> Answer:
        """Record that a Heijastin was not held after all."""
        path = f"/v1/meetings/{meeting['meeting_id']}/retracted"
        return await self.scheduling["consulting_social_worker"].change(path, version=meeting["version"])

    async def confirm(self, meeting: Answer, *, override_reason: str | None = None) -> Answer:
        """Confirm a Heijastin as it was read."""
        path = f"/v1/meetings/{meeting['meeting_id']}/confirmed"
        body = {"override_reason": override_reason}
        return await self.scheduling["coordinator"].change(path, body, version=meeting["version"])

    async def memo(self, meeting: Answer) -> Answer:
        """Return the memo of a Heijastin."""
        return await self.records["consulting_social_worker"].get(f"/v1/memos/{meeting['meeting_id']}")

    async def record_memo(self, meeting: Answer, *, on: date) -> Answer:
        """Record that the memo of a Heijastin is in the client information system since a day."""
        body = {"reference": f"ASI-{meeting['meeting_id'][:8]}", "recorded_on": on.isoformat()}
        return await self._of_memo(meeting, "recorded", body)

    async def agree_review(self, meeting: Answer, *, on: date) -> Answer:
        """Record on which day the family will go through the memo of a Heijastin."""
        return await self._of_memo(meeting, "review-agreed", {"review_on": on.isoformat()})

    async def review_memo(self, meeting: Answer, *, on: date) -> Answer:
        """Record that the family went through the memo of a Heijastin, with its worker."""
        flags = {"family_present": True, "child_present": False, "worker_present": True, "views_differ": False}
        return await self._of_memo(meeting, "reviewed", {"reviewed_on": on.isoformat(), **flags})

    async def _of_memo(self, meeting: Answer, step: str, body: Mapping[str, object]) -> Answer:
        memo = await self.memo(meeting)
        path = f"/v1/memos/{meeting['meeting_id']}/{step}"
        return await self.records["consulting_social_worker"].change(path, body, version=memo["version"])

    async def hand_out(self, meeting: Answer, *kinds: str) -> list[str]:
        """Hand out links to the family's form on paper, one of each kind given."""
        path = f"/v1/meetings/{meeting['meeting_id']}/feedback-links"
        answer = await self.scheduling["responsible_social_worker"].act(path, {"printed": kinds})
        return [each["link"] for each in answer["printed"]]

    async def follow_ups(self, case: Answer) -> list[Answer]:
        """Return the follow-ups of a case."""
        return list((await self.scheduling["coordinator"].get(f"/v1/cases/{case['case_id']}/follow-ups"))["items"])

    async def meet(self, follow_up: Answer, *, at: datetime) -> Answer:
        """Record that a booked follow-up was held, with the family and a worker of the case."""
        return await self.scheduling["responsible_social_worker"].change(
            f"/v1/follow-ups/{follow_up['follow_up_id']}/held", encounter(at), version=follow_up["version"]
        )

    async def met(self, case: Answer, *, at: datetime) -> Answer:
        """Record a follow-up that had not been booked."""
        path = f"/v1/cases/{case['case_id']}/follow-ups/held"
        return await self.scheduling["responsible_social_worker"].create(path, encounter(at))


async def opens(link: str) -> bool:
    """Tell whether there is a form behind a link."""
    async with httpx.AsyncClient(trust_env=False) as browser:
        return (await browser.get(link)).status_code == HTTPStatus.OK


async def answer(link: str, **fields: str) -> int:
    """Send the form behind a link as a browser does, and return the status."""
    async with httpx.AsyncClient(trust_env=False) as browser:
        return (await browser.post(link, data=fields)).status_code


def period(name: str, at: datetime, *, hours: int) -> dict[str, str]:
    """Return the two fields of a period that begins at *at*."""
    return {f"{name}_from": at.isoformat(), f"{name}_until": (at + timedelta(hours=hours)).isoformat()}


def encounter(at: datetime) -> dict[str, object]:
    """Return a follow-up of an hour, in person, that counts."""
    return {**period("held", at, hours=1), "family_present": True, "worker_present": True, "mode": "in_person"}


def booked(at: datetime) -> dict[str, object]:
    """Return a close that books a follow-up."""
    return {"agreed": "follow_up", **period("booked", at, hours=1)}


def nothing_agreed(*, book_by: datetime) -> dict[str, object]:
    """Return a close without a next time, which the coordinator books by a day."""
    return {
        "agreed": "none",
        "reason": "calendars_open",
        "booking_owner_id": worker("coordinator"),
        "book_by_on": book_by.astimezone(HELSINKI).date().isoformat(),
    }


def at(now: datetime, *, days: int, hour: int = 13) -> datetime:
    """Return *hour* o'clock local time, *days* after the local day of *now*; negative: before it."""
    return datetime.combine(now.astimezone(HELSINKI).date() + timedelta(days=days), time(hour), HELSINKI)


@asynccontextmanager
async def region(running: Running) -> AsyncGenerator[Region]:
    """Yield the region of the running trial."""
    async with AsyncExitStack() as stack:
        yield Region(
            scheduling=await _asked(stack, running, "scheduling"), records=await _asked(stack, running, "records")
        )


async def _asked(stack: AsyncExitStack, running: Running, service: str) -> Mapping[str, Api]:
    """Return for each role the API of *service* as that person may use it."""
    return {
        role: await stack.enter_async_context(asked_by(tokens.mint(running.folder, person), running.http[service]))
        for role, person in PEOPLE.items()
    }


async def plant(running: Running, *, now: datetime) -> bool:
    """Enter the region, with five families at different points of their month; False if it was there before."""
    async with region(running) as here:
        if await here.is_there():
            return False
        await here.configure()
        for family, opened, met, close in (
            ("Perhe Otso-Keksitty", -20, -6, booked(at(now, days=15))),
            ("Perhe Pöllö-Keksitty", -15, -3, nothing_agreed(book_by=at(now, days=4))),
            ("Perhe Kurki-Keksitty", -15, -2, booked(at(now, days=45))),  # too late, and warned of
            ("Perhe Jänis-Keksitty", -10, -5, nothing_agreed(book_by=at(now, days=4))),
        ):
            case = await here.open_case(family, on=at(now, days=opened))
            meeting = await here.schedule(case, at=at(now, days=met))
            await here.hold(meeting, at=at(now, days=met), close=close)
            if family == "Perhe Jänis-Keksitty":  # met without having been booked: the promise is kept
                await here.met(case, at=at(now, days=-1))
        coming = await here.open_case("Perhe Ilves-Keksitty", on=at(now, days=-1))
        await here.schedule(coming, at=at(now, days=8))
        return True
