"""What quality is told by its environment, `QUALITY_...`."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import Settings


class QualitySettings(Settings):
    """The settings of every service, and how many cases a sweep judges in one transaction."""

    model_config = SettingsConfigDict(env_prefix="QUALITY_")

    group_claims: dict[str, str] = Field(default={"unit": "units"})
    sweep_cases: int = Field(default=500, ge=1, le=5000)
