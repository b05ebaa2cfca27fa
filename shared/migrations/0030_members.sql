-- Who belongs here, as another service tells it: see shared/members.py. Empty where nobody tells.

-- The highest version of each member. account stands for the subject of their token; two may have it for a moment.
CREATE TABLE members (
    member_id uuid PRIMARY KEY,
    version integer NOT NULL,
    branch_id uuid NOT NULL,
    crew_id uuid,
    is_active boolean NOT NULL,
    account uuid,
    stand_in_id uuid,
    stand_in_from date,
    stand_in_until date
);
CREATE INDEX members_by_account ON members (account) WHERE account IS NOT NULL;
CREATE INDEX members_by_stand_in ON members (stand_in_id) WHERE stand_in_id IS NOT NULL;
