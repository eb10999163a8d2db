"""The settings of this process, loaded once."""

from __future__ import annotations

from functools import lru_cache

from pydantic import ValidationError

from app.own.settings import Settings


@lru_cache
def get_settings() -> Settings:
    """Return the settings. Ends the process with a message that names each invalid variable."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"  {'.'.join(map(str, item['loc'])).upper()}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_url=False, include_input=False)
        ]
        raise SystemExit("\n".join(["Invalid settings:", *lines])) from None
