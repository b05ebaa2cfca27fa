"""What scheduling is told by its environment, `SCHEDULING_...`."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import Settings


class SchedulingSettings(Settings):
    """The settings of every service, and no more yet."""

    model_config = SettingsConfigDict(env_prefix="SCHEDULING_")

    group_claims: dict[str, str] = Field(default={"unit": "units"})
