"""The options of a task that concern the application as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.generation.model.naming import kebab, snake

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.generation.model.application import Application

_DEFAULT_TITLE = "Application"
_DEFAULT_LOCALE = "en_US"


@dataclass(frozen=True, kw_only=True, slots=True)
class AppOptions:
    """The application as a whole.

    `slug` and `distribution` are the `title` as the name of a file and of a package; `schemas` are the database schemas
    of its tables other than the default one; `locale` is that of the names in seeded rows.
    """

    title: str
    slug: str
    distribution: str
    schemas: tuple[str, ...]
    locale: str


def app_options(application: Application, options: Mapping[str, Any]) -> AppOptions:
    """Return a task's `options` (`title`, `locale`) for an application, with defaults for missing ones."""
    title = str(options.get("title") or _DEFAULT_TITLE)
    return AppOptions(
        title=title,
        slug=snake(title),
        distribution=f"{kebab(title)}-backend",
        schemas=application.names.others,
        locale=str(options.get("locale") or _DEFAULT_LOCALE),
    )
