"""What the application says of violated constraints: comments, conditions of unique indexes, plain text without SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.ddl.reader import read_ddl_text
from runner.generation.fastapi.migration.schema_snapshot import take_snapshot
from runner.generation.model.application import Application
from runner.generation.model.constraint_messages import constraint_messages
from runner.generation.model.rule_sentences import rule_message

if TYPE_CHECKING:
    from runner.generation.model.application_tables import ApplicationTable

TABLES = """
CREATE TABLE rooms (id int PRIMARY KEY, code text NOT NULL, CONSTRAINT rooms_code UNIQUE (code));
CREATE TABLE bookings (
    id int PRIMARY KEY, room_id int CONSTRAINT b_room REFERENCES rooms, slot date, status text, removed_at date,
    seats int CONSTRAINT seats_positive CHECK (seats > 0), kind text CONSTRAINT kinds CHECK (kind IN ('a', 'b')),
    starts date, ends date, note text, CHECK (ends > starts), CONSTRAINT hashed CHECK (md5(note) <> kind)
);
"""


def bookings(sql: str) -> ApplicationTable:
    return Application(read_ddl_text(TABLES + sql, "postgres")).tables[-1]


def rules(table: ApplicationTable) -> dict[str, str]:
    names = {column: field.name for column, field in table.fields.items()}
    return {rule.name: rule_message(rule, names) for rule in table.rules}


def test_the_comment_on_a_check_is_the_text_of_its_rule() -> None:
    assert rules(bookings("")) == {"bookings_check": "`ends` must be after `starts`"}
    table = bookings("COMMENT ON CONSTRAINT bookings_check ON bookings IS 'a booking ends after\n its start';")
    assert rules(table) == {"bookings_check": "A booking ends after its start"}


def test_a_check_of_one_field_with_a_comment_is_a_rule_unless_people_choose_from_it() -> None:
    table = bookings("""
    COMMENT ON CONSTRAINT seats_positive ON bookings IS 'Book a seat.';
    COMMENT ON CONSTRAINT kinds ON bookings IS 'Either kind.';
    """)
    assert rules(table)["seats_positive"] == "Book a seat."
    assert table.fields["seats"].bounds.numbers.keys().isdisjoint({"gt"})
    assert table.fields["kind"].bounds.choices == ("a", "b")
    assert constraint_messages(table) == {"kinds": "Either kind."}


def test_comments_on_keys_and_references_are_their_messages() -> None:
    sql = """
    COMMENT ON CONSTRAINT rooms_code ON rooms IS 'Another room has this code.';
    COMMENT ON CONSTRAINT b_room ON bookings IS 'Choose a room.';
    COMMENT ON CONSTRAINT hashed ON bookings IS 'Not this note.';
    """
    rooms, found = Application(read_ddl_text(TABLES + sql, "postgres")).tables
    assert constraint_messages(rooms) == {"rooms_code": "Another room has this code."}
    assert constraint_messages(found) == {"b_room": "Choose a room.", "hashed": "Not this note."}


def test_a_partial_unique_index_names_its_condition() -> None:
    found = bookings("""
    CREATE UNIQUE INDEX one ON bookings (room_id, slot) WHERE status = 'active' AND removed_at IS NULL;
    CREATE UNIQUE INDEX other ON bookings (slot) WHERE md5(note) = 'x';
    """)
    assert constraint_messages(found) == {
        "one": "another row with the same `room_id` and `slot` already exists "
        "where `status` is 'active' and `removed_at` is empty"
    }


def test_the_migrations_carry_comments_on_constraints() -> None:
    sql = "COMMENT ON CONSTRAINT b_room ON bookings IS 'Choose a room.';"
    table = take_snapshot(Application(read_ddl_text(TABLES + sql, "postgres"))).tables[-1]
    assert {part.name: part.comment for part in table.constraints if part.comment} == {"b_room": "Choose a room."}
