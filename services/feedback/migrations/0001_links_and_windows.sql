-- Links that wait to be used, the one open window of each unit with all its answers, and the windows that were told of.
--
-- Nothing here says when something was answered or by whom, and nothing may be added that does: no time, no sequence,
-- no count per answer, no column that a link and an answer share. See docs/security/feedback-anonymity.md.

-- Each row opens one form, once: to use it is to delete it. The token itself is known to nobody but its holder.
CREATE TABLE links (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    unit_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('adult', 'child')),
    half_month date NOT NULL
) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX links_by_half_month ON links (unit_id, half_month);

-- The open window of each unit. Marks and open answers are two lists, each in an order of its own that is drawn anew
-- whenever one is added: what a person wrote does not stand beside the marks that they gave. Answers change nothing but
-- the lists and `latest_half_month` (of the links that were used); time changes the rest (`decided_until` is the boundary at which the window was last carried on, `version`
-- counts what was told of it) and puts an empty window in the place of one that closes.
CREATE TABLE windows (
    unit_id uuid PRIMARY KEY,
    window_id uuid NOT NULL,
    version integer NOT NULL DEFAULT 0,
    from_on date NOT NULL,
    decided_until date NOT NULL,
    latest_half_month date NOT NULL,
    marks jsonb NOT NULL DEFAULT '[]',
    open_answers jsonb NOT NULL DEFAULT '[]',
    CONSTRAINT a_boundary_comes_after_the_beginning CHECK (decided_until >= from_on)
) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);

-- The windows that have closed, as they were told of; the marks behind the figures are gone.
CREATE TABLE summaries (
    window_id uuid PRIMARY KEY,
    unit_id uuid NOT NULL,
    until_on date NOT NULL,
    summary jsonb NOT NULL,
    open_answers jsonb NOT NULL
);
CREATE INDEX summaries_by_unit ON summaries (unit_id, until_on);

-- The half-months in which links can have been handed out. The counts come when the half-month has ended.
CREATE TABLE rounds (
    unit_id uuid NOT NULL,
    half_month date NOT NULL,
    meetings integer,
    links integer,
    largest_family integer,
    PRIMARY KEY (unit_id, half_month),
    CONSTRAINT an_ended_round_has_its_counts CHECK (num_nonnulls(meetings, links, largest_family) IN (0, 3))
);
