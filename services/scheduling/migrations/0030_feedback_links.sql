-- Links to the family's form until they are handed out, and what has to be known to tell how many were.
--
-- No row says which link went to whom: a link that is handed out is deleted, with a few that are not, and is written
-- down nowhere. See docs/security/feedback-anonymity.md.

-- The half-months of each unit for which there are links, until they have ended and been told of.
CREATE TABLE feedback_rounds (
    unit_id uuid NOT NULL REFERENCES units,
    half_month date NOT NULL CHECK (extract(day FROM half_month) IN (1, 16)),
    PRIMARY KEY (unit_id, half_month)
);

CREATE TABLE feedback_links (
    token text PRIMARY KEY,
    unit_id uuid NOT NULL,
    half_month date NOT NULL,
    kind text NOT NULL CHECK (kind IN ('adult', 'child')),
    FOREIGN KEY (unit_id, half_month) REFERENCES feedback_rounds ON DELETE CASCADE
) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX feedback_links_by_round ON feedback_links (unit_id, half_month, kind);

-- How many links each family got in a half-month; gone with its end.
CREATE TABLE feedback_contributions (
    unit_id uuid NOT NULL,
    half_month date NOT NULL,
    case_id uuid NOT NULL REFERENCES cases,
    links integer NOT NULL CHECK (links > 0),
    PRIMARY KEY (unit_id, half_month, case_id)
);
CREATE INDEX feedback_contributions_by_case ON feedback_contributions (case_id);

-- On which day links for a meeting were last handed out; `version` counts how often.
CREATE TABLE feedback_sent (
    meeting_id uuid PRIMARY KEY REFERENCES meetings,
    version integer NOT NULL,
    sent_on date NOT NULL
);
