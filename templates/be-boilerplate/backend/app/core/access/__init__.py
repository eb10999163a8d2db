"""Who makes a request, and which tables, fields and rows they may read and write."""
