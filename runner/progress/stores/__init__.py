"""The state file: the durable state of runs in SQLite, and the queries on it."""
