-- A meeting or follow-up may be cancelled because its case was closed, and says so.

ALTER TABLE meetings
ADD COLUMN cancelled_reason text,
ADD CONSTRAINT a_reason_is_of_what_was_cancelled CHECK (
    cancelled_reason IS NULL OR (cancelled_reason = 'case_closed' AND status = 'cancelled')
) NOT VALID;

ALTER TABLE follow_ups
ADD COLUMN cancelled_reason text,
ADD CONSTRAINT a_reason_is_of_what_was_cancelled CHECK (
    cancelled_reason IS NULL OR (cancelled_reason = 'case_closed' AND status = 'cancelled')
) NOT VALID;
