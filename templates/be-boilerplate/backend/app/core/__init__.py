"""Code shared by all tables: settings, database, errors, lists, rules, and the repository used by every router."""
