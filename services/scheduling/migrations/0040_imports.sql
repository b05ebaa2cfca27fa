-- What came from another system: what it is called there, the random id it has here, and what was last said of it.
--
-- A reference of another system may point at a person, so it stays in here: it is in no event, no log and no answer but
-- the list of what was imported. `said` is the part of the command that brought it (JSON): the same again is no news.
-- `began_on` is the local day of what the source has as held, else null.
CREATE TABLE imported (
    source text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('case', 'meeting', 'follow_up')),
    reference text NOT NULL,
    id uuid NOT NULL CONSTRAINT one_reference_per_id UNIQUE,
    case_id uuid NOT NULL REFERENCES cases,
    said text NOT NULL,
    began_on date,
    PRIMARY KEY (source, kind, reference)
);
CREATE INDEX imported_by_case ON imported (case_id);
CREATE INDEX imported_by_day ON imported (source, began_on) WHERE began_on IS NOT NULL;

-- Another system does not tell how a meeting closed. The rule grows weaker, so no row needs to be looked at again.
-- squawk-ignore ban-drop-constraint -- the weaker rule takes its place in the same transaction
ALTER TABLE meetings DROP CONSTRAINT a_held_heijastin_has_a_close;
ALTER TABLE meetings ADD CONSTRAINT a_held_heijastin_has_a_close CHECK (
    status <> 'held' OR is_practice OR imported OR next_agreed IS NOT NULL
) NOT VALID;
