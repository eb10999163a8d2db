"""The options of a task that concern the application as a whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from runner.generation.model.naming import kebab, snake, word_set
from runner.generation.model.operation_options import switch
from runner.generation.model.prose import one_line
from runner.records.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.generation.model.schema_names import CommonNames

_DEFAULT_TITLE = "Application"
_DEFAULT_LOCALE = "en_US"
_DEFAULT_ZONE = "UTC"
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8})*")
_LANGUAGES = ("en", "id")  # those with a message catalogue, by the name of its file
_RESERVED_SLUGS = word_set("true false null yes no on off y n none public")  # in YAML, and as a role in PostgreSQL


@dataclass(frozen=True, kw_only=True, slots=True)
class AppOptions:
    """The application as a whole.

    `slug` and `distribution` are the `title` as the name of a file and of a package; `schemas` are the database schemas
    of its tables other than the default one; `locale` is that of the names in seeded rows; `languages` are those of the
    interface, the default one first; `time_zone` is that in which the database knows the current day; `charts` is
    whether the home page has charts.
    """

    title: str
    slug: str
    distribution: str
    schemas: tuple[str, ...]
    locale: str
    languages: tuple[str, ...]
    time_zone: str
    charts: bool


def app_options(names: CommonNames, options: Mapping[str, Any]) -> AppOptions:
    """Return the application as `options` describe it (`title`, `locale`, `languages`, `time_zone`, `charts`)."""
    title = one_line(str(options.get("title") or _DEFAULT_TITLE))
    slug = _slug(title)
    return AppOptions(
        title=title,
        slug=slug,
        distribution=f"{kebab(slug)}-backend",
        schemas=names.others,
        locale=_locale(options),
        languages=_languages(options.get("languages")),
        time_zone=_time_zone(str(options.get("time_zone") or _DEFAULT_ZONE)),
        charts=switch(options, "charts"),
    )


def _slug(title: str) -> str:
    """Return a title as a name that pip, Docker, YAML and PostgreSQL take as it is: ASCII, and no word of theirs."""
    words = [word for word in snake(title).split("_") if word.isascii()]
    slug = snake("_".join(words)) if words else "app"
    return f"app_{slug}" if slug in _RESERVED_SLUGS or slug.startswith("pg_") else slug


def _locale(options: Mapping[str, Any]) -> str:
    locale = str(options.get("locale") or _DEFAULT_LOCALE)
    if not _LOCALE.fullmatch(locale):
        raise AgentError(f"option locale: {locale!r} is no locale; give one such as {_DEFAULT_LOCALE}")
    return locale


def _time_zone(name: str) -> str:
    known = available_timezones()
    if name in known:
        return name
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "give one such as Asia/Jakarta"
    raise AgentError(f"option time_zone: {name!r} is no time zone; {hint}")


def _languages(value: object) -> tuple[str, ...]:
    """Return the languages of the interface. English is always among them: its catalogue has the keys of all others."""
    if value is None:
        return _LANGUAGES
    known = ", ".join(_LANGUAGES)
    if not isinstance(value, list) or not value:
        raise AgentError(f"option languages: expected a list of languages ({known}), found {value!r}")
    for language in value:
        if language not in _LANGUAGES:
            raise AgentError(
                f"option languages: there is no catalogue for {language!r}; choose among {known}, "
                f"or add one to what is generated, as frontend/README.md describes"
            )
    return tuple(dict.fromkeys([*value, "en"]))
