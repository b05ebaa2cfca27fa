-- Who may see which case, as scheduling tells it: workers with their deputies. Whose a case is stands in `cases`.

-- The highest version of each worker. account_digest stands for the subject of their token; two may have it for a moment.
CREATE TABLE workers (
    worker_id uuid PRIMARY KEY,
    version integer NOT NULL,
    unit_id uuid NOT NULL,
    team_id uuid,
    is_active boolean NOT NULL,
    account_digest uuid,
    deputy_id uuid,
    deputy_from_on date,
    deputy_until_on date
);
CREATE INDEX workers_by_account ON workers (account_digest) WHERE account_digest IS NOT NULL;
CREATE INDEX workers_by_deputy ON workers (deputy_id) WHERE deputy_id IS NOT NULL;

-- squawk-ignore require-concurrent-index-creation -- the table is new: nobody waits
CREATE INDEX cases_by_team ON cases (team_id);
-- squawk-ignore require-concurrent-index-creation -- as above
CREATE INDEX cases_by_worker ON cases USING gin (responsible_worker_ids);
