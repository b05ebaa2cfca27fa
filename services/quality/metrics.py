"""What quality measures beside the plumbing, which already tells the age of the gate."""

from typing import Final

from shared.metering import Catalogue, Counter, Histogram

VERDICT_LATENESS: Final = Histogram(
    name="verdict_lateness_seconds",
    unit="seconds",
    meaning="How long after its instant a case was looked at again, in business time.",
    remedy="Mostly the age of the gate: see gate_age_seconds. If that is small, sweeps are slow: see the database.",
    buckets=(0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 86400.0),
)

CASES_NOT_JUDGED: Final = Counter(
    name="cases_not_judged_total",
    unit="number",
    meaning="Times a case could not be judged and was put off for a quarter of an hour, while all others went on.",
    remedy="A fault of ours: the log line case_not_judged names the case and the error. It heals when that is mended.",
)

CATALOGUE: Final[Catalogue] = (VERDICT_LATENESS, CASES_NOT_JUDGED)
