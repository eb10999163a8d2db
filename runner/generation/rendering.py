"""Compiles and renders template sets.

Runs in a worker's sub-task threads, and before that in the process that workers are forked from. Owns the compiled
templates of its process: each is compiled once and used by all threads.

`template_files` describes where sets are and what the names of their files mean.
"""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from runner.generation.fragments import COLLECTED, collect
from runner.generation.template_files import SETTINGS_FILE, Mode, TemplateFile, discover, set_folders, signature
from runner.records.errors import TemplateError

_DELIMITERS = {"variable": ("{{", "}}"), "block": ("{%", "%}"), "comment": ("{#", "#}")}

Filters = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderedFile:
    """The result of one template."""

    path: str
    text: str
    mode: Mode
    executable: bool
    copied: bool = False


class TemplateSet:
    """The template set of one kind, compiled. Thread-safe: immutable."""

    def __init__(self, kind: str, folders: Iterable[Path], filters: Filters) -> None:
        self.kind = kind
        self._folders = tuple(folder for folder in folders if folder.is_dir())
        self.files = discover(self._folders)
        if not self.files:
            places = ", ".join(str(folder) for folder in folders) or "no folder"
            raise TemplateError(f"no templates for {kind!r}; looked in {places}")
        self._environment = _environment(self._folders, filters)
        self._paths = _environment((), filters, delimiters=_DELIMITERS)
        self._targets = {file.name: self._compile_path(file) for file in self.files if "{" in file.target}
        self._texts: dict[str, jinja2.Template | str] = {}
        for file in self.files:
            self._texts[file.name] = self._compile(file) if file.rendered else _read(file.source)

    def render(self, file: TemplateFile, variables: Mapping[str, Any]) -> RenderedFile | None:
        """Return `file` rendered with these variables, or None if its path has an empty part.

        Raises:
            TemplateError: the template fails; the message begins with `template:line`.

        """
        path = file.target
        if file.name in self._targets:
            path = _run(self._targets[file.name], variables, file.name)
        if not all(path.split("/")):
            return None
        found = self._texts[file.name]
        text = found if isinstance(found, str) else _run(found, {**variables, COLLECTED: set()}, file.name)
        copied = not file.rendered
        return RenderedFile(path=path, text=text, mode=file.mode, executable=file.executable, copied=copied)

    def _compile(self, file: TemplateFile) -> jinja2.Template:
        try:
            return self._environment.get_template(file.name)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(f"{error.name or file.name}:{error.lineno}: {error.message}") from error
        except UnicodeDecodeError as error:
            raise TemplateError(f"{file.name}: not UTF-8 at byte {error.start}") from error

    def _compile_path(self, file: TemplateFile) -> jinja2.Template:
        try:
            return self._paths.from_string(file.target)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(f"{file.name}: its path is not a template: {error.message}") from error


def template_set(
    kind: str, user_folder: Path | None = None, *, filters: Filters | None = None, home: Path | None = None
) -> TemplateSet:
    """Return the compiled set of a kind, from this process's cache unless the user's files have changed.

    `user_folder` contains the user's sets by kind, which take precedence; `home` replaces the built-in folder for an
    agent with its own set. `filters` are added to Jinja's own; pass the same ones for one kind every time.
    """
    folders = set_folders(kind, user_folder, home)
    stamp = signature(folders[:-1]) if len(folders) > 1 else ()
    key = (kind, folders)
    with _lock:
        cached = _cache.get(key)
        if cached is None or cached[0] != stamp:
            cached = (stamp, TemplateSet(kind, folders, filters or {}))
            _cache[key] = cached
    return cached[1]


_lock = threading.Lock()
_cache: dict[tuple[str, tuple[Path, ...]], tuple[tuple[tuple[str, int, int], ...], TemplateSet]] = {}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise TemplateError(f"{path.name}: not UTF-8 at byte {error.start}") from error


def _delimiters(folders: Iterable[Path]) -> Mapping[str, tuple[str, str]]:
    chosen = dict(_DELIMITERS)
    for folder in reversed(tuple(folders)):
        file = folder / SETTINGS_FILE
        if not file.is_file():
            continue
        try:
            settings = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise TemplateError(f"{SETTINGS_FILE}: {error}") from error
        for key, value in settings.items():
            if key not in _DELIMITERS or not _is_pair(value):
                expected = 'expected `variable`, `block` or `comment`, each a pair like ["[[", "]]"]'
                raise TemplateError(f"{SETTINGS_FILE}: {key} = {value!r}; {expected}")
            chosen[key] = (value[0], value[1])
    return chosen


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and [isinstance(mark, str) and mark != "" for mark in value] == [True, True]


def _environment(
    folders: tuple[Path, ...], filters: Filters, delimiters: Mapping[str, tuple[str, str]] | None = None
) -> jinja2.Environment:
    marks = delimiters or _delimiters(folders)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([str(folder) for folder in folders]),
        undefined=jinja2.StrictUndefined,
        finalize=collect,
        autoescape=False,  # noqa: S701 - the output is source code, not HTML
        auto_reload=False,
        cache_size=-1,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        variable_start_string=marks["variable"][0],
        variable_end_string=marks["variable"][1],
        block_start_string=marks["block"][0],
        block_end_string=marks["block"][1],
        comment_start_string=marks["comment"][0],
        comment_end_string=marks["comment"][1],
    )
    environment.filters.update(filters)
    return environment


def _run(template: jinja2.Template, variables: Mapping[str, Any], name: str) -> str:
    try:
        return template.render(variables)
    except TemplateError:
        raise
    except jinja2.TemplateSyntaxError as error:  # in an included part
        raise TemplateError(f"{error.name or name}:{error.lineno}: {error.message}") from error
    except Exception as error:
        raise TemplateError(f"{_place(error, template, name)}: {_reason(error)}") from error


def _place(error: BaseException, template: jinja2.Template, name: str) -> str:
    """Return `template:line` of the innermost template in a traceback; Jinja gives its frames the template's lines."""
    place = name
    loader = template.environment.loader
    folders = loader.searchpath if isinstance(loader, jinja2.FileSystemLoader) else []
    trace = error.__traceback__
    while trace is not None:
        if "__jinja_exception__" in trace.tb_frame.f_globals:
            file = Path(trace.tb_frame.f_code.co_filename)
            within = [folder for folder in folders if file.is_relative_to(folder)]
            inner = file.relative_to(within[0]).as_posix() if within else name
            place = f"{inner}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _reason(error: Exception) -> str:
    if isinstance(error, jinja2.TemplateNotFound):
        return f"there is no template {error.message!r} to include"
    return str(error) if isinstance(error, jinja2.TemplateError) else f"{type(error).__name__}: {error}"
