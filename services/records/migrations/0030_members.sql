-- Workers are kept as the plumbing's members from now on.

LOCK TABLE workers IN ACCESS EXCLUSIVE MODE;
INSERT INTO members (
    member_id, version, branch_id, crew_id, is_active, account, stand_in_id, stand_in_from, stand_in_until
)
SELECT
    worker_id, version, unit_id, team_id, is_active, account_digest, deputy_id, deputy_from_on, deputy_until_on
FROM workers;
-- squawk-ignore ban-drop-table -- its rows have just moved, and the view below takes its place
DROP TABLE workers;

-- What runs on it until the program of before has ended.
CREATE VIEW workers AS
SELECT
    member_id AS worker_id, version, branch_id AS unit_id, crew_id AS team_id, is_active, account AS account_digest,
    stand_in_id AS deputy_id, stand_in_from AS deputy_from_on, stand_in_until AS deputy_until_on
FROM members;
