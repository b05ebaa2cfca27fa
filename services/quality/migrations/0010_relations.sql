-- Who may see which case, as scheduling tells it: workers with their deputies, and whose each case is now.

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

-- Apart from `cases`, whose rows change with every fact; these change when a case gets into other hands. sequence is that
-- of the fact in the case's stream which said so.
CREATE TABLE case_relations (
    case_id uuid PRIMARY KEY,
    sequence bigint NOT NULL,
    unit_id uuid NOT NULL,
    team_id uuid NOT NULL,
    responsible_worker_ids uuid[] NOT NULL
);
CREATE INDEX case_relations_by_unit ON case_relations (unit_id);
CREATE INDEX case_relations_by_team ON case_relations (team_id);
CREATE INDEX case_relations_by_worker ON case_relations USING gin (responsible_worker_ids);

-- What is known of cases so far; their unit is that of the latest promise until the next fact tells it.
INSERT INTO case_relations (case_id, sequence, unit_id, team_id, responsible_worker_ids)
SELECT DISTINCT ON (cases.case_id) cases.case_id, 0, promises.unit_id, cases.team_id, cases.responsible_worker_ids
FROM cases JOIN promises USING (case_id) ORDER BY cases.case_id, promises.due_on DESC;
