"""The command line: parses, wires a run together, turns errors into exit codes."""
