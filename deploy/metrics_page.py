"""The metrics for operators: `docs/operations/metrics.md`."""

from collections.abc import Mapping

from shared.metering import Catalogue, Counter, Gauge, Histogram
from shared.metrics import PLUMBING

_HEAD = """\
# Metrics

<!-- Written by `make generate` from shared/metrics.py and services/*/metrics.py. Do not edit. -->

Each process shows its metrics at `/metrics`, in Prometheus' text format, every name with the service before it:
`quality_gate_age_seconds`. No label is an id. Beside what is listed here stands only what Prometheus' client tells of
any process: `process_cpu_seconds_total`, `process_resident_memory_bytes`, `process_open_fds` and their like.
"""


def page(catalogues: Mapping[str, Catalogue]) -> str:
    """Return the page for the plumbing and the services' own *catalogues*."""
    sections = [_section("Every service", "the service's name", PLUMBING)]
    sections += [
        _section(name.capitalize(), f"`{name}`", catalogue) for name, catalogue in catalogues.items() if catalogue
    ]
    return "\n".join([_HEAD, *sections])


def _section(title: str, prefix: str, catalogue: Catalogue) -> str:
    return "\n".join(
        [
            f"## {title}",
            "",
            f"Before each name: {prefix} and `_`.",
            "",
            "| Metric | Kind | Unit | Means | When it looks wrong |",
            "|---|---|---|---|---|",
            *(_row(definition) for definition in catalogue),
            "",
        ]
    )


def _row(definition: Counter | Gauge | Histogram) -> str:
    labels = f" {{{', '.join(definition.labels)}}}" if definition.labels else ""
    kind = type(definition).__name__.lower()
    return f"| `{definition.name}`{labels} | {kind} | {definition.unit} | {definition.meaning} | {definition.remedy} |"
