"""Scheduling as a process: what it is made of. Run it with `heijastin serve scheduling`."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp

import shared
from services.scheduling import api
from services.scheduling.events import CaseFact, UnitConfigured
from services.scheduling.metrics import CATALOGUE
from services.scheduling.settings import SchedulingSettings
from services.scheduling.subscriptions import SUBSCRIPTION
from shared.http import trust_of
from shared.service import Parts, Service


def _app(parts: Parts[SchedulingSettings]) -> ASGIApp:
    return api.app(trust=trust_of(parts.settings), database=parts.database, metrics=parts.metrics)


SERVICE: Final = Service(
    name="scheduling",
    version=version("heijastin"),
    settings=SchedulingSettings,
    migrations=(Path(shared.__file__).parent / "migrations", Path(__file__).parent / "migrations"),
    migrate_with="heijastin migrate scheduling",
    app=_app,
    publishes=(CaseFact.topic, UnitConfigured.topic),
    subscription=SUBSCRIPTION,
    metrics=CATALOGUE,
)
