"""Pages about a schema: what the agent kind `schema-docs` shows of tables and their references."""
