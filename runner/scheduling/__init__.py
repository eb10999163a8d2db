"""Decides which task runs when: validation before a run, the supervisor's loop, the state of tasks, time limits."""
