"""
Metrics as a typed catalogue: what has no definition cannot be counted.

A definition tells an operator what the number means and what to do about it, so the page of metrics is generated and
an alarm never stands alone. Labels are small closed sets, never an id or free text: each value is a series for ever.
The plumbing's catalogue is `shared/metrics.py`, a service's own its `metrics.py`.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import prometheus_client as prometheus
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

Unit = Literal[
    "seconds", "bytes", "messages", "facts", "batches", "passes", "requests", "connections", "number", "0 or 1"
]

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_RESERVED_ENDING = re.compile(r"_(count|sum|bucket|created|info)$")
_TELLS_OF_ONE = re.compile(r"(^|_)(id|ids|key|subject|code|name|token|offset)$")
_UP_TO_HALF_A_MINUTE = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """
    One metric: its `name` without the service's prefix, what it means, its unit, and what to do when it looks wrong.

    Raises:
        ValueError: the name or a label breaks Prometheus' conventions, or a label could tell one thing from another.
    """

    name: str
    labels: tuple[str, ...] = ()
    unit: Unit
    meaning: str
    remedy: str

    def __post_init__(self) -> None:
        """Refuse a bad name at import, where nobody can miss it."""
        is_good = (
            _NAME.fullmatch(self.name)
            and not _RESERVED_ENDING.search(self.name)
            and self.name.endswith("_total") is isinstance(self, Counter)
            and (self.unit not in {"seconds", "bytes"} or self.unit in self.name)
        )
        if not is_good:
            raise ValueError(self.name)
        for label in self.labels:
            if not _NAME.fullmatch(label) or _TELLS_OF_ONE.search(label):
                raise ValueError(label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter(Definition):
    """Only grows, from zero at each start; the name ends in `_total`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge(Definition):
    """A value that comes and goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram(Definition):
    """How values are distributed; `buckets` are upper bounds in the metric's unit."""

    buckets: tuple[float, ...] = _UP_TO_HALF_A_MINUTE


Catalogue = tuple[Counter | Gauge | Histogram, ...]
Reading = float | Mapping[tuple[str, ...], float]
"""A value, or one for each combination of label values in the definition's order."""


class Metrics:
    """
    The metrics of one process: those of the *catalogues*, each named `<service>_<name>`.

    Values are pushed (`add`, `set`, `observe`) or asked for at each scrape (`ask`); a definition that is in no
    catalogue is a KeyError at its first use.
    """

    def __init__(self, service: str, *catalogues: Catalogue) -> None:
        prometheus.disable_created_metrics()
        self._prefix = service
        self._registry = prometheus.CollectorRegistry()
        self._counters: dict[Counter, prometheus.Counter] = {}
        self._gauges: dict[Gauge, prometheus.Gauge] = {}
        self._histograms: dict[Histogram, prometheus.Histogram] = {}
        self._asked: dict[Counter | Gauge, _Asked] = {}
        for definition in itertools.chain(*catalogues):
            self._define(definition)
        prometheus.ProcessCollector(registry=self._registry)

    def _define(self, definition: Counter | Gauge | Histogram) -> None:
        name, meaning, labels = f"{self._prefix}_{definition.name}", definition.meaning, definition.labels
        match definition:
            case Counter():
                self._counters[definition] = prometheus.Counter(name, meaning, labels, registry=self._registry)
            case Gauge():
                self._gauges[definition] = prometheus.Gauge(name, meaning, labels, registry=self._registry)
            case Histogram():
                self._histograms[definition] = prometheus.Histogram(
                    name, meaning, labels, registry=self._registry, buckets=definition.buckets
                )

    def add(self, counter: Counter, amount: float = 1, /, **labels: str) -> None:
        """Count *amount* more."""
        pushed = self._counters[counter]
        (pushed.labels(**labels) if labels else pushed).inc(amount)

    def set(self, gauge: Gauge, value: float, /, **labels: str) -> None:
        """Replace the value."""
        pushed = self._gauges[gauge]
        (pushed.labels(**labels) if labels else pushed).set(value)

    def observe(self, histogram: Histogram, value: float, /, **labels: str) -> None:
        """Add one observation."""
        pushed = self._histograms[histogram]
        (pushed.labels(**labels) if labels else pushed).observe(value)

    def ask(self, definition: Counter | Gauge, reading: Callable[[], Reading], /) -> None:
        """
        Call *reading* at each scrape from now on: right for ages, and for states that are kept elsewhere.

        It must be quick and must not raise. It takes the place of what was pushed or asked before.
        """
        match definition:
            case Counter():
                earlier = self._asked.get(definition) or self._counters[definition]
            case Gauge():
                earlier = self._asked.get(definition) or self._gauges[definition]
        self._registry.unregister(earlier)
        self._asked[definition] = _Asked(f"{self._prefix}_{definition.name}", definition, reading)
        self._registry.register(self._asked[definition])

    def exposition(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return prometheus.generate_latest(self._registry)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """Collects one metric by asking for it."""

    name: str
    definition: Counter | Gauge
    reading: Callable[[], Reading]

    def describe(self) -> Iterator[Metric]:
        """Yield the metric without values, for the registry's check of names."""
        yield self._family()

    def collect(self) -> Iterator[Metric]:
        """Yield the metric with the values of this moment."""
        family = self._family()
        value = self.reading()
        values: Mapping[tuple[str, ...], float] = value if isinstance(value, Mapping) else {(): value}
        for labels, number in values.items():
            family.add_metric(labels, number)
        yield family

    def _family(self) -> CounterMetricFamily | GaugeMetricFamily:
        kind = CounterMetricFamily if isinstance(self.definition, Counter) else GaugeMetricFamily
        return kind(self.name, self.definition.meaning, labels=self.definition.labels)
