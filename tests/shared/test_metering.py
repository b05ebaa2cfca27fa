import ast
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared import metering, metrics
from shared.metering import Catalogue, Counter, Gauge, Histogram, Metrics
from shared.metrics import LAG, LOOP_PASSES, PLUMBING

LOAVES = Counter(name="loaves_total", labels=("kind",), unit="number", meaning="Loaves baked.", remedy="Eat them.")
HEAT = Gauge(name="oven_heat_ratio", unit="number", meaning="Heat of the oven.", remedy="Close the door.")
BAKING = Histogram(name="baking_seconds", unit="seconds", meaning="Time in the oven.", remedy="Wait.")
BAKERY: Catalogue = (LOAVES, HEAT, BAKING)


def samples(counted: Metrics) -> dict[str, float]:
    """Return every sample of the exposition, named as it stands there."""
    return {
        sample.name + "".join(f"{{{value}}}" for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(counted.exposition().decode())
        for sample in family.samples
    }


class TestMetrics:
    def test_are_named_by_service_thing_and_unit(self) -> None:
        """One name is one metric of one service, so dashboards need no further selector."""
        counted = Metrics("bakery", PLUMBING, BAKERY)

        counted.add(LOAVES, 2, kind="rye")
        counted.set(HEAT, 0.5)
        counted.observe(BAKING, 0.2)

        found = samples(counted)
        assert found["bakery_loaves_total{rye}"] == 2
        assert found["bakery_oven_heat_ratio"] == 0.5
        assert found["bakery_baking_seconds_sum"] == pytest.approx(0.2)

    def test_cannot_be_counted_without_a_definition(self) -> None:
        """What is not in a catalogue has no meaning and no remedy."""
        counted = Metrics("bakery", PLUMBING)

        with pytest.raises(KeyError):
            counted.add(LOAVES, kind="rye")

    def test_that_are_asked_for_tell_the_moment_of_the_scrape(self) -> None:
        """An age must grow while what it watches stands still, and a partition that moved away must not stay."""
        counted = Metrics("bakery", PLUMBING, BAKERY)
        lag: dict[tuple[str, ...], float] = {("loaves", "0"): 7}
        counted.ask(LAG, lambda: lag)

        before = samples(counted)
        lag.clear()
        lag["loaves", "1"] = 3
        after = samples(counted)

        assert before["bakery_consumer_lag_messages{0}{loaves}"] == 7
        assert after["bakery_consumer_lag_messages{1}{loaves}"] == 3
        assert "bakery_consumer_lag_messages{0}{loaves}" not in after

    def test_may_be_asked_of_somebody_else_later(self) -> None:
        """The last reading counts, for gauges and counters, labelled or not."""
        counted = Metrics("bakery", PLUMBING, BAKERY)

        for value in (1.0, 2.0):
            counted.ask(LOAVES, lambda value=value: {("rye",): value})

        assert samples(counted)["bakery_loaves_total{rye}"] == 2

    def test_of_two_services_do_not_mix(self) -> None:
        """Tests and tools may hold several in one process."""
        bakery, mill = Metrics("bakery", PLUMBING), Metrics("mill", PLUMBING)

        bakery.add(LOOP_PASSES, loop="oven")

        assert not any("oven" in name for name in samples(mill))


class TestDefinition:
    @pytest.mark.parametrize(
        "name", ["loaves", "Loaves_total", "loaves_Total", "loaves_count_total_sum", "9loaves_total", "loaves__x_total"]
    )
    def test_refuses_a_counter_that_prometheus_would_not_name_so(self, name: str) -> None:
        """Counters end in _total, in snake_case."""
        with pytest.raises(ValueError, match=re.escape(name)):
            Counter(name=name, unit="number", meaning="", remedy="")

    @pytest.mark.parametrize("name", ["loaves_total", "loaves_count", "loaves_info", "baking_minutes"])
    def test_refuses_a_gauge_that_prometheus_would_not_name_so(self, name: str) -> None:
        """Base units in the name, and no ending that belongs to another kind."""
        with pytest.raises(ValueError, match=name):
            Gauge(name=name, unit="seconds", meaning="", remedy="")

    @pytest.mark.parametrize("label", ["loaf_id", "id", "key", "baker_name", "subject", "offset", "ids", "Topic"])
    def test_refuses_a_label_that_could_tell_of_one_thing(self, label: str) -> None:
        """Each value is a series for ever, and an id in a metric is an id in somebody's monitoring."""
        with pytest.raises(ValueError, match=label):
            Counter(name="loaves_total", labels=(label,), unit="number", meaning="", remedy="")


@cache
def _used() -> frozenset[str]:
    """Return all names that the plumbing mentions, but for those who only define them."""
    paths = (path for path in Path(metrics.__file__).parent.rglob("*.py") if path.name != "metrics.py")
    nodes = (node for path in paths for node in ast.walk(ast.parse(path.read_text())))
    return frozenset(
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in nodes
        if isinstance(node, ast.Attribute | ast.Name)
    )


class TestCatalogue:
    def test_of_the_plumbing_is_complete(self) -> None:
        """A definition outside the catalogue would be missing from the page of metrics and fail at its first use."""
        defined = {each for each in vars(metrics).values() if isinstance(each, metering.Definition)}

        assert set(PLUMBING) == defined
        assert len({each.name for each in PLUMBING}) == len(PLUMBING)

    @pytest.mark.parametrize("definition", PLUMBING, ids=lambda each: each.name)
    def test_tells_what_each_means_and_what_to_do(self, definition: metering.Definition) -> None:
        """As sentences, since they stand in the operator's page as they are."""
        for sentence in (definition.meaning, definition.remedy):
            assert not sentence[0].islower()
            assert sentence.endswith(".")

    @pytest.mark.parametrize("definition", PLUMBING, ids=lambda each: each.name)
    def test_holds_nothing_that_nobody_counts(self, definition: metering.Definition) -> None:
        """An alarm on a metric that stays empty never rings."""
        (name,) = (name for name, each in vars(metrics).items() if each is definition)

        assert name in _used()

    @pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
    def test_pleases_promtool(self) -> None:
        """The same rules, read by those who made them."""
        counted = Metrics("bakery", PLUMBING)

        checked = subprocess.run(
            ["promtool", "check", "metrics"],  # noqa: S607 - wherever it is installed
            input=counted.exposition(),
            capture_output=True,
            check=False,
        )

        assert checked.returncode == 0, checked.stderr.decode() + checked.stdout.decode()
