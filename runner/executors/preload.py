"""Imported once by the forkserver, which then forks every worker with all of this in memory.

The import itself is the work: it ties the forkserver to its parent's life, loads what a worker needs, compiles the
built-in templates, and freezes the heap so that the workers share its pages.
"""

from __future__ import annotations

import contextlib
import gc

import runner.worker  # noqa: F401 - the code that workers run
from runner import lifeline, rendering
from runner.agents.registry import BUILT_IN
from runner.agents.source_text import FILTERS
from runner.errors import TemplateError

lifeline.die_with_parent()
with contextlib.suppress(TemplateError):  # told by the sub-task that needs the template, not by a server that dies
    rendering.warm(BUILT_IN, FILTERS)
gc.collect()
gc.freeze()
