-- A meeting may be confirmed, and what records last said of each memo tells whether it may be.

ALTER TABLE meetings
ADD COLUMN confirmed boolean NOT NULL DEFAULT false,
ADD COLUMN override_reason text,
ADD COLUMN overridden_by text,
ADD CONSTRAINT an_override_has_a_code CHECK (
    override_reason IN ('reviewed_in_the_meeting', 'family_goes_on_without', 'memo_out_of_reach')
) NOT VALID,
ADD CONSTRAINT an_override_is_somebodys CHECK (
    (override_reason IS NULL) = (overridden_by IS NULL) AND (confirmed OR override_reason IS NULL)
) NOT VALID;

-- A row is never deleted: the version in it keeps a late, older fact from bringing back what was so.
CREATE TABLE memos (
    meeting_id uuid PRIMARY KEY,
    version integer NOT NULL,
    case_id uuid NOT NULL,
    reviewed_on date
);
