"""Imported once by the forkserver, whose workers then have everything that they need in memory.

The import itself does the work: it loads the code of workers and of the built-in agents, and freezes the heap so that
the workers share its pages. Templates are compiled by the workers, which can do that at the same time, and only those
that are used.
"""

from __future__ import annotations

import contextlib
import gc

import runner.execution.worker
import runner.execution.worker_calls  # noqa: F401 - the code that workers run
from runner.generation.registry import BUILT_IN, load_agent
from runner.records.errors import AgentError

for kind in BUILT_IN:
    with contextlib.suppress(AgentError):  # reported by the sub-task that needs it; the server must not die of it
        load_agent(kind)
gc.collect()
gc.freeze()
