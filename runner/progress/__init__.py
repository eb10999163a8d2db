"""Records and shows the events of a run: the reporter, the state file, the console, reports, Convex."""
