"""A SQL dialect as a record: everything in which one database's DDL differs from another's.

The rest of `runner/ddl` asks the record and never compares its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from runner.ddl.dump_program import DumpProgram
from runner.ddl.syntax.clause_rules import ClauseRule
from runner.ddl.syntax.column_types import TypeReference
from runner.ddl.syntax.cursor import Cursor


def _no_sequence(cursor: Cursor) -> tuple[str, ...] | None:
    del cursor
    return None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Splitting:
    r"""How files are cut into statements. All patterns work on bytes, with DOTALL and VERBOSE set.

    `marks` is the inside of a regular expression's character class: the bytes at which the splitter looks closer.
    `units` are the alternatives, each beginning with a mark, that it steps over as a whole: strings, names, comments.
    A mark that no unit matches is looked up in `step_over`, which maps it to a function from the data and the mark's
    position to the position after what begins there, -1 where that is never closed; a mark that is not in it opens
    something that is never closed.
    """

    marks: bytes
    units: bytes
    gap: bytes  # a piece of white space or a comment between statements
    client_line: bytes  # a command for the client program, up to the end of its line
    included_file: bytes  # the beginning of a client line that names another file of SQL
    compound: bytes  # the head of a statement with statements inside; its group `body` is where they begin
    step_over: Mapping[bytes, Callable[[bytes, int], int]] = field(default_factory=dict)
    delimiter_command: bool = False  # DELIMITER changes what ends a statement
    statement_ends: bytes | None = None  # a client command that ends a statement as the delimiter does
    parenthesized: bytes | None = None  # the head of a statement with statements between parentheses
    inline_data: bytes | None = None  # the head of a statement that data follow; they end with a line `\.`

    def includes_file(self, line: bytes) -> bool:
        """Return whether a client line names another file of SQL."""
        return re.match(self.included_file, line, re.VERBOSE) is not None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Dialect:
    """One dialect. Instances are compared by identity: there is one for each module of `runner/ddl/dialects`."""

    name: str  # of its module, as plans and the command line give it
    title: str  # the name of the database, for messages
    other_names: tuple[str, ...]  # that people write for it, in lower case
    parser: str  # sqlglot's name for the dialect in which expressions and queries are parsed
    dump_command: str  # writes a database's schema as SQL, for messages
    dump_program: DumpProgram | None = None  # the same, to be run
    dump_mark: re.Pattern[bytes] | None = None  # in a dump of this database and of no other of the same URLs
    url_schemes: tuple[str, ...] = ()
    is_file: bool = False  # a database is one file
    postgresql_compatible: bool = False  # PostgreSQL takes its types, collations and generated columns as they are
    mysql_compatible: bool = False  # MySQL or MariaDB takes its tables as they are
    checks_of_columns: bool = False  # a CHECK in the definition of a column remains part of it

    # ---- text
    splitting: Splitting
    token_pattern: re.Pattern[str]  # made by `tokens.token_pattern`
    string_value: Callable[[str], str]  # from the text of a string, quotes included, to its value
    folds_names: bool = False  # to lower case, where they are not quoted
    strings_as_names: bool = False  # 'a' can name a column

    # ---- names
    has_schemas: bool = True
    default_schema: str | None = None  # of the search path; None where there is no such path
    ignores_case_of_tables: bool = False
    ignores_case_of_columns: bool = False
    temporary_schema: str | None = None  # whose tables are temporary
    own_table_prefix: str | None = None  # of the tables that the database makes for itself

    # ---- columns and constraints
    read_type: Callable[[Cursor], TypeReference]
    builtin_types: frozenset[str] = frozenset()  # names in the catalog; quoted or not, they mean the same
    clause_words: frozenset[str]  # that can follow a column's type or its default
    rules: Mapping[str, tuple[ClauseRule, ...]]  # by the first word of a clause, in the order of trial
    next_value: Callable[[Cursor], tuple[str, ...] | None] = _no_sequence  # the sequence whose next value a default is
    serial_is_sequence: bool = False  # SERIAL takes its value from a sequence; otherwise it is AUTO_INCREMENT UNIQUE
    integer_key_is_rowid: bool = False  # INTEGER PRIMARY KEY is numbered by the database
    nullable_keys: bool = False  # PRIMARY KEY does not imply NOT NULL
    json_is_checked_text: bool = False  # JSON is stored as text with a CHECK (json_valid(column))
    json_is_text: bool = False  # there is no type for JSON: the text that JSON functions read is JSON
    constraints_without_commas: bool = False  # several table constraints may follow each other
    query_types: Mapping[str, str] = field(default_factory=dict)  # of values that queries compute, by family
    time_is_span: bool = False  # TIME holds more than a day
    bit_is_boolean: bool = False  # bit(1) is the type for truth values
    regexp_ignores_case: bool = False
    like_ignores_case: bool = False
    like_escapes: bool = True  # with a backslash, where no other character is given
    divides_exactly: bool = False  # the quotient of two integers has decimal places
    sqlite_compatible: bool = False  # SQLite takes its expressions as they are

    # ---- tables and indexes
    index_words: frozenset[str] = frozenset()  # that begin an index in a table's body
    key_prefix_lengths: bool = False  # `KEY (title(20))`
    like_element: bool = False  # `CREATE TABLE t (LIKE other INCLUDING ALL, …)`
    like_body: bool = False  # `CREATE TABLE t (LIKE other)`
    query_body: bool = False  # `CREATE TABLE t (SELECT …)`
    keeps_objects: bool = False  # functions, procedures and triggers, as text
    trigger_names_are_unique: bool = False  # in their schema: DROP TRIGGER names no table
    has_inheritance: bool = False  # PARTITION OF and INHERITS
    unique_index_is_key: bool = False  # a unique index and a UNIQUE constraint are the same thing
    keeps_unique_beside_key: bool = False  # a UNIQUE over the columns of the primary key stays a key of its own

    # ---- ALTER and DROP
    column_positions: bool = False  # ADD COLUMN … FIRST | AFTER other
    keys_by_kind: bool = False  # DROP PRIMARY KEY, DROP INDEX name, DROP FOREIGN KEY name, RENAME INDEX a TO b
    drop_removes_references: bool = False  # DROP TABLE removes the foreign keys of other tables
