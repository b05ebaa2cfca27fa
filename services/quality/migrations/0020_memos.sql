-- The memo of a Heijastin as others told of it, every version; and what else it takes to judge its promises apart: they wait
-- for another gate than the month does, and for other missing facts.

ALTER TABLE cases
ADD COLUMN memos_disturbed_since timestamptz,
ADD COLUMN memos_look_again_at timestamptz;
-- Holds no row yet: the table is read once, within a second for all the cases of a region.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX cases_to_look_at_for_memos ON cases (memos_look_again_at) WHERE memos_look_again_at IS NOT NULL;

-- Append-only, as facts are.
CREATE TABLE memos (
    case_id uuid NOT NULL,
    meeting_id uuid NOT NULL,
    version integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    is_expected boolean NOT NULL,
    written_on date,
    review_due_on date,
    reviewed_on date,
    PRIMARY KEY (case_id, meeting_id, version)
);
