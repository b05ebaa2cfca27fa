"""Feedback as a process: what it is made of. Run it with `heijastin serve feedback`."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp

import shared
from services.feedback import api, pages, timers
from services.feedback.events import FeedbackSummarised
from services.feedback.metrics import CATALOGUE
from services.feedback.settings import FeedbackSettings
from services.feedback.subscriptions import SUBSCRIPTION
from shared.http import trust_of
from shared.service import Door, Parts, Service


def _app(parts: Parts[FeedbackSettings]) -> ASGIApp:
    return api.app(trust=trust_of(parts.settings), database=parts.database, metrics=parts.metrics)


def _form(parts: Parts[FeedbackSettings]) -> ASGIApp:
    return pages.app(parts.database, parts.settings)


SERVICE: Final = Service(
    name="feedback",
    version=version("heijastin"),
    settings=FeedbackSettings,
    migrations=(Path(shared.__file__).parent / "migrations", Path(__file__).parent / "migrations"),
    migrate_with="heijastin migrate feedback",
    app=_app,
    door=Door(app=_form, address=lambda settings: (settings.form_host, settings.form_port)),
    publishes=(FeedbackSummarised.topic,),
    subscription=SUBSCRIPTION,
    loops=timers.loops,
    metrics=CATALOGUE,
)
