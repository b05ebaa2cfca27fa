"""
Copies of feedback that are weakened on purpose, each as somebody might who means well: for one unit only, by triggers.

The service's own code runs unchanged; what a trigger writes is what a careless column or table would hold.
"""

from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests.journeys.adversary import (
    KINDS,
    Attack,
    Kind,
    by_a_row_that_names_both,
    by_lengths_in_the_log,
    by_the_numbers_of_answers,
    by_the_place_in_the_list,
    by_the_times_of_answers,
    by_the_transaction_that_wrote_both,
)

_NEW = """
    CREATE OR REPLACE FUNCTION weak_new(before jsonb, after jsonb) RETURNS SETOF jsonb LANGUAGE sql IMMUTABLE AS
        'SELECT value FROM jsonb_array_elements(after) EXCEPT ALL SELECT value FROM jsonb_array_elements(before)';
"""
_EACH_NEW = """(
    SELECT weak_new(OLD.marks, NEW.marks) AS answer UNION ALL SELECT weak_new(OLD.open_answers, NEW.open_answers)
)"""

_WITH_EACH_ANSWER = """
    CREATE FUNCTION {name}_answers() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does}; RETURN NEW; END $$;
    CREATE TRIGGER {name}_answers {when} UPDATE ON windows FOR EACH ROW
    WHEN (NEW.unit_id = '{unit}' AND NEW.marks <> '[]') EXECUTE FUNCTION {name}_answers();
"""
_WITH_EACH_LINK = """
    CREATE FUNCTION {name}_links() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does}; RETURN OLD; END $$;
    CREATE TRIGGER {name}_links AFTER DELETE ON links FOR EACH ROW
    WHEN (OLD.unit_id = '{unit}') EXECUTE FUNCTION {name}_links();
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    """A table that should not be there, what is written with each used link and each answer, and what sees it."""

    name: str
    seen_by: Attack
    table: str = ""
    link: str = ""
    answer: str = ""
    when: str = "AFTER"
    shows: tuple[Kind, ...] = KINDS
    """What can be tied because of it: what people marked, what they wrote, or both."""
    is_logged: bool = False
    """Whether a log in front of the door notes each request: its path, and how much was sent."""

    async def into(self, owner_url: str, unit_id: str) -> None:
        """Weaken the database for one unit."""
        parts = [_NEW, self.table]
        if self.link:
            parts.append(_WITH_EACH_LINK.format(name=self.name, unit=unit_id, does=self.link))
        if self.answer:
            parts.append(_WITH_EACH_ANSWER.format(name=self.name, unit=unit_id, does=self.answer, when=self.when))
        owner = await asyncpg.connect(owner_url)
        await owner.execute(";\n".join(part.strip().rstrip(";") for part in parts if part))
        await owner.close()


WEAKNESSES = (
    Weakness(
        name="a_timestamp_column",
        seen_by=by_the_times_of_answers,
        table="CREATE TABLE a_timestamp_column (answer jsonb, answered_at timestamptz DEFAULT clock_timestamp())",
        answer=f"INSERT INTO a_timestamp_column (answer) SELECT answer FROM {_EACH_NEW} AS given ORDER BY answer",
    ),
    Weakness(
        name="a_foreign_key",
        seen_by=by_a_row_that_names_both,
        table="CREATE TABLE a_foreign_key (link bytea, answer jsonb)",
        link="PERFORM set_config('weak.link', encode(OLD.digest, 'hex'), true)",
        answer="INSERT INTO a_foreign_key SELECT decode(current_setting('weak.link'), 'hex'), answer "
        f"FROM {_EACH_NEW} AS given",
    ),
    Weakness(
        name="ordered_ids",
        seen_by=by_the_numbers_of_answers,
        table="CREATE TABLE ordered_ids (id bigint GENERATED ALWAYS AS IDENTITY, answer jsonb)",
        answer=f"INSERT INTO ordered_ids (answer) SELECT answer FROM {_EACH_NEW} AS given ORDER BY answer",
    ),
    Weakness(
        name="a_spent_flag",
        seen_by=by_the_transaction_that_wrote_both,
        table="CREATE TABLE a_spent_flag (link bytea, is_spent boolean); CREATE TABLE an_answer_row (answer jsonb)",
        link="INSERT INTO a_spent_flag VALUES (OLD.digest, true)",
        answer=f"INSERT INTO an_answer_row SELECT answer FROM {_EACH_NEW} AS given",
    ),
    Weakness(
        name="a_list_that_is_not_shuffled",
        seen_by=by_the_place_in_the_list,
        answer="NEW.marks := OLD.marks || (SELECT jsonb_agg(added) FROM weak_new(OLD.marks, NEW.marks) AS added); "
        "NEW.open_answers := OLD.open_answers || "
        "(SELECT jsonb_agg(added) FROM weak_new(OLD.open_answers, NEW.open_answers) AS added)",
        when="BEFORE",
    ),
    Weakness(name="a_request_log", seen_by=by_lengths_in_the_log, shows=("open_answers",), is_logged=True),
)


def note_request(folder: Path, token: str, body: bytes) -> None:
    """Write what a proxy's log would hold of a request."""
    with (folder / "proxy.log").open("a") as log:
        log.write(f'"POST /p/{token} HTTP/1.1" {len(body)}\n')
