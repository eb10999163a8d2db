"""What a run was and is, as text for people and as JSON for programs."""
