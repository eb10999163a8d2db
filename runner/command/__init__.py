"""The command line: parses options, sets up a run, and turns errors into exit codes."""
