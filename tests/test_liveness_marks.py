"""Marks tell a living process from one that is gone, also from one that has ended and that nobody has waited for."""

from __future__ import annotations

import os
import subprocess
import sys

from runner.records.process_identity import is_gone, own_mark

CODE = "from runner.records.process_identity import own_mark; print(own_mark(), flush=True); input()"


def test_a_process_is_gone_once_it_has_ended_though_nobody_waited_for_it() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        mark = child.stdout.readline().strip()
        alive = is_gone(mark)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays unwaited for
        dead = is_gone(mark)
    assert (alive, dead, is_gone(mark)) == (False, True, True)


def test_this_process_is_not_gone() -> None:
    assert not is_gone(own_mark())
