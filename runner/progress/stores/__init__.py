"""Where progress is kept: durable run state, and copies of it elsewhere."""
