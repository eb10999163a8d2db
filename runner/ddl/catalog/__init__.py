"""The schema while its statements are applied: drafts of tables, types and domains, and the changes made to them."""
