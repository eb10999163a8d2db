"""The application that a schema describes, as data that knows no stack: each target maps it to its own sources."""
