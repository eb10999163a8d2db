"""What each kind of statement does to the catalog: one module a kind."""
