-- What the constraints of 0050 say holds for the rows that were there before too; reads go on meanwhile.

ALTER TABLE meetings VALIDATE CONSTRAINT a_reason_is_of_what_was_cancelled;
ALTER TABLE follow_ups VALIDATE CONSTRAINT a_reason_is_of_what_was_cancelled;
