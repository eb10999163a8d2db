"""Marks distinguish running processes from ended ones, including those that are not reaped yet."""

from __future__ import annotations

import os
import subprocess
import sys

from runner.records.process_identity import is_gone, own_mark

CODE = "from runner.records.process_identity import own_mark; print(own_mark(), flush=True); input()"


def test_a_process_has_ended_even_before_it_is_reaped() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        mark = child.stdout.readline().strip()
        alive = is_gone(mark)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended and is not reaped
        dead = is_gone(mark)
    assert (alive, dead, is_gone(mark)) == (False, True, True)


def test_this_process_has_not_ended() -> None:
    assert not is_gone(own_mark())
