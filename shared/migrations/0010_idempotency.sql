-- Answers to creating requests, kept so that a retry gets the same answer and has no second effect.
-- Only digests of who asked what under which key; the answer itself is gone after a day.
CREATE TABLE idempotency_keys (
    key_digest bytea PRIMARY KEY,
    request_digest bytea NOT NULL,
    status integer NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours'
);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
