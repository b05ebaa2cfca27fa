"""Our records are CloudEvents: the official package reads them back, without knowing us."""

from datetime import UTC, datetime

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event

from shared.contracts import contract_of
from shared.database import Trace
from shared.envelope import Envelope, from_headers, source_of, to_headers
from tests.contracts import bakery

FACT = bakery.BreadBaked.example()
RECORDED_AT = datetime(2026, 3, 29, 1, 0, 0, 120, tzinfo=UTC)


def envelope(trace: Trace) -> Envelope:
    return Envelope(
        event_id="5f0f5b1e-6f0c-4d43-a7a2-3c8a5f4c9b1d",
        event_type=bakery.BreadBaked.wire_type(),
        source=source_of(bakery.BreadBaked.topic),
        subject=FACT.subject(),
        recorded_at=RECORDED_AT,
        sequence=17,
        subject_version=FACT.subject_version(),
        trace=trace,
    )


def record(written: Envelope) -> KafkaMessage:
    """Return the record as the relay sends it."""
    headers = to_headers(written)
    assert len(dict(headers)) == len(headers)
    return KafkaMessage(dict(headers), FACT.stream_key().encode(), FACT.model_dump_json().encode())


class TestTheOfficialPackage:
    def test_reads_every_attribute_and_the_data(self) -> None:
        """Binary mode: value is data, `ce_` headers are attributes, the key is the partition key."""
        trace = Trace("morning-shift", "an-order", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

        read = from_binary_event(record(envelope(trace)))

        assert read.get_attributes() == {
            "specversion": "1.0",
            "datacontenttype": "application/json",
            "id": "5f0f5b1e-6f0c-4d43-a7a2-3c8a5f4c9b1d",
            "source": "/oven",
            "type": "bakery.oven.BreadBaked.v1",
            "time": RECORDED_AT,
            "subject": FACT.subject(),
            "sequence": "17",
            "subjectversion": "2",
            "correlationid": "morning-shift",
            "causationid": "an-order",
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "partitionkey": FACT.stream_key(),
        }
        assert read.get_data() == FACT.model_dump(mode="json")

    def test_reads_a_fact_that_continues_nothing(self) -> None:
        """An absent attribute is absent, not empty."""
        read = from_binary_event(record(envelope(Trace("morning-shift"))))

        assert read.get_extension("causationid") is None
        assert read.get_extension("traceparent") is None

    def test_reads_the_example_of_a_contract(self) -> None:
        """Its attributes are those that a record has."""
        example = contract_of(bakery.BreadBaked).example

        read = from_binary_event(record(envelope(Trace("morning-shift"))))

        assert example.keys() == read.get_attributes().keys() | {"data"}


class TestWeOurselves:
    def test_read_back_what_we_wrote(self) -> None:
        """To the microsecond."""
        written = envelope(Trace("morning-shift", "an-order"))

        assert from_headers(to_headers(written)) == written
