"""The schema of a live database, as the SQL text that its own tools write."""
