"""Quality as a process: what it is made of. Run it with `heijastin serve quality`."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp

import shared
from services.quality import api, handlers, timers
from services.quality.events import PromiseMade
from services.quality.metrics import CATALOGUE
from services.quality.settings import QualitySettings
from services.quality.subscriptions import SUBSCRIPTION
from shared.http import trust_of
from shared.rebuild import Rebuilding
from shared.service import Parts, Service


def _app(parts: Parts[QualitySettings]) -> ASGIApp:
    return api.app(trust=trust_of(parts.settings), database=parts.database, metrics=parts.metrics)


SERVICE: Final = Service(
    name="quality",
    version=version("heijastin"),
    settings=QualitySettings,
    migrations=(Path(shared.__file__).parent / "migrations", Path(__file__).parent / "migrations"),
    migrate_with="heijastin migrate quality",
    app=_app,
    publishes=(PromiseMade.topic,),
    subscription=SUBSCRIPTION,
    loops=timers.loops,
    metrics=CATALOGUE,
)

REBUILDING: Final = Rebuilding(SUBSCRIPTION, forget=handlers.forget, settle=timers.settle)
"""For `heijastin quality rebuild`."""
