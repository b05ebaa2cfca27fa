-- The memo of each Heijastin that was heard of, and whose the case is. No word of a memo stands here: a reference into
-- the client information system, days and flags.

-- As the newest fact of the case has it. Locked by every change to a memo of it: one case, one change at a time.
CREATE TABLE cases (
    case_id uuid PRIMARY KEY,
    code text NOT NULL,
    unit_id uuid NOT NULL,
    team_id uuid NOT NULL,
    responsible_worker_ids uuid[] NOT NULL,
    context_sequence bigint NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX cases_by_unit ON cases (unit_id);

-- `version` counts what was published of the memo, 0 is nothing yet; `meeting_version` is the highest that was heard of.
CREATE TABLE memos (
    meeting_id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases,
    version integer NOT NULL,
    meeting_version integer NOT NULL,
    meeting_held boolean NOT NULL,
    held_on date,
    first_recorded_at timestamptz,
    imported boolean NOT NULL,
    expected boolean NOT NULL,
    reference text,
    recorded_on date,
    review_on date,
    review_due_on date,
    reviewed_on date,
    family_present boolean NOT NULL,
    child_present boolean NOT NULL,
    worker_present boolean NOT NULL,
    views_differ boolean,
    CONSTRAINT held_has_its_day CHECK (meeting_held = (held_on IS NOT NULL)),
    CONSTRAINT nothing_is_expected_of_what_was_not_held CHECK (meeting_held OR NOT expected),
    CONSTRAINT recorded_has_its_reference CHECK ((recorded_on IS NULL) = (reference IS NULL)),
    CONSTRAINT a_reference_is_short_and_plain CHECK (reference ~ '^[A-Za-z0-9][A-Za-z0-9._/-]{2,39}$'),
    CONSTRAINT agreed_is_promised CHECK ((review_on IS NULL) = (review_due_on IS NULL)),
    CONSTRAINT reviewed_was_recorded CHECK (reviewed_on IS NULL OR recorded_on IS NOT NULL),
    CONSTRAINT reviewed_says_with_whom CHECK (
        (reviewed_on IS NOT NULL) = (worker_present AND (family_present OR child_present))
        AND (reviewed_on IS NULL) = (views_differ IS NULL)
    )
) WITH (fillfactor = 80);
CREATE INDEX memos_by_case ON memos (case_id, meeting_id);
CREATE INDEX memos_awaited ON memos (held_on, meeting_id)
WHERE meeting_held AND reviewed_on IS NULL AND (expected OR review_on IS NOT NULL);
