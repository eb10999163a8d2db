"""Imported once by the forkserver, which then forks every worker with all of this in memory.

The import itself is the work: it loads what a worker needs, compiles the built-in templates, and freezes the heap so
that the workers share its pages.
"""

from __future__ import annotations

import contextlib
import gc

import runner.execution.worker  # noqa: F401 - the code that workers run
from runner.generation.registry import BUILT_IN, load_agent
from runner.records.errors import AgentError

for kind in BUILT_IN:
    with contextlib.suppress(AgentError):  # told by the sub-task that needs it, not by a server that dies over it
        load_agent(kind).warm()
gc.collect()
gc.freeze()
