"""Live progress on a Convex deployment: sending events, and reading the board."""
