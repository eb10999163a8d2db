"""Where the events of a run go: the reporter, the state file, the console, reports, Convex."""
