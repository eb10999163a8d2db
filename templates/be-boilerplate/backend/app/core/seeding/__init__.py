"""Filling the database with plausible rows, for development. Needs the extra `dev`: nothing that serves imports it."""
