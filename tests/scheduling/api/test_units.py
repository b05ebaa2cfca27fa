import asyncio
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from tests.scheduling.builders import COORDINATOR_ID, OTHER_UNIT_ID, OTHER_WORKER_ID, TEAM_ID, UNIT_ID, WORKER_ID
from tests.scheduling.conftest import Region
from tests.scheduling.edge import UNIT, WORKER, Caller, told

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

NOBODY = "00000000-0000-4000-8000-000000000000"
NEW_ID = "00000000-0000-4000-8000-0000000000ff"
OUR_UNIT = f"/v1/units/{UNIT_ID}"
OUR_TEAM = f"/v1/teams/{TEAM_ID}"
OUR_WORKER = f"/v1/workers/{WORKER_ID}"


class TestAUnit:
    async def test_is_created_and_changed_by_one_command(self, region: Region) -> None:
        """What was put is what is shown, and what the others are told."""
        rule = {"valid_from": "2099-01-01", "holiday_policy": "strict", "remote_counts": True}
        body = UNIT | {"closing_days": ["2026-12-24"], "rule_versions": [rule]}

        answer = await region.lead.put(OUR_UNIT, body, version=1)

        assert answer.headers["etag"] == '"2"'
        assert await region.lead.show(OUR_UNIT) == answer.json()
        facts = [fact for name, fact in await told(region.database, str(UNIT_ID)) if name == "UnitConfigured"]
        assert [fact["version"] for fact in facts] == [1, 2]
        assert facts[1] == answer.json()
        assert (facts[1]["closing_days"], facts[1]["rule_versions"]) == (["2026-12-24"], [rule])

    @pytest.mark.parametrize("version", [0, 2])
    async def test_is_changed_from_the_version_that_was_read(self, region: Region, version: int) -> None:
        """0 stands for "there is none yet", and there is one."""
        assert (await region.lead.put(OUR_UNIT, UNIT, version=version)).status_code == 412

    async def test_is_created_once_by_two_at_the_same_time(self, app: FastAPI) -> None:
        """There is no row to lock yet; the version is the guard."""
        lead = Caller(app, "team_lead", OTHER_UNIT_ID)

        answers = await asyncio.gather(*(lead.put(f"/v1/units/{OTHER_UNIT_ID}", UNIT) for _ in range(2)))

        assert sorted(answer.status_code for answer in answers) == [200, 412]

    async def test_keeps_the_rules_that_are_in_force(self, region: Region) -> None:
        """Promises were made by them."""
        answer = await region.lead.put(OUR_UNIT, UNIT | {"remote_counts": True}, version=1)

        assert (answer.status_code, answer.json()["type"]) == (409, "urn:problem:rule-already-in-force")

    async def test_that_is_not_yours_is_refused_or_not_there(self, region: Region) -> None:
        """To write it is forbidden; to read, it does not exist."""
        theirs = f"/v1/units/{OTHER_UNIT_ID}"

        assert (await region.lead.put(theirs, UNIT)).json()["type"] == "urn:problem:not-your-unit"
        assert (await region.lead.http.get(theirs)).json()["type"] == "urn:problem:unknown-unit"


class TestATeam:
    async def test_is_created_and_renamed(self, region: Region) -> None:
        """Its version counts in the fact too."""
        answer = await region.lead.put(OUR_TEAM, {"unit_id": str(UNIT_ID), "name": "Pohjoinen"}, version=1)

        assert await region.lead.show(OUR_TEAM) == answer.json()
        facts = [fact for name, fact in await told(region.database, str(UNIT_ID)) if name == "TeamConfigured"]
        assert facts[-1] == answer.json()
        assert (facts[-1]["name"], facts[-1]["version"]) == ("Pohjoinen", 2)

    async def test_needs_a_unit_that_exists(self, app: FastAPI) -> None:
        """The database knows; its constraint's name becomes the answer."""
        lead = Caller(app, "team_lead", UUID(NOBODY))

        answer = await lead.put(f"/v1/teams/{NEW_ID}", {"unit_id": NOBODY, "name": "Tiimi"})

        assert (answer.status_code, answer.json()["type"]) == (422, "urn:problem:named-unit-unknown")

    @pytest.mark.usefixtures("region")
    async def test_of_another_unit_is_not_there(self, app: FastAPI) -> None:
        """Scope is in the query."""
        stranger = Caller(app, "team_lead", OTHER_UNIT_ID)

        assert (await stranger.http.get(OUR_TEAM)).json()["type"] == "urn:problem:unknown-team"


