"""Runs the sub-tasks of tasks in worker processes of this machine."""
