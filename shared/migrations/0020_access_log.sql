-- Who looked at what, changed it, or was refused it; and the seals that show when somebody tampered with that.

-- A line per request and thing. Rows are only ever added: the runtime role may do nothing else with them.
-- subject is a digest of the token's subject, known_as the id by which the service knew them then.
CREATE TABLE access_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL DEFAULT business_now(),
    subject uuid NOT NULL,
    known_as uuid,
    roles text[] NOT NULL,
    route text NOT NULL,
    request_id text NOT NULL,
    did text NOT NULL CHECK (did IN ('read', 'written', 'refused')),
    object_id uuid,
    ground text,
    CONSTRAINT a_refusal_has_no_ground CHECK (did <> 'refused' OR ground IS NULL)
);
CREATE INDEX access_log_by_object ON access_log (object_id, at) WHERE object_id IS NOT NULL;
CREATE INDEX access_log_by_xid ON access_log (xid);

-- A seal covers the lines of all transactions from from_xid up to, and without, until_xid, and the seal before it.
CREATE TABLE access_seals (
    number bigint PRIMARY KEY CHECK (number > 0),
    from_xid xid8 NOT NULL,
    until_xid xid8 NOT NULL,
    lines bigint NOT NULL,
    content bytea NOT NULL,
    digest bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT business_now(),
    CONSTRAINT a_seal_covers_something CHECK (from_xid < until_xid AND lines > 0)
);
