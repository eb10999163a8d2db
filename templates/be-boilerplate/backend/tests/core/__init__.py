"""Test code shared by all tables, and tests of the shared code."""
