"""The option `objects`: which functions, procedures and triggers of the DDL the migrations carry into the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from runner.records.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.ddl.model import Function, Schema, Trigger

ObjectOption = Literal["all", "needed", "none"]


def object_option(options: Mapping[str, Any]) -> ObjectOption:
    """Return the task's option `objects`. Raises AgentError for an unknown one."""
    given: Any = options.get("objects", "needed")
    if given not in get_args(ObjectOption):
        raise AgentError(f"option objects: {given!r} is unknown; give {', '.join(get_args(ObjectOption))}")
    option: ObjectOption = given
    return option


def carried_functions(schema: Schema, option: ObjectOption) -> tuple[Function, ...]:
    """Return the functions that the migrations create."""
    return tuple(one for one in schema.functions if option == "all" or (option == "needed" and one.is_needed))


def carried_triggers(schema: Schema, option: ObjectOption) -> tuple[Trigger, ...]:
    """Return the triggers that the migrations create."""
    return schema.triggers if option == "all" else ()
