-- What quality last said of each promise. A row is never deleted: the version in it keeps a late, older fact from
-- bringing back what is settled. What waits for a worker is a question of status, asked when the board is shown.
CREATE TABLE board (
    promise_id uuid PRIMARY KEY,
    version integer NOT NULL,
    case_id uuid NOT NULL,
    meeting_id uuid NOT NULL,
    policy text NOT NULL,
    status text NOT NULL,
    is_undetermined boolean NOT NULL,
    anchor_on date NOT NULL,
    due_on date NOT NULL,
    warning text,
    deviation_id uuid NOT NULL,
    deviation_state text NOT NULL,
    imported boolean NOT NULL
);
CREATE INDEX board_that_waits ON board (case_id) WHERE status IN ('open', 'lapsed') AND NOT imported;
