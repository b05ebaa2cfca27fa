"""Publishers, readers and topics.yaml agree; and every reader understands what its publishers may write."""

from dataclasses import replace
from functools import cache

import pytest

from deploy.system import ROOT, load_system
from shared.compatibility import reads
from shared.contracts import released
from shared.events import Consumed
from tests.contracts.bakery import LOAVES, SeenBread, bakery_system, subscription


class TestProblems:
    def test_are_none_where_all_agree(self) -> None:
        """The bakery does."""
        assert bakery_system().problems() == []

    def test_name_a_topic_that_is_not_listed(self) -> None:
        """It would be created by nobody, or by accident with one partition."""
        problems = bakery_system(topics={}).problems()

        assert "BreadBaked goes to bakery.oven.loaves.v1, which is not in topics.yaml: add it there" in problems

    def test_name_a_second_writer(self) -> None:
        """Two writers of a key would have two sequences."""
        problems = bakery_system(writer="shop").problems()

        assert "shop publishes bakery.oven.BreadBaked.v1 to oven's topic: give it one of its own" in problems

    def test_name_a_topic_without_watermarks(self) -> None:
        """Its readers would wait for completeness for ever."""
        assert bakery_system(relayed=()).problems() == [
            "oven never completes bakery.oven.loaves.v1: add it to `publishes` in its main, or gates stay shut"
        ]

    def test_name_a_topic_with_watermarks_of_another(self) -> None:
        """They would tell its readers that they know everything, too early."""
        assert bakery_system(relayed=(LOAVES.name, "bakery.shop.sales.v1")).problems() == [
            "oven completes bakery.shop.sales.v1, which it does not write: take it out of `publishes` in its main"
        ]

    def test_name_a_type_that_nobody_publishes(self) -> None:
        """Most often it is misspelt, and the reader would wait for ever."""
        shop = subscription(BreadBakd=SeenBread)

        assert bakery_system(shop=shop).problems()[:1] == [
            "shop reads bakery.oven.BreadBakd.v1 (SeenBread), which nobody publishes: correct or drop it"
        ]

    def test_name_a_reader_of_nothing(self) -> None:
        """It would take in personal data for no purpose."""
        assert bakery_system(shop=subscription()).problems() == [
            "shop listens to bakery.oven.loaves.v1 and reads nothing there: name the types it reads, or stop"
        ]

    def test_name_a_topic_without_facts(self) -> None:
        """A plan is no topic yet."""
        topics = {LOAVES.name: LOAVES, "bakery.oven.cakes.v1": replace(LOAVES, name="bakery.oven.cakes.v1", readers=())}

        assert bakery_system(topics=topics, relayed=tuple(topics)).problems() == [
            "nothing is published on bakery.oven.cakes.v1: take it out of topics.yaml until something is"
        ]

    def test_name_a_reader_without_permission(self) -> None:
        """Broker ACLs follow topics.yaml; in production it would be refused."""
        topics = {LOAVES.name: replace(LOAVES, readers=())}

        assert bakery_system(topics=topics).problems() == [
            "shop listens to bakery.oven.loaves.v1, but topics.yaml does not name it as a reader: add it there"
        ]

    def test_name_a_permission_without_a_reader(self) -> None:
        """Nobody keeps a right to personal data that it does not use."""
        shop = subscription(topics=())

        assert bakery_system(shop=shop).problems() == [
            "shop does not listen to bakery.oven.loaves.v1, but topics.yaml names it as a reader: take it out there"
        ]


ours = cache(load_system)
every_reading = pytest.mark.parametrize(
    "wire_type, view",
    [
        pytest.param(wire_type, view, id=f"{reader}:{wire_type}")
        for reader, wire_type, view in sorted(ours().readings(), key=lambda reading: reading[:2])
    ],
)


class TestTheServices:
    def test_agree_with_topics_yaml(self) -> None:
        """Writers, readers and audiences in one file, and the code says the same."""
        assert ours().problems() == []

    @every_reading
    def test_read_every_example_of_their_publishers(self, wire_type: str, view: type[Consumed]) -> None:
        """The publisher's example through the reader's own class, with all rules that this has."""
        view.model_validate(ours().published[wire_type].example["data"])

    @every_reading
    def test_read_whatever_their_publishers_may_write(self, wire_type: str, view: type[Consumed]) -> None:
        """Not only the example: every value that the contract, and each released copy of it, allows."""
        contract = ours().published[wire_type]
        folder = ROOT / "services" / wire_type.split(".")[1] / "contracts"
        reader = view.model_json_schema(mode="validation")

        for writer in [contract.schema, *released(folder).get(contract.name, [])]:
            assert reads(reader=reader, writer=writer), f"{view.__name__} expects more than {wire_type} promises"
