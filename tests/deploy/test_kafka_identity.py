"""The id that a Kafka of a trial is given."""

import re
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from deploy.kafka import _cluster_id


def ids_that_begin_with(sign: int) -> st.SearchStrategy[UUID]:
    """Return ids whose first sign, of the sixty-four that Kafka writes ids with, is the one of that number."""
    return st.binary(min_size=16, max_size=16).map(lambda drawn: UUID(bytes=bytes((sign << 2, *drawn[1:]))))


@given(st.integers(0, 63).flatmap(ids_that_begin_with))
def test_it_is_never_taken_for_an_option(drawn: UUID) -> None:
    """One in sixty-four would begin with a hyphen, and that Kafka would not start."""
    assert re.fullmatch(r"[A-Za-z0-9][\w-]{21}", _cluster_id(drawn))
