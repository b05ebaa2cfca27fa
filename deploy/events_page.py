"""The events for people: `docs/events.md`."""

from deploy.system import System
from deploy.topics import Topic
from shared.contracts import EXAMPLE, SCHEMA, Contract

_HEAD = """\
# Events

<!-- Written by `make generate` from the events modules, the subscriptions and deploy/topics.yaml. Do not edit. -->

Everything that the services tell each other. A record is a CloudEvent 1.0 in Kafka's binary mode: the value is the
data, the attributes are `ce_` headers. Records come at least once, in order per key; `ce_sequence` is contiguous per
topic and key. Every fact carries the whole public state of its subject: the highest `ce_subjectversion` stands.
Pass over event types that you do not know. The same for machines: [asyncapi.json](asyncapi.json).

A topic also carries `Watermark` records (no key): everything recorded before their `as_of` stands above them in
their partition.
"""


def page(system: System) -> str:
    """Return the page for *system*."""
    return "\n".join([_HEAD, *(_section(topic, system) for topic in system.topics.values())])


def _section(topic: Topic, system: System) -> str:
    rows = [_row(contract, system) for contract in system.on(topic.name)]
    facts = (
        f"Key `{topic.key}` · publisher {topic.writer} · readers {_list(topic.readers)} "
        f"· audience **{topic.audience}** · {topic.partitions} partitions · kept {topic.retention_days} days"
    )
    return "\n".join(
        [
            f"## {topic.name}",
            "",
            topic.about,
            "",
            facts,
            "",
            "| Event | Version | When | Read by | Contract |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _row(contract: Contract, system: System) -> str:
    event = contract.event
    folder = f"../services/{event.wire_type().split('.')[1]}/contracts/{contract.name}"
    when = contract.emitted.removeprefix("Emitted ")
    return (
        f"| `{event.__name__}` | {event.contract_version} | {when} "
        f"| {_list(system.readers_of(event.wire_type()))} "
        f"| [schema]({folder}{SCHEMA}), [example]({folder}{EXAMPLE}) |"
    )


def _list(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(names) or "nobody yet"
