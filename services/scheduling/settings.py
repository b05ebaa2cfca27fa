"""What scheduling is told by its environment, `SCHEDULING_...`."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import Settings

MailSecurity = Literal["starttls", "tls", "none"]


class SchedulingSettings(Settings):
    """The settings of every service, and how families get their links."""

    model_config = SettingsConfigDict(env_prefix="SCHEDULING_")

    group_claims: dict[str, str] = Field(default={"unit": "units"})

    feedback_form_address: str | None = Field(default=None, pattern=r"^https?://\S+/$")
    """Where families find the form; a link is this and its token. None: no links are handed out."""
    feedback_booklet_links: int = Field(default=400, ge=40, le=2000)
    """How many links of a kind are made at once for a unit's half-month: many more than are handed out."""

    mail_host: str | None = None
    """The region's mail gateway; None: links are handed out on paper only."""
    mail_port: int = Field(default=587, ge=1, le=65535)
    mail_sender: str = "heijastin@localhost"
    mail_security: MailSecurity = "starttls"
    mail_user: str | None = None
    mail_password: SecretStr | None = None
