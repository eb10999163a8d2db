"""Imported first by the forkserver, while it is small: the import itself splits it into a guard and the server.

See `runner.execution.parent_death`; from here on the server's own process id is another than the one that its
parent knows.
"""

from __future__ import annotations

from runner.execution import forkserver, parent_death

forkserver.restore_environment()
parent_death.split_off_guard()
