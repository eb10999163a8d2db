"""What all tables share: settings, database, errors, lists, rules, and the repository behind every router."""
