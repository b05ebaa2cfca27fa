"""Scheduling as a process: what it is made of. Run it with `heijastin serve scheduling`."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp

import shared
from services.scheduling import api, timers
from services.scheduling.api.feedback import Ways
from services.scheduling.events import CaseFact, UnitConfigured
from services.scheduling.metrics import CATALOGUE
from services.scheduling.outside import Smtp
from services.scheduling.settings import SchedulingSettings
from services.scheduling.subscriptions import SUBSCRIPTION
from shared.http import trust_of
from shared.service import Parts, Service


def _app(parts: Parts[SchedulingSettings]) -> ASGIApp:
    settings = parts.settings
    app = api.app(trust=trust_of(settings), database=parts.database, metrics=parts.metrics)
    app.state.ways = Ways(
        form_address=settings.feedback_form_address,
        mail=_mail(settings),
        booklet_links=settings.feedback_booklet_links,
    )
    return app


def _mail(settings: SchedulingSettings) -> Smtp | None:
    if settings.mail_host is None:
        return None
    return Smtp(
        host=settings.mail_host,
        port=settings.mail_port,
        sender=settings.mail_sender,
        security=settings.mail_security,
        user=settings.mail_user,
        password=settings.mail_password,
    )


SERVICE: Final = Service(
    name="scheduling",
    version=version("heijastin"),
    settings=SchedulingSettings,
    migrations=(Path(shared.__file__).parent / "migrations", Path(__file__).parent / "migrations"),
    migrate_with="heijastin migrate scheduling",
    app=_app,
    publishes=(CaseFact.topic, UnitConfigured.topic),
    subscription=SUBSCRIPTION,
    loops=timers.loops,
    metrics=CATALOGUE,
)
