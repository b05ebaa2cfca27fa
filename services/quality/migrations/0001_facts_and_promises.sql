-- The facts of each case as others told them, every version; and of each promise what was last said.

-- One row a case that was ever heard of. look_again_at: judge again once the gate has passed it, see timers.
CREATE TABLE cases (
    case_id uuid PRIMARY KEY,
    case_code text NOT NULL,
    team_id uuid NOT NULL,
    responsible_worker_ids uuid[] NOT NULL,
    context_sequence bigint NOT NULL,
    disturbed_since timestamptz,
    look_again_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX cases_to_look_at ON cases (look_again_at) WHERE look_again_at IS NOT NULL;

-- Append-only. Which columns are set depends on the kind; the meaning of each is told in domain/facts.py.
CREATE TABLE facts (
    case_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('meeting', 'follow_up', 'case')),
    subject_id uuid NOT NULL,
    version integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    unit_id uuid,
    booked_from timestamptz,
    held_from timestamptz,
    began_on date,
    held_on date,
    family_present boolean NOT NULL,
    worker_present boolean NOT NULL,
    is_remote boolean NOT NULL,
    imported boolean NOT NULL,
    closed_on date,
    PRIMARY KEY (case_id, kind, subject_id, version)
);

-- The highest version of each unit; the defaults of domain/units.py stand for those not heard of yet.
CREATE TABLE units (
    unit_id uuid PRIMARY KEY,
    version integer NOT NULL,
    configured jsonb NOT NULL
);

-- state is the last fact published of the promise, whole; the columns beside it are what is searched and counted.
CREATE TABLE promises (
    promise_id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases,
    unit_id uuid NOT NULL,
    policy text NOT NULL,
    version integer NOT NULL,
    due_on date NOT NULL,
    status text NOT NULL
        CHECK (status IN ('open', 'kept', 'lapsed', 'kept_late', 'ended_with_case', 'void')),
    is_undetermined boolean NOT NULL,
    is_recorded_late boolean NOT NULL,
    imported boolean NOT NULL,
    deviation_id uuid NOT NULL CONSTRAINT one_deviation_per_promise UNIQUE,
    deviation_state text NOT NULL CHECK (deviation_state IN ('none', 'open', 'withdrawn')),
    warning text,
    state text NOT NULL,
    CONSTRAINT a_breach_is_a_deviation CHECK (
        status NOT IN ('lapsed', 'kept_late') OR deviation_state = 'open' OR is_undetermined
    )
) WITH (fillfactor = 80);
CREATE INDEX promises_by_case ON promises (case_id);
CREATE INDEX promises_by_due_day ON promises (unit_id, due_on, promise_id);
CREATE INDEX promises_at_risk ON promises (unit_id, promise_id) WHERE warning IS NOT NULL;
CREATE INDEX deviations_by_unit ON promises (unit_id, due_on, promise_id) WHERE deviation_state <> 'none';
