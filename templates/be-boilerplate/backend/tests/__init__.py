"""Tests of the application, on a database in memory or on the one that TEST_DATABASE_URL names."""

from __future__ import annotations

import os

os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or "sqlite://"
