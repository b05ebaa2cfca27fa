-- What the constraints of 0020 say holds for the rows that were there before too; reads go on meanwhile.

ALTER TABLE meetings VALIDATE CONSTRAINT an_override_has_a_code;
ALTER TABLE meetings VALIDATE CONSTRAINT an_override_is_somebodys;
