"""Agents by name: a built-in kind, an installed one, or `module:Class` next to the plan.

Runs in the supervisor, which checks a plan before anything is written, and once in each worker. A module is imported
only when its agent is needed.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.generation.start_command import Start
from runner.records.code_digest import folder_digest, package_digest
from runner.records.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.metadata import EntryPoint
    from types import ModuleType

    from runner.generation.agent import Agent

ENTRY_POINTS = "runner.agents"


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentFacts:
    """What the supervisor needs to know of an agent to schedule its work, without importing it.

    `home` holds its template set, None for the built-in ones and for agents without templates. `code_digest` is a
    digest of the source files that its output depends on. `reads_part` is whether the files depend on the schema only
    through `AgentContext.part`, so that a change of other tables does not concern them.
    """

    kind: str
    title: str
    per_table: bool
    home: Path | None
    code_digest: str
    reads_part: bool = False
    start: Start | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _BuiltIn:
    title: str
    target: str  # module:Class
    per_table: bool = True
    reads_part: bool = False
    start: Start | None = None


BUILT_IN: Mapping[str, _BuiltIn] = {
    "be-boilerplate": _BuiltIn(
        title="BE Boilerplate",
        target="runner.generation.agents.backend_boilerplate:BackendBoilerplate",
        per_table=False,
        start=Start(folder="backend", command="make dev", what="the backend"),
    ),
    "be-crud": _BuiltIn(
        title="BE CRUD APIs", target="runner.generation.agents.backend_crud:BackendCrud", reads_part=True
    ),
    "fe-boilerplate": _BuiltIn(
        title="FE Boilerplate",
        target="runner.generation.agents.frontend_boilerplate:FrontendBoilerplate",
        per_table=False,
        start=Start(folder="", command="make dev", what="the application"),
    ),
    "fe-crud": _BuiltIn(
        title="FE CRUD Services", target="runner.generation.agents.frontend_services:FrontendCrud", reads_part=True
    ),
    "ui-crud": _BuiltIn(
        title="UI CRUD Pages", target="runner.generation.agents.frontend_pages:PagesCrud", reads_part=True
    ),
    "schema-docs": _BuiltIn(
        title="Schema docs",
        target="runner.generation.agents.schema_documentation:SchemaDocumentation",
        per_table=False,
    ),
}


def agent_facts(name: str, import_path: Path | None = None) -> AgentFacts:
    """Return the facts about the agent of this name; see `load_agent` for names and errors.

    A built-in agent is not imported for this; one of the user's own is, which shows whether that works.
    """
    slug = _built_in(name)
    if slug is not None:
        found = BUILT_IN[slug]
        return AgentFacts(
            kind=slug,
            title=found.title,
            per_table=found.per_table,
            home=None,
            code_digest=package_digest(),
            reads_part=found.reads_part,
            start=found.start,
        )
    agent = load_agent(name, import_path)
    home = getattr(agent, "home", None)
    return AgentFacts(
        kind=agent.kind,
        title=agent.title,
        per_table=agent.per_table,
        home=home if isinstance(home, Path) else None,
        code_digest=code_digest(agent),
        start=agent.start,
    )


def load_agent(name: str, import_path: Path | None = None) -> Agent:
    """Return the agent that a plan's `agent:` or a dispatcher's kind names.

    `name` is a slug, a title (any case), the name of an installed agent or `package.module:ClassName`, which is
    imported from what is installed or else from `import_path` (the plan's folder). Raises `AgentError` that says what
    is wrong and what to do.
    """
    wanted = name.strip()
    slug = _built_in(wanted)
    if slug is not None:
        return _make(wanted, _load_class(BUILT_IN[slug].target, None))
    if ":" in wanted:
        return _make(wanted, _load_class(wanted, import_path))
    for point in _installed():
        if wanted.casefold() == point.name.casefold():
            return _make(wanted, _load_installed(point))
    raise AgentError(f"no agent {name!r}. Known: {', '.join(known_agents())}; or name your own as module:Class")


def _built_in(name: str) -> str | None:
    folded = name.strip().casefold()
    return next((slug for slug, kind in BUILT_IN.items() if folded in (slug, kind.title.casefold())), None)


def known_agents() -> tuple[str, ...]:
    """Return the slugs of the built-in kinds and the names of the installed ones."""
    return (*BUILT_IN, *sorted(point.name for point in _installed()))


def _installed() -> Iterable[EntryPoint]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow to import and rarely needed

    return entry_points(group=ENTRY_POINTS)


def code_digest(agent: Agent) -> str:
    """Return a digest of the source files that an agent's output depends on, its templates aside.

    These are the files of this package, and those of its class and that class's bases: of one that is in a package, all
    of that package. Which of their modules are loaded by now makes no difference.
    """
    digest = hashlib.sha256(package_digest().encode())
    for name in source_modules(agent):
        digest.update(f"{name}:{source_digest(source_paths(name))}".encode())
    return digest.hexdigest()


def source_modules(agent: Agent) -> tuple[str, ...]:
    """Return the top-level modules that an agent's class and its bases come from, but this package and Python's own."""
    tops = {base.__module__.partition(".")[0] for base in type(agent).__mro__}
    return tuple(sorted(tops - sys.stdlib_module_names - {__name__.partition(".")[0]}))


def source_paths(name: str) -> tuple[Path, ...]:
    """Return the folders of a top-level package, or the file of a module. It is not imported for this."""
    module = sys.modules.get(name)
    if module is not None and not hasattr(module, "__path__"):
        return (Path(module.__file__),) if module.__file__ else ()
    spec = importlib.util.find_spec(name) if module is None else module.__spec__
    if spec is None:
        return ()
    found = spec.submodule_search_locations or ([spec.origin] if spec.has_location and spec.origin else [])
    return tuple(map(Path, found))


def source_digest(paths: Iterable[Path]) -> str:
    """Return a digest of files and of folders with all that is in them; empty where there is none."""
    return "".join(
        folder_digest(path) if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    )


def _load_class(target: str, import_path: Path | None) -> type:
    module_name, _, class_name = target.partition(":")
    if import_path is not None and str(import_path) not in sys.path:
        sys.path.append(str(import_path))  # last: a file beside a plan must not stand in for a library's module
        importlib.invalidate_caches()
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        where = f" (looked in {import_path} last)" if import_path else ""
        raise AgentError(
            f"agent {target!r}: module {module_name!r} cannot be imported{where}: {type(error).__name__}: {error}"
        ) from error
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        raise AgentError(f"agent {target!r}: module {_described(module)} has no class {class_name!r}")
    return found


def _described(module: ModuleType) -> str:
    """Return a module's name with the file it was imported from, which may not be the one that is meant."""
    return f"{module.__name__!r} ({module.__file__})" if module.__file__ else repr(module.__name__)


def _load_installed(point: EntryPoint) -> type:
    try:
        found = point.load()
    except (Exception, SystemExit) as error:
        raise AgentError(
            f"installed agent {point.name!r} ({point.value}) cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(found, type):
        raise AgentError(f"installed agent {point.name!r} ({point.value}) is not a class")
    return found


def _make(name: str, cls: type) -> Agent:
    from runner.generation.agent import Agent  # noqa: PLC0415 - with the model, which the supervisor does not need

    if not issubclass(cls, Agent):
        raise AgentError(f"agent {name!r}: {cls.__qualname__} is not a subclass of runner.Agent")
    missing = sorted(attribute for attribute in ("kind", "title") if not isinstance(getattr(cls, attribute, None), str))
    if missing:
        raise AgentError(f"agent {name!r}: {cls.__qualname__} lacks {' and '.join(missing)}; both are texts")
    if inspect.isabstract(cls):
        methods = ", ".join(sorted(cls.__abstractmethods__))
        raise AgentError(f"agent {name!r}: {cls.__qualname__} does not implement {methods}")
    try:
        return cls()
    except (Exception, SystemExit) as error:
        raise AgentError(
            f"agent {name!r}: {cls.__qualname__}() failed, it must need no arguments: {type(error).__name__}: {error}"
        ) from error
