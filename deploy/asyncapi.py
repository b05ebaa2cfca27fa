"""
The system for those who subscribe to it: one AsyncAPI 3.0 document, made of contracts and `topics.yaml`.

FastStream writes such documents too, but sees nothing of a raw batch: no types, no headers, no keys.
"""

from collections.abc import Mapping
from typing import Any

from deploy.system import System
from deploy.topics import Topic
from shared.compatibility import Json, is_array, is_object
from shared.contracts import Contract
from shared.envelope import CONTENT_TYPE, WATERMARK_LABEL
from shared.events import Event

KAFKA_BINDING = "0.5.0"
_DAY_MS = 24 * 60 * 60 * 1000
_UUID: Json = {"type": "string", "format": "uuid"}
_COUNT: Json = {"type": "string", "pattern": "^[1-9][0-9]*$"}

HEADERS: Json = {
    "type": "object",
    "description": "CloudEvents 1.0, Kafka binary mode; every value is ASCII text.",
    "required": [
        "ce_specversion", "content-type", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "ce_sequence",
        "ce_subjectversion", "ce_correlationid",
    ],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "content-type": {"const": CONTENT_TYPE.decode()},
        "ce_id": _UUID | {"description": "Of the fact: a record that comes again has the same."},
        "ce_source": {"type": "string", "description": "The writer, as /service."},
        "ce_type": {"type": "string", "description": "system.service.Event.vN"},
        "ce_time": {"type": "string", "format": "date-time", "description": "When the fact was recorded."},
        "ce_subject": {"type": "string", "description": "What it is about, as kind/id."},
        "ce_sequence": _COUNT | {"description": "Contiguous per topic and key, from 1: order, gaps and duplicates."},
        "ce_subjectversion": _COUNT | {"description": "Version of the subject; the highest stands."},
        "ce_correlationid": {"type": "string", "description": "From the first request to the last effect."},
        "ce_causationid": {"type": "string", "description": "What brought this about, where it is known."},
        "ce_traceparent": {"type": "string", "description": "W3C trace context, where there is one."},
    },
}  # fmt: skip


