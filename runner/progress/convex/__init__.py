"""Live progress on a Convex deployment: what is sent, and what is read back."""
