"""What the two backend kinds know of a schema: types, rules, names, examples and DDL, as template variables."""
