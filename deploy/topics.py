"""The topics of the system, as `topics.yaml` describes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import TypeAdapter

TOPICS = Path(__file__).with_name("topics.yaml")


@dataclass(frozen=True, slots=True)
class Topic:
    """One entry of `topics.yaml`; what the fields mean is said there."""

    name: str
    writer: str
    readers: tuple[str, ...]
    key: str
    partitions: int
    audience: Literal["internal", "agreement", "open"]
    retention_days: int
    about: str


_TOPIC = TypeAdapter(Topic)


def load(path: Path = TOPICS) -> Mapping[str, Topic]:
    """Return every topic by its name, in the order of the file."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: _TOPIC.validate_python({"name": name, **entry}) for name, entry in entries.items()}
