"""The settings of this process, loaded once."""

from __future__ import annotations

from functools import lru_cache

from app.own.settings import Settings


@lru_cache
def get_settings() -> Settings:
    """Return the settings. Raises ValidationError for a variable with an invalid value."""
    return Settings()
