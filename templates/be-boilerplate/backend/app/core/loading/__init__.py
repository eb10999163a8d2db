"""Loading of many rows, to see how the application behaves with large tables."""
