"""What feedback is told by its environment, `FEEDBACK_...`."""

import json
import re
from typing import Annotated, Final, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_settings import NoDecode, SettingsConfigDict

from shared.settings import Settings

T = TypeVar("T")

_PAGE: Final = re.compile(r"https://[a-z0-9][a-z0-9.-]*(:\d+)?(/[^\s?#\"<>]*)?", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\+?\d(?: ?\d){2,14}")
_EMAIL: Final = re.compile(r"[^\s@?&\"<>]+@[a-z0-9][a-z0-9.-]*\.[a-z]+", re.IGNORECASE)


class PerLanguage(BaseModel, Generic[T]):
    """The same for the readers of each language."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    fi: T
    sv: T
    en: T


def _each_language(given: object) -> object:
    if not isinstance(given, str):
        return given
    if not given.lstrip().startswith("{"):
        return dict.fromkeys(PerLanguage.model_fields, given)
    try:
        return json.loads(given)
    except ValueError:
        message = 'write {"fi": "...", "sv": "...", "en": "..."}, or one text for all languages'
        raise ValueError(message) from None


def _page(address: str) -> str:
    if not _PAGE.fullmatch(address):
        message = "write the address of a page, https://..., that ends before any ? or #"
        raise ValueError(message)
    return address


def _number(number: str) -> str:
    if not _NUMBER.fullmatch(number):
        message = (
            "write a number to call as people read it, digits and single spaces: 112, 029 123 4567, +358 29 1234567"
        )
        raise ValueError(message)
    return number


def _email(address: str) -> str:
    if not _EMAIL.fullmatch(address):
        message = "write one e-mail address: accessibility@region.example"
        raise ValueError(message)
    return address


Name = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
PageAddress = Annotated[str, AfterValidator(_page)]
"""What a query would hold beside a page's address might be an id, so there is none."""


class Region(BaseModel):
    """Who asks the families, and where they find help and their rights; on every page of the form (0039)."""

    region_name: Annotated[PerLanguage[Name], NoDecode, BeforeValidator(_each_language)]
    """In each language, as JSON, or one text for all; likewise below."""
    privacy_notice_url: Annotated[PerLanguage[PageAddress], NoDecode, BeforeValidator(_each_language)]
    """Of the region's own full notice, to which the form's short one leads."""
    accessibility_email: Annotated[str, AfterValidator(_email)]
    """Where people tell of barriers; somebody has to answer within 14 days (306/2019)."""
    accessibility_statement_url: Annotated[
        PerLanguage[PageAddress] | None, NoDecode, BeforeValidator(_each_language)
    ] = None
    """Of the region's own statement on the form; None: the form's is shown."""
    social_emergency_number: Annotated[str, AfterValidator(_number)]


class FeedbackSettings(Settings, Region):  # pyright: ignore[reportIncompatibleVariableOverride] - pydantic merges both configurations
    """The settings of every service, the region, and where its form listens: behind a host name of its own."""

    model_config = SettingsConfigDict(env_prefix="FEEDBACK_")

    group_claims: dict[str, str] = Field(default={"unit": "units"})
    form_host: str = "127.0.0.1"
    """Loopback unless told otherwise."""
    form_port: int = Field(ge=0, le=65535)
    """0 takes any free port; the log event `door_listens` tells which."""
