"""What records is told by its environment, `RECORDS_...`."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import Settings


class RecordsSettings(Settings):
    """The settings of every service, and no more yet."""

    model_config = SettingsConfigDict(env_prefix="RECORDS_")

    group_claims: dict[str, str] = Field(default={"unit": "units"})