class TestAWorker:
    async def test_is_created_and_changed(self, region: Region) -> None:
        """The others learn the roles, never the name or the account."""
        answer = await region.lead.put(OUR_WORKER, WORKER | {"account": "veera"}, version=1)

        assert await region.lead.show(OUR_WORKER) == answer.json()
        assert (answer.json()["account"], answer.json()["version"]) == ("veera", 2)
        name, fact = (await told(region.database, str(UNIT_ID)))[-1]
        assert (name, fact["roles"]) == ("WorkerConfigured", ["responsible_social_worker"])
        assert "veera" not in str(fact).lower()

    async def test_has_an_account_of_their_own(self, region: Region) -> None:
        """Two people behind one account would see each other's families."""
        await region.lead.put(OUR_WORKER, WORKER | {"account": "veera"}, version=1)

        answer = await region.lead.put(f"/v1/workers/{OTHER_WORKER_ID}", WORKER | {"account": "veera"}, version=1)

        assert (answer.status_code, answer.json()["type"]) == (409, "urn:problem:account-taken")

    @pytest.mark.parametrize(
        "different, slug",
        [({"team_id": NOBODY}, "named-team-unknown"), ({"roles": []}, "request-not-valid")],
        ids=["team", "roles"],
    )
    async def test_has_a_team_that_exists_and_a_role(
        self, region: Region, different: dict[str, Any], slug: str
    ) -> None:
        """A worker without either can be given nothing to do."""
        answer = await region.lead.put(OUR_WORKER, WORKER | different, version=1)

        assert (answer.status_code, answer.json()["type"]) == (422, f"urn:problem:{slug}")

    @pytest.mark.usefixtures("region")
    async def test_is_moved_by_who_belongs_to_both_units(self, app: FastAPI) -> None:
        """Nobody takes a worker from a unit that they have nothing to do with."""
        both = Caller(app, "team_lead", UNIT_ID, OTHER_UNIT_ID)
        await both.put(f"/v1/units/{OTHER_UNIT_ID}", UNIT)
        moved = WORKER | {"unit_id": str(OTHER_UNIT_ID), "team_id": None}

        stranger = Caller(app, "team_lead", OTHER_UNIT_ID)
        assert (await stranger.put(OUR_WORKER, moved, version=1)).json()["type"] == "urn:problem:not-your-unit"
        assert (await both.put(OUR_WORKER, moved, version=1)).json()["unit_id"] == str(OTHER_UNIT_ID)

    @pytest.mark.usefixtures("region")
    async def test_of_another_unit_is_not_there(self, app: FastAPI) -> None:
        """Neither to read nor to give a deputy to."""
        stranger = Caller(app, "team_lead", OTHER_UNIT_ID)

        assert (await stranger.http.get(OUR_WORKER)).json()["type"] == "urn:problem:unknown-worker"
        answer = await stranger.put(f"{OUR_WORKER}/deputy", {"deputy_id": None}, version=1)
        assert answer.json()["type"] == "urn:problem:unknown-worker"


class TestADeputy:
    async def test_is_set_and_taken_away(self, region: Region) -> None:
        """The duty is somebody's while the worker is away."""
        away = {"deputy_id": str(OTHER_WORKER_ID), "from_on": "2026-12-07", "until_on": "2026-12-21"}

        gone = await region.lead.put(f"{OUR_WORKER}/deputy", away, version=1)
        back = await region.lead.put(f"{OUR_WORKER}/deputy", {"deputy_id": None}, version=2)

        assert (gone.json()["deputy_id"], back.json()["deputy_id"]) == (str(OTHER_WORKER_ID), None)
        facts = [fact for name, fact in await told(region.database, str(UNIT_ID)) if name == "DeputySet"]
        assert [(fact["version"], fact["deputy_until_on"]) for fact in facts] == [(2, "2026-12-21"), (3, None)]

    async def test_is_somebody_who_exists(self, region: Region) -> None:
        """Else nobody would act."""
        answer = await region.lead.put(
            f"{OUR_WORKER}/deputy", {"deputy_id": NOBODY, "from_on": "2026-12-07"}, version=1
        )

        assert (answer.status_code, answer.json()["type"]) == (422, "urn:problem:named-worker-unknown")

    async def test_is_set_from_the_version_that_was_read(self, region: Region) -> None:
        """As everything is."""
        assert (await region.lead.put(f"{OUR_WORKER}/deputy", {"deputy_id": None}, version=7)).status_code == 412


class TestLists:
    @pytest.mark.parametrize(
        "path, key, expected",
        [
            ("units", "unit_id", [UNIT_ID]),
            ("teams", "team_id", [TEAM_ID]),
            ("workers", "worker_id", [WORKER_ID, OTHER_WORKER_ID, COORDINATOR_ID]),
        ],
        ids=["units", "teams", "workers"],
    )
    async def test_show_what_is_in_your_units(
        self, region: Region, app: FastAPI, path: str, key: str, expected: list[UUID]
    ) -> None:
        """In the order of ids, page by page; others see nothing."""
        listed: list[str] = []
        page = await region.lead.show(f"/v1/{path}?limit=1")
        while page["next"]:
            listed += [item[key] for item in page["items"]]
            page = await region.lead.show(f"/v1/{path}?limit=1&cursor={page['next']}")
        listed += [item[key] for item in page["items"]]

        assert listed == sorted(map(str, expected))
        assert (await Caller(app, "team_lead", OTHER_UNIT_ID).show(f"/v1/{path}"))["items"] == []
