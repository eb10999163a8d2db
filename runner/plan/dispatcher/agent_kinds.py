"""The agent kinds and the phrases that mean them, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """An agent kind and the phrases that mean it, in addition to its title and slug."""

    slug: str
    title: str
    about: str  # its description for a language model
    phrases: tuple[str, ...] = ()


def _setup_phrases(*sides: str) -> tuple[str, ...]:
    patterns = (
        *("{} setup", "{} boilerplate", "create {}", "setup {}", "setup {} project", "{} project setup"),
        *("{} skeleton", "{} scaffold", "scaffold {}", "bootstrap {}", "initialize {}"),
    )
    return tuple(pattern.format(side) for side in sides for pattern in patterns)


KINDS = (
    Kind(
        slug="be-boilerplate",
        title="BE Boilerplate",
        about="project set-up of the backend: settings, database session, migrations; no table's own code",
        phrases=_setup_phrases("be", "backend"),
    ),
    Kind(
        slug="fe-boilerplate",
        title="FE Boilerplate",
        about="project set-up of the frontend: build, routing, layout; no table's own code",
        phrases=_setup_phrases("fe", "frontend", "ui"),
    ),
    Kind(
        slug="be-crud",
        title="BE CRUD APIs",
        about="for each table the backend's model, schemas, REST endpoints and tests",
        phrases=(
            *("be crud", "be crud apis", "be apis", "backend crud", "backend crud apis", "backend apis"),
            *("api generation", "generate apis", "create apis", "generate backend apis", "create backend apis"),
            *("crud apis", "create crud apis", "rest apis", "crud endpoints", "backend endpoints"),
        ),
    ),
    Kind(
        slug="fe-crud",
        title="FE CRUD Services",
        about="for each table the frontend's typed service that calls the backend; no pages",
        phrases=(
            *("fe crud services", "fe services", "frontend crud services", "frontend services"),
            *("service generation", "generate services", "create services", "generate frontend services"),
            *("crud services", "create crud services", "create frontend services"),
        ),
    ),
    Kind(
        slug="ui-crud",
        title="UI CRUD Pages",
        about="for each table the pages that list, show, create and edit its rows",
        phrases=(
            *("ui crud", "ui crud pages", "ui pages", "ui screens", "fe pages", "frontend pages"),
            *("page generation", "generate pages", "create pages", "generate ui pages", "create ui pages"),
            *("crud pages", "create crud pages", "crud screens"),
        ),
    ),
    Kind(
        slug="schema-docs",
        title="Schema docs",
        about="pages in Markdown about every table and diagrams of the references between them; no code",
        phrases=(
            *("schema documentation", "document schema", "database documentation", "database docs"),
            *("er diagram", "entity relationship diagram", "schema diagram", "data dictionary"),
        ),
    ),
)


def with_keywords(keywords: Mapping[str, Sequence[str]]) -> tuple[Kind, ...]:
    """Return the kinds with phrases added by slug; a slug that is not built in adds a kind of the user's own."""
    kinds = {kind.slug: kind for kind in KINDS}
    for slug, phrases in keywords.items():
        known = kinds.get(slug) or Kind(slug=slug, title=slug, about="an agent of the user's own")
        kinds[slug] = replace(known, phrases=(*known.phrases, *phrases))
    return tuple(kinds.values())


def resolve_agent(text: str) -> str | None:
    """Return the agent that a plan's `agent:` names: a kind's slug, or `module:Class`; None where it names neither.

    A kind is named by its slug or title, in upper or lower case.
    """
    wanted = " ".join(text.split())
    for kind in KINDS:
        if wanted.casefold() in {kind.slug, kind.title.casefold()}:
            return kind.slug
    module, _, name = wanted.partition(":")
    if name.isidentifier() and all(part.isidentifier() for part in module.split(".")):
        return wanted
    return None
