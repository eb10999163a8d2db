"""Reads SQL schemas: `reader` makes a `Schema` (in `model`) of files of one of the `dialects`."""
