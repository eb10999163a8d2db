"""Tests of the application, on an in-memory SQLite database or on the database in TEST_DATABASE_URL."""

from __future__ import annotations

import os

os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or "sqlite://"
