-- The plumbing every service has: a movable clock, streams with their outbox, the relay's place, and the inbox.

-- Business time = the machine's time + ahead. One row; zero and locked in production, moved by the owner in a trial.
CREATE TABLE business_clock (
    the_only_row boolean PRIMARY KEY DEFAULT true CHECK (the_only_row),
    ahead interval NOT NULL DEFAULT interval '0',
    is_locked boolean NOT NULL DEFAULT true,
    CONSTRAINT a_locked_clock_is_the_real_one CHECK (NOT is_locked OR ahead = interval '0')
);
INSERT INTO business_clock DEFAULT VALUES;

-- Volatile on purpose: within one transaction time goes on, see outbox.recorded_at.
CREATE FUNCTION business_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    'SELECT clock_timestamp() + (SELECT ahead FROM business_clock)';

-- The order of a key: the row is locked by each append before any outbox id is drawn, so ids follow the sequence.
CREATE TABLE streams (
    topic text NOT NULL,
    key text NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    PRIMARY KEY (topic, key)
) WITH (fillfactor = 80);

-- Every fact ever published, in order per key; the relay reads it, nothing updates it, it is also the archive.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    topic text NOT NULL,
    key text NOT NULL,
    sequence bigint NOT NULL,
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    subject text NOT NULL,
    subject_version bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    traceparent text,
    payload bytea NOT NULL,
    CONSTRAINT one_fact_per_sequence UNIQUE (topic, key, sequence)
);
CREATE INDEX outbox_by_xid ON outbox (xid);

-- Where the relay is. Everything visible in confirmed_snapshot is in Kafka; a pass in progress has a target snapshot
-- and the last id of it that is confirmed. The epoch fences a leader that was paused and has been replaced.
CREATE TABLE relay (
    the_only_row boolean PRIMARY KEY DEFAULT true CHECK (the_only_row),
    epoch bigint NOT NULL DEFAULT 0,
    confirmed_snapshot pg_snapshot NOT NULL DEFAULT pg_current_snapshot(),
    target_snapshot pg_snapshot,
    target_confirmed_id bigint NOT NULL DEFAULT 0,
    announced_until timestamptz
);
INSERT INTO relay DEFAULT VALUES;

-- The last sequence seen of each key: at or below it is a duplicate, unless a gap says that it never came.
CREATE TABLE inbox (
    topic text NOT NULL,
    key text NOT NULL,
    last_sequence bigint NOT NULL CHECK (last_sequence > 0),
    PRIMARY KEY (topic, key)
) WITH (fillfactor = 80);

-- Sequences [from_sequence, until_sequence) that were passed over. Quiet: from before the first ever seen of the key.
CREATE TABLE gaps (
    topic text NOT NULL,
    key text NOT NULL,
    from_sequence bigint NOT NULL,
    until_sequence bigint NOT NULL,
    is_quiet boolean NOT NULL,
    noticed_at timestamptz NOT NULL,
    PRIMARY KEY (topic, key, from_sequence),
    CONSTRAINT a_gap_is_not_empty CHECK (from_sequence < until_sequence)
);

-- Per partition: every fact recorded before complete_until stands above the line and has been read.
CREATE TABLE watermarks (
    topic text NOT NULL,
    partition integer NOT NULL,
    partitions integer NOT NULL,
    complete_until timestamptz NOT NULL,
    PRIMARY KEY (topic, partition)
);

-- Facts that could not be taken, and all later facts of their key, as they came. Key is empty where none was readable.
CREATE TABLE parked (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    kafka_offset bigint NOT NULL,
    key text,
    sequence bigint,
    event_type text,
    headers json NOT NULL,
    key_bytes bytea,
    value_bytes bytea,
    reason text NOT NULL,
    detail text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'parked' CHECK (state IN ('parked', 'replayed', 'discarded')),
    parked_at timestamptz NOT NULL,
    settled_at timestamptz,
    settled_because text,
    CONSTRAINT one_parking_place_per_record UNIQUE (topic, partition, kafka_offset),
    CONSTRAINT a_discard_has_a_reason CHECK (state <> 'discarded' OR settled_because <> '')
);
CREATE INDEX parked_by_key ON parked (topic, key) WHERE state = 'parked';

-- Intake and timers stand still while this says so (a rebuild); the rebuild writes its own start here.
CREATE TABLE intake (
    the_only_row boolean PRIMARY KEY DEFAULT true CHECK (the_only_row),
    paused_since timestamptz
);
INSERT INTO intake DEFAULT VALUES;
