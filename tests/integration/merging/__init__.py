"""Edits by hand and changes of the schema, drawn from seeds, and what a run must make of both together."""
