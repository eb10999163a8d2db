"""Filling the database with plausible rows for development. Requires the extra `dev`; the server never imports it."""
