"""The settings, read once."""

from __future__ import annotations

from functools import lru_cache

from app.own.settings import Settings


@lru_cache
def get_settings() -> Settings:
    """Return the settings of this process."""
    return Settings()
