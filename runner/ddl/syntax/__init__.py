"""SQL text of any dialect: tokens, names, clauses and types, and the record of how a dialect differs."""
