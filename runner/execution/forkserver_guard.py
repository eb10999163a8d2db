"""Imported by the forkserver first, while it is small: the import splits it into a guard and the server.

See `runner.execution.parent_death`. The server has another process id from here on than the one that its parent knows.
"""

from __future__ import annotations

from runner.execution.forkserver import restore_environment
from runner.execution.parent_death import split_off_guard

restore_environment()
split_off_guard()
