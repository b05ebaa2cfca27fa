"""What all tests share."""

from hypothesis import HealthCheck, settings

# CI and everyone's machine: no deadline per example, since two workers share two cores with Kafka.
settings.register_profile("default", deadline=None)
# `make mutants` runs the same tests in one process again and again: always the same examples, and few of them.
settings.register_profile(
    "mutants", deadline=None, derandomize=True, max_examples=25, database=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("default")
