"""Pages as text: pure, so that what a page says can be tested without a server."""

import base64
import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import Final, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.feedback.domain.questionnaire import (
    CURRENT,
    ITEM_IDS,
    LANGUAGES,
    MARKS,
    OPEN_ANSWER_MAX_CHARACTERS,
    FormKind,
    Language,
)
from services.feedback.pages.filled import NO_ANSWER, Filled
from services.feedback.pages.notices import NOTICES
from services.feedback.pages.texts import TEXTS
from services.feedback.settings import Region

_FOLDER = Path(__file__).parent.parent / "templates"
_STYLE: Final = (_FOLDER / "pages.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
"""The page's one style and its icon stand in it; no script, nothing from anywhere else, and it sends to us alone."""

_pages = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)

MessageName = Literal["thanks", "gone", "too_large", "trouble"]
NoticeName = Literal["privacy", "accessibility"]


def form_page(
    kind: FormKind, language: Language, region: Region, filled: Filled | None = None, *, is_interrupted: bool = False
) -> str:
    """
    Return the form; with what was *filled* in, if that is given, and with what is wrong with it.

    *is_interrupted* says that the fault is ours.
    """
    return _page(
        "form.html",
        language,
        region,
        sheet=CURRENT.sheet(kind, language),
        kind=kind,
        filled=filled or Filled(),
        complaints=() if filled is None else filled.complaints,
        is_interrupted=is_interrupted,
        items=ITEM_IDS,
        marks=MARKS,
        no_answer=NO_ANSWER,
        most=OPEN_ANSWER_MAX_CHARACTERS,
    )


def message_page(name: MessageName, language: Language, region: Region) -> str:
    """Return a page that says one thing."""
    return _page("message.html", language, region, message=getattr(TEXTS.of(language), name))


def notice_page(name: NoticeName, language: Language, region: Region) -> str:
    """Return a page to which every page leads."""
    return _page("notice.html", language, region, notice=getattr(NOTICES.of(language), name))


def apology_for(status: HTTPStatus) -> MessageName:
    """Return the name of the message for something that went wrong."""
    return "too_large" if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else "trouble"


def _page(template: str, language: Language, region: Region, **said: object) -> str:
    return _pages.get_template(template).render(
        said,
        language=language,
        languages={each: TEXTS.of(each).language for each in LANGUAGES},
        style=Markup(_STYLE),  # noqa: S704 - our own file, which the policy above knows by its hash
        texts=TEXTS.of(language),
        notices=NOTICES.of(language),
        region=region,
    )
