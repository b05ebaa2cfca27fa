"""
Settings of one process, from environment variables `<SERVICE>_<NAME>`; a value may come from a file by `<NAME>_FILE`.

Files are for secrets: what is in the environment shows in process lists and dumps. Everything is checked at start;
a missing or wrong setting ends the process with its name. Durations carry their unit in the name.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)


class WrongSettings(Exception):
    """A setting is missing or makes no sense; the message has a line for each, `NAME: what is wrong`, no values."""


Environment = Literal["production", "trial", "test"]


class Settings(BaseSettings):
    """
    What every service needs to know; a service subclasses it: `class OvenSettings(Settings, env_prefix="OVEN_")`.

    Secrets are `SecretStr`: neither `repr` nor a log shows them.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, validate_default=True)

    environment: Environment = "production"
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    database_url: SecretStr
    """Of the runtime role, which may read and write rows and nothing else."""
    database_pool_size: int = Field(default=10, ge=2)

    kafka_servers: str = Field(pattern=r"^[^,\s]+:\d+(,[^,\s]+:\d+)*$")
    """`host:port`, several separated by commas."""

    kafka_instance: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]+$")
    """
    A name that this process keeps over restarts and no other replica has (of a pod in a stateful set, for one).

    With it a process that was killed reads on at once when it is back; without it its partitions rest until Kafka has
    missed it for 45 seconds, and so do those of a replica that was removed for good if it had a name.
    """

    http_host: str = "127.0.0.1"
    """Loopback unless told otherwise."""
    http_port: int = Field(ge=0, le=65535)
    """0 takes any free port; the log event `http_listens` tells which."""

    token_keys_file: Path
    """Public keys (a JWK set, JSON) of whoever signs access tokens."""
    token_issuer: str
    token_audience: str
    subject_claim: str = "sub"
    roles_claim: str = "roles"
    """A claim's name or path, `realm_access.roles`; likewise below."""
    role_names: dict[str, str] = {}
    """The provider's names of our roles, as JSON; empty if it uses ours. Names it does not list are passed over."""
    group_claims: dict[str, str] = {}
    """For each kind of group that people belong to, the claim that lists the ids of theirs."""

    watermark_interval_seconds: float = Field(default=60.0, gt=0)
    relay_tick_shortest_seconds: float = Field(default=0.05, gt=0)
    relay_tick_longest_seconds: float = Field(default=0.25, gt=0)
    seal_interval_seconds: float = Field(default=60.0, gt=0)
    """How often the access log is sealed; until then an altered line goes unseen."""

    @classmethod
    def read(cls) -> Self:
        """
        Return the settings that the environment holds.

        Raises:
            WrongSettings: some are missing or make no sense.
        """
        try:
            return cls()  # pyright: ignore[reportCallIssue] - the environment brings the arguments
        except ValidationError as invalid:
            prefix = cls.model_config.get("env_prefix", "")
            wrong = invalid.errors(include_input=False, include_url=False)
            lines = (f"{prefix}{'_'.join(map(str, each['loc']))}".upper() + f": {each['msg']}" for each in wrong)
            raise WrongSettings("\n".join(lines)) from None
        except SettingsError as unreadable:  # a file that is not there, text that is no JSON: the name, and why
            message = f"{unreadable}: {unreadable.__cause__}"
            raise WrongSettings(message) from None

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("postgres://", "postgresql://")):
            message = "must be a postgresql:// address"
            raise ValueError(message)
        return url

    @model_validator(mode="after")
    def _ticks_are_in_order(self) -> Self:
        if self.relay_tick_shortest_seconds > self.relay_tick_longest_seconds:
            message = "relay_tick_shortest_seconds is above relay_tick_longest_seconds"
            raise ValueError(message)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments first, then the environment, then the files it names."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _NamedFiles(settings_cls)


class _NamedFiles(EnvSettingsSource):
    """Reads a setting from the file that `<PREFIX><NAME>_FILE` names."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[object, str, bool]:
        """Return the file's text without surrounding white space, or None."""
        del field
        path = self.env_vars.get(f"{self.env_prefix}{field_name}_file".lower())
        return Path(path).read_text().strip() if path else None, field_name, False
