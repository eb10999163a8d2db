"""The paths of a plan, with validators that turn text into existing files and folders or report what is wrong.

The validators read the file system and change nothing. Their context is a mapping with the plan's `folder`, to which
paths are relative.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticKnownError

from runner.ddl.database_url import DatabaseUrlError, scheme_of
from runner.plan.plan_paths import at_home, find_sql_files
from runner.plan.value_types import Expected, as_list, printable, wrong
from runner.plan.yaml_reader import read_yaml
from runner.records.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARIABLE_ADVICE = "A plan does not expand environment variables: write the path itself."
_RELATIVE = "Paths are relative to the plan file"


@contextmanager
def _file_system_errors() -> Iterator[None]:
    """Turn errors of the file system into errors of the value."""
    try:
        yield
    except (OSError, RuntimeError, re.error) as error:  # RuntimeError: no home folder, or a cycle of links
        reason = getattr(error, "strerror", None) or str(error)
        raise wrong(f"cannot be read: {reason.rstrip('.')}", "Check the path and its permissions.") from None


def _folder(info: ValidationInfo) -> Path:
    folder: Path = (info.context or {})["folder"]
    return folder


def _path(value: object, info: ValidationInfo) -> Path:
    """Return a path relative to the plan's folder. `~` is the home folder."""
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    if not value.strip():
        raise wrong("is empty", "Write . for the plan's own folder.")
    return _folder(info) / at_home(printable(value))


def _ddl_files(value: object, info: ValidationInfo) -> tuple[Path | str, ...]:
    text = str(value)
    if scheme_of(text):
        from runner.ddl.live.database_snapshots import parse_url  # noqa: PLC0415 - with the dialects, for a database only

        try:
            return (parse_url(text)[0].text,)
        except DatabaseUrlError as error:
            raise wrong(str(error), error.expected) from None
    with _file_system_errors():
        path = _path(value, info)
        files = find_sql_files(_folder(info), text)
        if files is None and path.exists():
            raise wrong("is neither a file nor a folder")
        if files is None:
            raise wrong("does not exist", _not_found_advice(text, path, _folder(info)))
        if not files and path.is_dir():
            deeper = f"Name the files, or give a glob: {text.rstrip('/')}/**/*.sql"
            raise wrong("is a folder without .sql files", deeper)
        if not files:
            raise wrong("matches no file", _variable_advice(text) or f"{_RELATIVE}. Looked for {path}")
        if locked := next((file for file in files if not os.access(file, os.R_OK)), None):
            raise wrong("cannot be read: Permission denied", f"Give yourself read permission for {locked}")
        return tuple(file.resolve() for file in files)


def _variable_advice(text: str) -> str:
    """Return what to do about `$NAME` or `${NAME}` in a path, or nothing where there is none."""
    return _VARIABLE_ADVICE if re.search(r"\$\{?[A-Za-z_]", text) else ""


def _not_found_advice(text: str, path: Path, folder: Path) -> str:
    """Return what to do about a path that does not exist: where it probably is, or where it was looked for."""
    if advice := _variable_advice(text):
        return advice
    if (here := Path(text)).exists():
        return f"{_RELATIVE}: write {os.path.relpath(here, folder)}"
    names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    if near := get_close_matches(path.name, names, n=1):
        return f"Did you mean {Path(text).with_name(near[0])}?"
    return f"{_RELATIVE}. Looked for {path}"


def _workspace(value: object, info: ValidationInfo) -> Path:
    with _file_system_errors():
        path = _path(value, info).resolve()
        if (advice := _variable_advice(str(value))) and not path.exists():
            raise wrong("names an environment variable", advice)
        if path == Path(path.anchor):
            raise wrong("is the root of the file system")
        existing = next(part for part in (path, *path.parents) if part.exists())
        if not existing.is_dir():
            raise wrong(f"cannot be a folder: {existing} is a file")
        return path


def _templates(value: object, info: ValidationInfo) -> Path:
    with _file_system_errors():
        path = _path(value, info)
        if not path.exists():
            raise wrong("does not exist", _not_found_advice(str(value), path, _folder(info)))
        if not path.is_dir():
            raise wrong("is not a folder")
        return path.resolve()


def _labels(value: object, info: ValidationInfo) -> object:
    """Return the content of a file of labels; a mapping is returned unchanged."""
    if not isinstance(value, str):
        return value
    with _file_system_errors():
        path = _path(value, info)
        if not path.is_file():
            raise wrong("is no file", _not_found_advice(value, path, _folder(info)))
        try:
            root, problems = read_yaml(value, path.read_bytes())
        except PlanError as error:
            problems = list(error.problems)
        if problems:
            raise wrong(f"cannot be read: line {problems[0].line}: {problems[0].message}", problems[0].expected)
        if not isinstance(root.value, dict):
            raise wrong("contains no mapping")
        return root.value


DDLFiles = Annotated[tuple[Path | str, ...], BeforeValidator(_ddl_files, json_schema_input_type=str)]
DDL = Annotated[
    list[DDLFiles],
    BeforeValidator(as_list, json_schema_input_type=str | list[str]),
    Field(min_length=1),
    Expected("Give a .sql file, a glob, a folder, a list of these, or a database."),
]
Workspace = Annotated[
    Path,
    BeforeValidator(_workspace, json_schema_input_type=str),
    Expected("Give the folder to generate into, such as ../build/school."),
]
Labels = Annotated[
    dict[str, Any],
    BeforeValidator(_labels, json_schema_input_type=dict[str, Any] | str),
    Expected("Give labels by table, such as {tables: {students: {label: {id: Siswa}}}}, or a file of them."),
]
Templates = Annotated[Path, BeforeValidator(_templates, json_schema_input_type=str), Expected("Give a folder.")]
