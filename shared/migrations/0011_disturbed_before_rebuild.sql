-- Since when streams had been disturbed when a rebuild forgot them: what it finds disturbed again is not news.
-- Empty but for the time of a rebuild; it outlives one that was cut short.
CREATE TABLE disturbed_before_rebuild (
    topic text NOT NULL,
    key text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (topic, key)
);
