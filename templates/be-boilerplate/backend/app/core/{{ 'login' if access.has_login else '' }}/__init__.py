"""Logging in with a password: accounts, sessions, and limits on attempts."""
