"""SQL text of any dialect: tokens, names, clauses and types, and the record that says how a dialect differs."""
