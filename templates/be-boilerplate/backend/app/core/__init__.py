"""What all tables share: settings, database, errors, lists, rules, and the store behind every router."""
