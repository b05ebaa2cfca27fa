"""
What every service's plumbing counts: the catalogue; how counting works is `shared/metering.py`.

Ages and lags are asked at the scrape, so they grow when what they watch stands still; none is found by `count(*)`.
"""

from shared.metering import Catalogue, Counter, Gauge, Histogram

LAG = Gauge(
    name="consumer_lag_messages",
    labels=("topic", "partition"),
    unit="messages",
    meaning="Records in Kafka that this process has not yet been handed, for each partition it has now.",
    remedy="Falling: it is catching up. Growing: look at batch_handling_seconds and the database. Still: see the logs.",
)
CONSUMER_CONNECTED = Gauge(
    name="consumer_connected",
    unit="0 or 1",
    meaning="1 while this process is a member of its consumer group and Kafka answers it.",
    remedy="0 for minutes: Kafka is away, or a topic is missing; /readyz tells which. Requests are served meanwhile.",
)
LAST_BATCH_AGE = Gauge(
    name="consumer_last_batch_age_seconds",
    unit="seconds",
    meaning="Time since a batch was last handled to its end; NaN before the first.",
    remedy="Only a fault together with a lag: then see parked facts and the log event batch_failed.",
)
BATCH_SIZE = Histogram(
    name="consumer_batch_messages",
    unit="messages",
    meaning="Records in a batch that was handled.",
    remedy="Always near 500 means that reading is the bottleneck; add a process, up to one per partition.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
BATCH_HANDLING = Histogram(
    name="batch_handling_seconds",
    unit="seconds",
    meaning="How long a batch took, with its transaction and all repetitions.",
    remedy="Above a second for long: the database is slow or another transaction holds the same rows.",
)
EVENT_HANDLING = Histogram(
    name="event_handling_seconds",
    unit="seconds",
    meaning="From a fact being recorded by its writer to its effects being committed here; the oldest of each batch.",
    remedy="Compare with the writer's outbox_oldest_unpublished_seconds and our lag to see on which side it waits.",
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 1800, 3600),
)
FACTS = Counter(
    name="consumer_facts_total",
    unit="facts",
    meaning="Facts of types that this service reads, taken for the first time.",
    remedy="Standing still while others publish: see consumer_connected and consumer_lag_messages.",
)
DUPLICATES = Counter(
    name="consumer_duplicates_total",
    unit="facts",
    meaning="Facts that were dropped because they had been handled before.",
    remedy="Some after a restart or a rebalance are normal. A steady flow: a writer publishes again and again.",
)
UNKNOWN_TYPES = Counter(
    name="consumer_unknown_types_total",
    unit="facts",
    meaning="Facts of a type that this service does not read; they are passed over.",
    remedy="None; after an upgrade of a writer it may tell that this service should learn a new type.",
)
GAPS = Counter(
    name="consumer_gaps_total",
    unit="facts",
    meaning="Facts that were missing in the sequence of their key when a later one came; a late arrival is taken.",
    remedy="A fact may be lost: `gaps list` of the command line tells which, `gaps fill` has it sent again.",
)
PARKED = Counter(
    name="consumer_parked_total",
    unit="facts",
    meaning="Facts put aside because they could not be read or digested, and later facts of their keys.",
    remedy="The log event fact_parked tells the reason. List them, mend the cause, replay them in order.",
)
PARKED_OLDEST_AGE = Gauge(
    name="parked_oldest_age_seconds",
    unit="seconds",
    meaning="Age of the oldest fact that is still parked; 0 when none is.",
    remedy="As consumer_parked_total; what rests on these facts is undecided until then.",
)
FROM_THE_FUTURE = Counter(
    name="consumer_facts_from_future_total",
    unit="facts",
    meaning="Facts recorded later than this service's own clock says it is.",
    remedy="A machine's clock is wrong: compare the database servers' clocks, and see that they keep network time.",
)
GATE_AGE = Gauge(
    name="gate_age_seconds",
    unit="seconds",
    meaning="How far behind now the instant lies until which everything recorded is known to have been read here.",
    remedy="Above 10 minutes nothing is decided by time: see the writers' watermark_age_seconds, then our lag.",
)
OUTBOX_OLDEST_UNPUBLISHED = Gauge(
    name="outbox_oldest_unpublished_seconds",
    unit="seconds",
    meaning="How long the oldest fact that a relay pass has taken up has waited for Kafka's confirmation; 0 if none.",
    remedy="Kafka is away or slow; nothing is lost and all of it is sent, in order, when it is back.",
)
PUBLISHED = Counter(
    name="relay_published_events_total",
    unit="facts",
    meaning="Facts that Kafka has confirmed to this process's relay.",
    remedy="Standing still while requests write: see outbox_oldest_unpublished_seconds.",
)
RELAY_PASSES = Counter(
    name="relay_passes_total",
    unit="passes",
    meaning="Passes of the relay that ended well while this process was the leader.",
    remedy="Standing still on every process of a service: nobody leads; see relay_leader and the log.",
)
RELAY_LEADER = Gauge(
    name="relay_leader",
    unit="0 or 1",
    meaning="1 in the one process of a service that publishes its facts.",
    remedy="The sum over a service's processes must be 1; 0 for a minute means that no process reaches the database.",
)
RELAY_EPOCH = Gauge(
    name="relay_leader_epoch",
    unit="number",
    meaning="How often the leadership of this service's relay was taken, as this process last saw it.",
    remedy="Growing by the minute: processes keep losing their connections to the database.",
)
WATERMARK_AGE = Gauge(
    name="watermark_age_seconds",
    unit="seconds",
    meaning="Age of the last watermark that this process announced; NaN where it is not the leader.",
    remedy="Older than a few intervals: Kafka is away, or a transaction that stays open holds it back.",
)
LOOP_PASSES = Counter(
    name="loop_passes_total",
    labels=("loop",),
    unit="passes",
    meaning="Passes of a background loop that ended well.",
    remedy="See loop_heartbeat_age_seconds.",
)
LOOP_FAILURES = Counter(
    name="loop_failures_total",
    labels=("loop", "kind"),
    unit="passes",
    meaning="Passes that failed: of kind passing (a dependency was away) or unexpected (a fault of ours).",
    remedy="Passing: see the dependency. Unexpected: the log event loop_failed has the place; tell the developers.",
)
LOOP_HEARTBEAT_AGE = Gauge(
    name="loop_heartbeat_age_seconds",
    labels=("loop",),
    unit="seconds",
    meaning="Time since the loop last began or ended a pass.",
    remedy="Growing: its dependency hangs. If the dependency answers, the watchdog ends the process by itself.",
)
POOL_CONNECTIONS = Gauge(
    name="database_pool_connections",
    labels=("state",),
    unit="connections",
    meaning="Connections of the pool, idle or used.",
    remedy="All used for long: requests wait for each other; look for slow statements before enlarging the pool.",
)
HTTP_REQUESTS = Histogram(
    name="http_request_seconds",
    labels=("method", "route", "status"),
    unit="seconds",
    meaning="How long requests took; the route is its template, never the path itself.",
    remedy="Slow on one route: its queries. Slow on all: the database, or too little CPU.",
)
INFO = Gauge(
    name="service_version",
    labels=("version", "environment"),
    unit="0 or 1",
    meaning="Always 1; the labels tell which version runs, and in which environment.",
    remedy="Two versions for longer than an upgrade takes: an upgrade is stuck.",
)

PLUMBING: Catalogue = (
    LAG,
    CONSUMER_CONNECTED,
    LAST_BATCH_AGE,
    BATCH_SIZE,
    BATCH_HANDLING,
    EVENT_HANDLING,
    FACTS,
    DUPLICATES,
    UNKNOWN_TYPES,
    GAPS,
    PARKED,
    PARKED_OLDEST_AGE,
    FROM_THE_FUTURE,
    GATE_AGE,
    OUTBOX_OLDEST_UNPUBLISHED,
    PUBLISHED,
    RELAY_PASSES,
    RELAY_LEADER,
    RELAY_EPOCH,
    WATERMARK_AGE,
    LOOP_PASSES,
    LOOP_FAILURES,
    LOOP_HEARTBEAT_AGE,
    POOL_CONNECTIONS,
    HTTP_REQUESTS,
    INFO,
)
