"""What the application says when the database finds a constraint violated, where it can say more than which fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.model.conditions import make_condition
from runner.generation.model.rule_sentences import comment_message, duplicate_message, plain_message, rule_message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.ddl.model import Check, ForeignKey, Index, Key
    from runner.generation.model.application_tables import ApplicationTable


def constraint_messages(table: ApplicationTable) -> Mapping[str, str]:
    """Return the messages of constraints and unique indexes by their names.

    They are the comments on constraints, sentences of the checks that only the database can judge, and the conditions
    of partial unique indexes. Rules over a row have messages of their own.
    """
    return dict(_messages(table))


def _messages(table: ApplicationTable) -> Iterator[tuple[str, str]]:
    named, names = table.constraints, {column: field.name for column, field in table.fields.items()}
    ruled = {rule.name for rule in table.rules}
    parts: list[tuple[str, Key | ForeignKey | Check]] = [*named.unique.items(), *table.foreign_keys.items()]
    parts += [named.primary_key] if named.primary_key else []
    parts += [(name, check) for name, check in named.checks.items() if name not in ruled]
    for name, part in parts:
        if part.comment:
            yield name, comment_message(part.comment)
    for rule in table.tried:
        message = rule_message(rule, names)
        if (
            not rule.comment
            and rule.name in named.checks
            and message != plain_message([names[one] for one in rule.columns])
        ):
            yield rule.name, message
    for name, index in named.indexes.items():
        text = _of_index(table, index, names) if index.unique and index.where else None
        if text is not None:
            yield name, text


def _of_index(table: ApplicationTable, index: Index, names: Mapping[str, str]) -> str | None:
    fields = [names[column] for column in index.columns if column is not None]
    types = {name: field.type for name, field in table.fields.items()}
    condition = make_condition(index.condition, types) if index.condition is not None else None
    if condition is None or len(fields) < len(index.parts):
        return None
    return duplicate_message(fields, condition, names)
