-- Units and people, cases and families, meetings and follow-ups, and the workers' board.
--
-- `version` counts the changes of a row from 1: it is the ETag, and the subject's version in the facts.
-- Periods are half-open. Constraints say the rule; the code turns some of them into refusals, by name.

CREATE TABLE units (
    unit_id uuid PRIMARY KEY,
    version integer NOT NULL,
    name_fi text NOT NULL,
    name_sv text NOT NULL,
    name_en text NOT NULL,
    hours jsonb NOT NULL,
    closing_days date[] NOT NULL,
    holiday_policy text NOT NULL CHECK (holiday_policy IN ('strict', 'roll_forward_150_1930')),
    remote_counts boolean NOT NULL,
    rule_versions jsonb NOT NULL
);

CREATE TABLE teams (
    team_id uuid PRIMARY KEY,
    version integer NOT NULL,
    unit_id uuid NOT NULL CONSTRAINT a_team_has_a_unit REFERENCES units,
    name text NOT NULL,
    CONSTRAINT teams_by_unit UNIQUE (unit_id, team_id)
);

CREATE TABLE workers (
    worker_id uuid PRIMARY KEY,
    version integer NOT NULL,
    unit_id uuid NOT NULL CONSTRAINT a_worker_has_a_unit REFERENCES units,
    team_id uuid,
    display_name text NOT NULL,
    account text CONSTRAINT one_worker_per_account UNIQUE,
    roles text[] NOT NULL CHECK (cardinality(roles) > 0),
    is_active boolean NOT NULL,
    deputy_id uuid REFERENCES workers,
    deputy_from_on date,
    deputy_until_on date,
    CONSTRAINT a_workers_team_is_of_their_unit FOREIGN KEY (unit_id, team_id) REFERENCES teams (unit_id, team_id),
    CONSTRAINT nobody_is_their_own_deputy CHECK (deputy_id <> worker_id),
    CONSTRAINT a_deputy_has_a_first_day CHECK ((deputy_id IS NULL) = (deputy_from_on IS NULL)),
    CONSTRAINT a_deputy_has_a_day_to_act CHECK (deputy_until_on > deputy_from_on)
);
CREATE INDEX workers_by_unit ON workers (unit_id, worker_id);
CREATE INDEX workers_by_deputy ON workers (deputy_id) WHERE deputy_id IS NOT NULL;

-- Locked by every change to the case or to anything of it: one case, one change at a time.
CREATE TABLE cases (
    case_id uuid PRIMARY KEY,
    code text NOT NULL CONSTRAINT one_case_per_code UNIQUE,
    version integer NOT NULL,
    unit_id uuid NOT NULL,
    team_id uuid NOT NULL,
    responsible_worker_ids uuid[] NOT NULL,
    children_count integer NOT NULL CONSTRAINT a_case_has_a_child CHECK (children_count > 0),
    opened_on date NOT NULL,
    closed_on date,
    CONSTRAINT a_cases_team_is_of_its_unit FOREIGN KEY (unit_id, team_id) REFERENCES teams (unit_id, team_id),
    CONSTRAINT a_case_is_somebodys CHECK (cardinality(responsible_worker_ids) > 0),
    CONSTRAINT a_case_ends_after_it_began CHECK (closed_on >= opened_on)
);
CREATE INDEX cases_by_unit ON cases (unit_id, code);
CREATE INDEX cases_by_team ON cases (team_id);
CREATE INDEX cases_by_worker ON cases USING gin (responsible_worker_ids);

-- The only names and contact data of families in the whole system; in no event, no log and no other database.
CREATE TABLE family_members (
    case_id uuid NOT NULL REFERENCES cases,
    place integer NOT NULL,
    display_name text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('phone', 'email', 'letter', 'none')),
    address text NOT NULL,
    PRIMARY KEY (case_id, place)
);

CREATE TABLE meetings (
    meeting_id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases,
    version integer NOT NULL,
    status text NOT NULL CHECK (status IN ('scheduled', 'cancelled', 'deferred', 'held', 'retracted')),
    is_practice boolean NOT NULL,
    planned_from timestamptz NOT NULL,
    planned_until timestamptz NOT NULL,
    held_from timestamptz,
    held_until timestamptz,
    held_in_unit_id uuid REFERENCES units,
    next_agreed text CHECK (next_agreed IN ('follow_up', 'meeting', 'none')),
    not_agreed_reason text,
    booking_owner_id uuid REFERENCES workers,
    book_by_on date,
    review_on date,
    imported boolean NOT NULL,
    CONSTRAINT a_meeting_is_planned_for_a_time CHECK (planned_from < planned_until),
    CONSTRAINT held_has_its_times CHECK (
        (status = 'held') = (held_from IS NOT NULL) AND (held_from IS NULL) = (held_until IS NULL)
    ),
    CONSTRAINT held_took_a_time CHECK (held_from < held_until),
    CONSTRAINT held_was_in_a_unit CHECK (status <> 'held' OR held_in_unit_id IS NOT NULL),
    CONSTRAINT a_held_heijastin_has_a_close CHECK (status <> 'held' OR is_practice OR next_agreed IS NOT NULL),
    CONSTRAINT no_next_time_has_reason_owner_and_day CHECK (
        num_nonnulls(not_agreed_reason, booking_owner_id, book_by_on)
        = CASE WHEN next_agreed = 'none' THEN 3 ELSE 0 END
    ),
    CONSTRAINT deferred_has_a_review CHECK ((status = 'deferred') = (review_on IS NOT NULL))
);
CREATE INDEX meetings_by_case ON meetings (case_id, planned_from, meeting_id);

CREATE TABLE follow_ups (
    follow_up_id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases,
    meeting_id uuid REFERENCES meetings,
    version integer NOT NULL,
    status text NOT NULL CHECK (status IN ('booked', 'cancelled', 'held', 'retracted')),
    booked_from timestamptz,
    booked_until timestamptz,
    held_from timestamptz,
    held_until timestamptz,
    family_present boolean NOT NULL,
    worker_present boolean NOT NULL,
    mode text CHECK (mode IN ('in_person', 'remote')),
    imported boolean NOT NULL,
    CONSTRAINT booked_for_a_time CHECK (booked_from < booked_until AND (booked_from IS NULL) = (booked_until IS NULL)),
    CONSTRAINT booked_has_its_times CHECK (status <> 'booked' OR booked_from IS NOT NULL),
    CONSTRAINT held_has_its_times_and_mode CHECK (
        num_nonnulls(held_from, held_until, mode) = CASE WHEN status = 'held' THEN 3 ELSE 0 END
    ),
    CONSTRAINT held_took_a_time CHECK (held_from < held_until),
    CONSTRAINT only_held_has_somebody_present CHECK (status = 'held' OR NOT (family_present OR worker_present))
);
CREATE INDEX follow_ups_by_case ON follow_ups (case_id, follow_up_id);
