"""A table as an application presents it: names, fields, constraints, rules, references and examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runner.ddl.model import Table
from runner.generation.model.checks import RowRule
from runner.generation.model.constraint_names import NamedConstraints
from runner.generation.model.distinctions import distinctions
from runner.generation.model.examples import Examples, make_examples
from runner.generation.model.field_types import NUMERIC, Kind
from runner.generation.model.fields import Field
from runner.generation.model.prose import lower_first, sentence
from runner.generation.model.references import Reference, partly_unique_columns, unique_columns
from runner.generation.model.samples import sample_of
from runner.generation.model.schema_names import TableNames

if TYPE_CHECKING:
    from runner.ddl.model import ForeignKey

_KEY_KINDS: frozenset[Kind] = frozenset({  # that a URL can hold
    "text", "integer", "decimal", "boolean", "date", "time", "span", "timestamp", "local_timestamp", "uuid", "enum",
    "bytes",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ApplicationTable:
    """A table of an application.

    `ddl` is the DDL's record. `fields` are by column, in the order of the DDL. `constraints` have names, those of the
    DDL or the ones that PostgreSQL would choose; `rules` are the checks that an application can evaluate over a row,
    `database_only` names those that it cannot: examples are tried with the conditions of some of them, `tried`, and
    `opaque` has the columns of the others. `references` are the foreign keys whose target exists, those of several
    columns first. `notes` say what the DDL's reader left out of it; `partitions` is how many partitions it has,
    `has_parent` whether the table that it is a partition of exists. `deletion` is the field with the time of a soft
    deletion, "" where rows are deleted.
    """

    ddl: Table
    title: str  # the table's name in the database, with its schema only outside the default one
    names: TableNames
    constraints: NamedConstraints
    fields: Mapping[str, Field]
    rules: tuple[RowRule, ...]
    database_only: tuple[str, ...]
    tried: tuple[RowRule, ...]
    opaque: Mapping[str, tuple[str, ...]]
    references: tuple[Reference, ...]
    notes: tuple[str, ...]
    partitions: int
    has_parent: bool
    deletion: str = ""

    # --------------------------------------------------------------------------------------------------------- naming

    @property
    def module(self) -> str:
        """The name of its folders."""
        return self.names.module

    @property
    def class_name(self) -> str:
        """What the names of its classes begin with."""
        return self.names.class_name

    @property
    def route(self) -> str:
        """The path under the API's prefix."""
        return self.names.route

    @property
    def noun(self) -> str:
        """One row, within a sentence."""
        return lower_first(self.names.label)

    @property
    def nouns(self) -> str:
        """Rows, within a sentence."""
        return lower_first(self.names.label_plural)

    @property
    def label(self) -> str:
        """Rows, as a title."""
        return self.names.label_plural

    @property
    def singular(self) -> str:
        """One row, in names of functions."""
        return self.names.singular

    @property
    def plural(self) -> str:
        """Rows, in names of functions; differs from `singular`."""
        plain = self.module.strip("_")
        return plain if plain != self.singular else f"{self.singular}_rows"

    @property
    def about(self) -> str:
        """The DDL's comment on the table, as a sentence; empty without one."""
        return sentence(self.ddl.comment or "")

    @property
    def comment(self) -> str:
        """The DDL's comment on the table, or a sentence with its name."""
        return self.about or sentence(f"Rows of the {'view' if self.is_view else 'table'} {self.ddl.name.name}")

    # --------------------------------------------------------------------------------------------------------- fields

    @cached_property
    def key(self) -> tuple[Field, ...]:
        """Fields of the primary key."""
        return tuple(self.fields[name] for name in self.ddl.key_columns)

    @cached_property
    def own_key(self) -> tuple[Field, ...]:
        """Fields of the key that clients give."""
        return tuple(field for field in self.key if field.writable)

    @cached_property
    def written(self) -> tuple[Field, ...]:
        """Fields that a new row can be given."""
        return tuple(field for field in self.fields.values() if field.writable)

    @cached_property
    def shown(self) -> tuple[Field, ...]:
        """Fields that clients can read."""
        return tuple(field for field in self.fields.values() if not field.is_secret)

    @cached_property
    def secrets(self) -> tuple[Field, ...]:
        """Fields that clients write and never read."""
        return tuple(field for field in self.fields.values() if field.is_secret)

    @cached_property
    def changes(self) -> tuple[Field, ...]:
        """Fields that can be changed."""
        return tuple(field for field in self.written if not field.is_key)

    @cached_property
    def required_fields(self) -> tuple[str, ...]:
        """Names of the fields that a new row must be given."""
        return tuple(field.name for field in self.written if field.required)

    # -------------------------------------------------------------------------------------------------------- abilities

    @property
    def is_view(self) -> bool:
        """Whether it is a view, whose rows are those of other tables."""
        return self.ddl.view is not None

    @cached_property
    def is_writable(self) -> bool:
        """Whether rows can be changed one by one."""
        return self.is_addressable and not self.is_view

    @cached_property
    def is_addressable(self) -> bool:
        """Whether rows can be read one by one: there is a key, and a URL can hold it."""
        types = [field.type for field in self.key]
        return bool(types) and all(type_.kind in _KEY_KINDS or type_.is_range for type_ in types)

    @cached_property
    def is_changeable(self) -> bool:
        """Whether a row has anything beside its key that can be changed."""
        return self.is_writable and bool(self.changes)

    @property
    def is_keyed_by_text(self) -> bool:
        """Whether the whole key is one text, so that `count` and `export.csv` may be keys."""
        return [field.type.kind for field in self.key] in (["text"], ["enum"])

    @property
    def is_partition(self) -> bool:
        """Whether the table is a part of another."""
        return self.ddl.partition_of is not None

    @cached_property
    def is_link(self) -> bool:
        """Whether rows only link others: the key consists of two or more references, and all else may be left out."""
        key = set(self.ddl.key_columns)
        inside = [reference for reference in self.references if set(reference.key.columns) <= key]
        covered = {column for reference in inside for column in reference.key.columns}
        return len(inside) > 1 and covered == key and not any(f.required and not f.is_key for f in self.written)

    # ------------------------------------------------------------------------------------------------------------ keys

    @cached_property
    def foreign_keys(self) -> Mapping[str, ForeignKey]:
        """The foreign keys whose target exists, by name, in the order of the DDL."""
        names = {reference.name for reference in self.references}
        return {name: key for name, key in self.constraints.foreign_keys.items() if name in names}

    @cached_property
    def unique_columns(self) -> tuple[tuple[str, ...], ...]:
        """Every set of columns that is unique in all rows, the primary key first."""
        return unique_columns(self.ddl)

    @cached_property
    def unique_sets(self) -> tuple[tuple[str, ...], ...]:
        """Names of fields that clients give and that are unique together, a set for each key and unique index."""
        sets = [names for names in self.unique_columns if all(self.fields[name].writable for name in names)]
        return tuple(dict.fromkeys(tuple(self.fields[name].name for name in names) for names in sets))

    @cached_property
    def shown_unique_sets(self) -> tuple[tuple[str, ...], ...]:
        """Those of them that clients can read."""
        secrets = {field.name for field in self.secrets}
        return tuple(names for names in self.unique_sets if secrets.isdisjoint(names))

    # -------------------------------------------------------------------------------------------------------- examples

    @cached_property
    def examples(self) -> Examples:
        """Values that its constraints accept and refuse."""
        required = {name for reference in self.references if reference.required for name in reference.key.columns}
        limited = self._limited_by_themselves
        referring = [
            name
            for reference in self.references
            for name in reference.key.columns
            if name not in limited
            if name in required or not self.fields[name].required  # a row without the reference has a value of its own
        ]
        unique = (*self.unique_columns, *partly_unique_columns(self.ddl))
        numbered = [name for name, field in self.fields.items() if field.is_numbered]
        types = {name: field.type for name, field in self.fields.items()}
        apart = tuple(distinctions(self.constraints, types, {*referring, *numbered}))
        return make_examples(self.fields, (*self.rules, *self.tried), referring, unique, self.opaque, apart)

    @cached_property
    def _limited_by_themselves(self) -> frozenset[str]:
        """The columns of references of several columns that have few values, such as the kind of a subtype's row.

        A row chooses them, and refers to a row with the same value.
        """
        columns = {name for one in self.references if len(one.key.columns) > 1 for name in one.key.columns}
        alone = {one.key.columns[0] for one in self.references if len(one.key.columns) == 1}
        return frozenset(
            name for name in columns - alone if self.fields[name].bounds.choices and self.fields[name].writable
        )

    @cached_property
    def example(self) -> Mapping[str, Any]:
        """The JSON of a new row by field, with 1, or a value of its type, for every required reference."""
        found = {name: sample.json for name, sample in self.examples.body.items()}
        for reference in self.references:
            if reference.required:
                found |= {self.fields[name].name: _referred(self.fields[name]) for name in reference.key.columns}
        names = (field.name for field in self.fields.values())
        return {name: found[name] for name in names if found.get(name) is not None}


def _referred(field: Field) -> Any:
    return 1 if field.type.kind in NUMERIC else sample_of(field, distinct=False).json
