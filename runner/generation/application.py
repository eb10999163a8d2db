"""The application as a whole, as every stack knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.generation.naming import kebab, names_of, snake

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.ddl.model import Schema

_DEFAULT_TITLE = "Application"
_DEFAULT_LOCALE = "en_US"


@dataclass(frozen=True, kw_only=True, slots=True)
class App:
    """The application as a whole: option `title` names it, `locale` says whose names its seed makes up."""

    title: str
    slug: str
    distribution: str
    schemas: tuple[str, ...]
    locale: str


def application(schema: Schema, options: Mapping[str, Any]) -> App:
    """Return what the application is called, by the option `title`."""
    title = str(options.get("title") or _DEFAULT_TITLE)
    return App(
        title=title,
        slug=snake(title),
        distribution=f"{kebab(title)}-backend",
        schemas=names_of(schema).others,
        locale=str(options.get("locale") or _DEFAULT_LOCALE),
    )
