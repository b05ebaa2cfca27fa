"""What feedback is told by its environment, `FEEDBACK_...`."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import Settings


class FeedbackSettings(Settings):
    """The settings of every service, and where the family's form listens: behind a host name of its own."""

    model_config = SettingsConfigDict(env_prefix="FEEDBACK_")

    group_claims: dict[str, str] = Field(default={"unit": "units"})
    form_host: str = "127.0.0.1"
    """Loopback unless told otherwise."""
    form_port: int = Field(ge=0, le=65535)
    """0 takes any free port; the log event `door_listens` tells which."""
