"""Template sets: where they lie, which files they hold, and how one of them becomes text.

Runs in a worker's sub-task threads, and once ahead of them in the process that workers are forked from (`warm`). Owns
the compiled templates of its process: each is compiled once, and used by all threads.

A set is the folder of one agent kind; its paths mirror the output's. What a file's name says:

| in the set | in the workspace |
| --- | --- |
| `backend/Makefile` | copied as it is |
| `backend/app/main.py.j2` | rendered to `backend/app/main.py` |
| `backend/app/{{ table.module }}/model.py.j2` | the path is a template as well; it is always written with `{{ }}` |
| `backend/app/hooks.py.once.j2`, `notes.md.once` | written only where absent: the user's to change |
| `{{ 'a' if flag }}/b.j2` | a path with an empty part is not generated |
| `_macros.j2`, `_parts/x.j2` | for `include` and `import` only, because of the `_` in front |
| `_set.toml` | delimiters of the set: `variable = ["[[", "]]"]`, likewise `block` and `comment` |

A user's own folder holds sets by kind too. Its files come first: one that makes the same path replaces ours.
"""

from __future__ import annotations

import hashlib
import threading
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jinja2

from runner.errors import TemplateError

Mode = Literal["generated", "once"]

SETTINGS_FILE = "_set.toml"
_RENDERED = ".j2"
_ONCE = ".once"
_IGNORED = {"__pycache__", ".DS_Store"}
_DELIMITERS = {"variable": ("{{", "}}"), "block": ("{%", "%}"), "comment": ("{#", "#}")}

Filters = Mapping[str, Callable[..., Any]]


def builtin_folder() -> Path:
    """Return the folder of the built-in sets: top-level in a checkout, inside the package in a wheel."""
    package = Path(__file__).resolve().parent
    checkout = package.parent / "templates"
    packaged = package / "templates"
    return checkout if (package.parent / "pyproject.toml").is_file() and checkout.is_dir() else packaged


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateFile:
    """One file of a set: `name` is its path there, `target` the pattern of its path in the workspace."""

    name: str
    target: str
    source: Path
    mode: Mode
    rendered: bool
    executable: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderedFile:
    """What one template gave."""

    path: str
    text: str
    mode: Mode
    executable: bool
    copied: bool = False


class TemplateSet:
    """The template set of one kind, compiled. Thread-safe: nothing changes after it is made."""

    def __init__(self, kind: str, folders: Iterable[Path], filters: Filters) -> None:
        self.kind = kind
        self._folders = tuple(folder for folder in folders if folder.is_dir())
        self.files = _discover(self._folders)
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
        """Return the file that `file` becomes with these variables, or None where its path has an empty part.

        Raises `TemplateError` naming `template:line`.
        """
        path = file.target
        if file.name in self._targets:
            path = _run(self._targets[file.name], variables, file.name)
        if not all(path.split("/")):
            return None
        found = self._texts[file.name]
        text = found if isinstance(found, str) else _run(found, variables, file.name)
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
    """Return the compiled set of a kind, from this process's cache where nothing has changed.

    `user_folder` holds the user's sets by kind and comes first; `home` stands in for the built-in folder, for an
    agent that brings its own set. `filters` are added to Jinja's own; give the same ones for one kind.
    """
    folders = _folders(kind, user_folder, home)
    signature = _signature(folders[:-1]) if len(folders) > 1 else ()
    key = (kind, folders)
    with _lock:
        cached = _cache.get(key)
        if cached is None or cached[0] != signature:
            cached = (signature, TemplateSet(kind, folders, filters or {}))
            _cache[key] = cached
    return cached[1]


def warm(kinds: Iterable[str], filters: Filters | None = None) -> None:
    """Compile the built-in sets of these kinds ahead, so that workers forked from this process find them ready."""
    for kind in kinds:
        if (builtin_folder() / kind).is_dir():
            template_set(kind, filters=filters)


def set_digest(kind: str, user_folder: Path | None = None, *, home: Path | None = None) -> str:
    """Return a digest of all that a set's output depends on: names and bytes of its files, user's ones included."""
    digest = hashlib.sha256()
    for folder in _folders(kind, user_folder, home):
        for path in _walk(folder):
            name = path.relative_to(folder).as_posix().encode()
            content = path.read_bytes()
            digest.update(b"%d:%b%d:%b" % (len(name), name, len(content), content))
        digest.update(b"|")
    return digest.hexdigest()


_lock = threading.Lock()
_cache: dict[tuple[str, tuple[Path, ...]], tuple[tuple[tuple[str, int, int], ...], TemplateSet]] = {}


def _folders(kind: str, user_folder: Path | None, home: Path | None) -> tuple[Path, ...]:
    own = (home or builtin_folder()) / kind
    return (user_folder / kind, own) if user_folder else (own,)


def _walk(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).parts):
        if path.is_file() and not _IGNORED.intersection(path.relative_to(folder).parts):
            yield path


def _signature(folders: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    found = []
    for folder in folders:
        for path in _walk(folder):
            status = path.stat()
            found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)


def _discover(folders: Iterable[Path]) -> tuple[TemplateFile, ...]:
    """Return the files of a set in the order of their paths; the first folder that makes a path wins."""
    found: dict[str, TemplateFile] = {}
    for folder in folders:
        for path in _walk(folder):
            parts = path.relative_to(folder).parts
            if any(part.startswith("_") and not part.startswith("__") for part in parts):
                continue
            file = _describe(path, "/".join(parts))
            found.setdefault(file.target, file)
    return tuple(found[target] for target in sorted(found))


def _describe(path: Path, name: str) -> TemplateFile:
    target = name.removesuffix(_RENDERED)
    once = target.endswith(_ONCE)
    with path.open("rb") as stream:
        executable = stream.read(2) == b"#!"
    return TemplateFile(
        name=name,
        target=target.removesuffix(_ONCE),
        source=path,
        mode="once" if once else "generated",
        rendered=name.endswith(_RENDERED),
        executable=executable,
    )


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
    except jinja2.TemplateSyntaxError as error:  # of a part that is included
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