def document(system: System) -> Json:
    """Return the AsyncAPI document of *system*."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Heijastin events",
            "version": system.version,
            "description": "The facts that the services tell each other, and whoever subscribes. Records come at least "
            "once and in order per key; an event type that you do not know is to be passed over.",
        },
        "defaultContentType": CONTENT_TYPE.decode(),
        "channels": {topic.name: _channel(topic, system) for topic in system.topics.values()},
        "operations": {
            name: operation
            for topic in system.topics.values()
            for name, operation in _operations(topic, system).items()
        },
        "components": {
            "messages": {
                **{wire_type: _message(contract) for wire_type, contract in system.published.items()},
                **{_watermark_of(topic): _watermark(topic) for topic in system.topics.values()},
            },
            "messageTraits": {
                "fact": {
                    "contentType": CONTENT_TYPE.decode(),
                    "correlationId": {"location": "$message.header#/ce_correlationid"},
                    "bindings": {"kafka": {"key": _UUID, "bindingVersion": KAFKA_BINDING}},
                }
            },
            "schemas": {
                "headers": HEADERS,
                **{_shape_of(contract): _payload(contract) for contract in system.published.values()},
            },
        },
    }


def _channel(topic: Topic, system: System) -> Json:
    names = [*(contract.event.wire_type() for contract in system.on(topic.name)), _watermark_of(topic)]
    return {
        "address": topic.name,
        "title": topic.name,
        "description": f"{topic.about} Key: {topic.key}. Audience: {topic.audience}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "tags": [{"name": f"audience:{topic.audience}"}, {"name": f"writer:{topic.writer}"}],
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": topic.retention_days * _DAY_MS,
                },
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _operations(topic: Topic, system: System) -> dict[str, Json]:
    """Return who sends and who receives on *topic*, by name of the operation."""
    subject = topic.name.split(".")[2]
    watermark = _watermark_of(topic)
    sent = [contract.event.wire_type() for contract in system.on(topic.name)]
    operations = {
        f"{topic.writer}.sends.{subject}": _operation("send", topic, [*sent, watermark], service=topic.writer)
    }
    for reader, subscription in system.subscriptions.items():
        if topic.name in subscription.topics:
            read = [wire_type for wire_type in sent if wire_type in subscription.reads]
            group: Json = {"groupId": {"type": "string", "enum": [subscription.group]}}
            operations[f"{reader}.receives.{subject}"] = _operation(
                "receive", topic, [*read, watermark], service=reader
            ) | {"bindings": {"kafka": group | {"bindingVersion": KAFKA_BINDING}}}
    return operations


def _operation(action: str, topic: Topic, names: list[str], *, service: str) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "title": f"{service} {action}s {topic.name}",
        "tags": [{"name": service}],
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{name}"} for name in names],
    }


def _message(contract: Contract) -> Json:
    event, example = contract.event, contract.example
    headers = {
        "content-type" if name == "datacontenttype" else f"ce_{name}": value
        for name, value in example.items()
        if name not in {"data", "partitionkey"}
    }
    return {
        "name": event.wire_type(),
        "title": event.__name__,
        "summary": contract.emitted,
        "description": contract.schema["description"],
        "traits": [{"$ref": "#/components/messageTraits/fact"}],
        "headers": _headers(event.wire_type()),
        "payload": {"$ref": f"#/components/schemas/{_shape_of(contract)}"},
        "examples": [{"name": contract.name, "headers": headers, "payload": example["data"]}],
    }


def _watermark_of(topic: Topic) -> str:
    prefix, service, *_ = topic.name.split(".")
    return f"{prefix}.{service}.{WATERMARK_LABEL}.v1"


def _watermark(topic: Topic) -> Json:
    wire_type = _watermark_of(topic)
    return {
        "name": wire_type,
        "title": WATERMARK_LABEL,
        "summary": "Not a fact: everything recorded before `as_of` stands above this record in its partition.",
        "description": f"Written by {topic.writer} into every partition, without a key. Pass it over unless you judge "
        "by completeness; then take the least of all partitions you read.",
        "contentType": CONTENT_TYPE.decode(),
        "headers": _headers(wire_type),
        "payload": {
            "type": "object",
            "required": ["as_of", "partitions"],
            "properties": {
                "as_of": {"type": "string", "format": "date-time"},
                "partitions": {"type": "integer", "description": "How many the topic has."},
            },
        },
    }


def _headers(wire_type: str) -> Json:
    return {"allOf": [{"$ref": "#/components/schemas/headers"}, {"properties": {"ce_type": {"const": wire_type}}}]}


def _shape_of(contract: Contract) -> str:
    """Return the name of what *contract* carries: events that add no field to a common base carry the base."""
    event = contract.event
    shape = [base for base in event.__mro__ if issubclass(base, Event) and _state(base) == _state(event)][-1]
    return ".".join([*event.topic.split(".")[:2], shape.__name__, f"v{event.contract_version}"])


def _state(event: type[Event]) -> Json:
    """Return how the fields of *event* are annotated, which tells its schema from another."""
    return {name: repr(field) for name, field in event.model_fields.items()}


def _payload(contract: Contract) -> Json:
    """Return the payload in AsyncAPI's own dialect (draft 7), every definition where it is used."""
    schema = contract.schema
    kept = {name: part for name, part in schema.items() if name not in {"$schema", "$defs", "title", "description"}}
    return _inlined(kept, schema.get("$defs", {}))


def _inlined(part: Any, definitions: Mapping[str, Json]) -> Any:
    if is_object(part):
        if "$ref" in part:
            return _inlined(definitions[part["$ref"].removeprefix("#/$defs/")], definitions)
        return {name: _inlined(value, definitions) for name, value in part.items()}
    return [_inlined(element, definitions) for element in part] if is_array(part) else part
