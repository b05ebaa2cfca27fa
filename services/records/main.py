"""Records as a process: what it is made of. Run it with `heijastin serve records`."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp

import shared
from services.records import api
from services.records.events import MemoFact
from services.records.metrics import CATALOGUE
from services.records.settings import RecordsSettings
from services.records.subscriptions import SUBSCRIPTION
from shared.http import trust_of
from shared.service import Parts, Service


def _app(parts: Parts[RecordsSettings]) -> ASGIApp:
    return api.app(trust=trust_of(parts.settings), database=parts.database, metrics=parts.metrics)


SERVICE: Final = Service(
    name="records",
    version=version("heijastin"),
    settings=RecordsSettings,
    migrations=(Path(shared.__file__).parent / "migrations", Path(__file__).parent / "migrations"),
    migrate_with="heijastin migrate records",
    app=_app,
    publishes=(MemoFact.topic,),
    subscription=SUBSCRIPTION,
    metrics=CATALOGUE,
)
