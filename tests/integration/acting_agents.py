"""Agents for tests whose behaviour is set by the task's options. Imported by workers as `acting_agents:...`."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import termios
import threading
import time
from pathlib import Path

from runner import Agent, AgentContext, GeneratedFile, NonRetryable, Retryable


class Acting(Agent):
    """Does, for each table, what `options` say: the act named for that table, or for `*`."""

    kind = "acting"
    title = "Acting"

    def generate(self, ctx: AgentContext) -> list[GeneratedFile]:
        table = ctx.table.name.name if ctx.table else "setup"
        acts = ctx.options.get("acts", {})
        act, _, argument = str(acts.get(table, acts.get("*", "write"))).partition(" ")
        ctx.progress(2, "templates")
        ctx.progress(3, "variables")
        ctx.progress(4, "render")
        getattr(self, f"_{act}")(ctx, argument)
        text = ctx.options.get("text", table)
        if act == "path":
            return [GeneratedFile(argument, f"{text}\n")]
        if act == "env":
            text = os.environ.get(argument, "unset")
        if act == "big":
            text = "x" * int(argument)
        return [GeneratedFile(f"{ctx.options.get('folder', 'out')}/{table}.txt", f"{text}\n")]

    def _write(self, ctx: AgentContext, argument: str) -> None:
        """Just the file."""

    def _env(self, ctx: AgentContext, argument: str) -> None:
        """A file with the value of this environment variable."""

    def _path(self, ctx: AgentContext, argument: str) -> None:
        """The file, at this path."""

    def _gate(self, ctx: AgentContext, argument: str) -> None:
        """Wait until the FIFO is opened for writing; a file beside it shows that an agent waits."""
        Path(f"{argument}.reached").touch()
        with Path(argument).open(encoding="utf-8") as gate:
            gate.read()

    def _big(self, ctx: AgentContext, argument: str) -> None:
        """A file of the given number of bytes."""

    def _spin(self, ctx: AgentContext, argument: str) -> None:
        """Hold the GIL for minutes: no other thread of the process runs."""
        Path(argument).touch()
        re.match(r"(a+)+$", "a" * 40 + "b")

    def _hoard(self, ctx: AgentContext, argument: str) -> None:
        """Allocate memory without end."""
        hoard = []
        while True:
            hoard.append(bytearray(1 << 24))

    def _daemon(self, ctx: AgentContext, argument: str) -> None:
        """Leave a program running, with its process id in a file."""
        child = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL)
        Path(argument).write_text(str(child.pid))

    def _orphan(self, ctx: AgentContext, argument: str) -> None:
        """Leave a process running that has left the worker's group, has no parent and ignores signals."""
        if os.fork():
            os.wait()
            return
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if not os.fork():
            Path(argument).write_text(str(os.getpid()))
            time.sleep(600)
        os._exit(0)

    def _flood(self, ctx: AgentContext, argument: str) -> None:
        """Print the given number of bytes from Python."""
        line = "x" * 99
        for _ in range(int(argument) // 100_000):
            print("\n".join([line] * 1000))

    def _print(self, ctx: AgentContext, argument: str) -> None:
        """Print the given number of lines from Python."""
        for number in range(int(argument)):
            print(f"line {number}")

    def _program(self, ctx: AgentContext, argument: str) -> None:
        """Print the given number of bytes from a child program."""
        subprocess.run(["sh", "-c", f"echo a program speaks; yes | head -c {argument}"], check=True)

    def _halves(self, ctx: AgentContext, argument: str) -> None:
        """A character as a program may print it: its second byte once the first has been read."""
        first, second = "é".encode()[:1], "é".encode()[1:]
        os.write(1, b"caf" + first)
        unread = bytearray(4)
        while fcntl.ioctl(1, termios.FIONREAD, unread) == 0 and any(unread):
            time.sleep(0.001)
        os.write(1, second + b"\n")

    def _work(self, ctx: AgentContext, argument: str) -> None:
        """Take some time, as work does."""
        time.sleep(float(argument))

    def _raise(self, ctx: AgentContext, argument: str) -> None:
        errors = {"os": OSError, "value": ValueError, "final": NonRetryable, "passing": Retryable, "exit": SystemExit}
        raise errors[argument]("as asked")

    def _fail_once(self, ctx: AgentContext, argument: str) -> None:
        """Fail the first time; a file records that."""
        memory = Path(argument)
        if not memory.exists():
            memory.touch()
            raise OSError("the first time")

    def _signal(self, ctx: AgentContext, argument: str) -> None:
        os.kill(os.getpid(), signal.Signals[argument])
        time.sleep(60)  # it may reach another thread first; this one does not continue

    def _exit(self, ctx: AgentContext, argument: str) -> None:
        os._exit(int(argument))

    def _unpicklable(self, ctx: AgentContext, argument: str) -> None:
        class LocalError(Exception):
            def __reduce__(self):
                raise TypeError("cannot be pickled")

        raise LocalError("odd")

    def _unprintable(self, ctx: AgentContext, argument: str) -> None:
        class SilentError(Exception):
            def __str__(self) -> str:
                raise ValueError("says nothing")

        raise SilentError

    def _late_thread(self, ctx: AgentContext, argument: str) -> None:
        """Leave a thread running that continues to report progress."""

        def report() -> None:
            while True:
                ctx.progress(4, "after the end")
                time.sleep(0.001)

        threading.Thread(target=report, daemon=True).start()

    def _obey(self, ctx: AgentContext, argument: str) -> None:
        """Work without end, but stop when asked to."""
        Path(argument).touch()
        while True:
            ctx.check_cancelled()
            time.sleep(0.01)

    def _attend(self, ctx: AgentContext, argument: str) -> None:
        """Work until a file exists, but stop when asked to."""
        for _ in range(30_000):
            ctx.check_cancelled()
            if Path(argument).exists():
                return
            time.sleep(0.01)
        raise NonRetryable(f"{argument} did not come")

    def _ignore(self, ctx: AgentContext, argument: str) -> None:
        """Sleep far past any limit."""
        Path(argument).touch()
        time.sleep(600)


class Setup(Acting):
    """The same for a task that does not work by table."""

    kind = "setup"
    title = "Setup"
    per_table = False


class Counting(Agent):
    """Counts its runs, and writes what it was given: the memory of the last run, and the present files."""

    kind = "counting"
    title = "Counting"

    def generate(self, ctx: AgentContext) -> list[GeneratedFile]:
        folder = ctx.options["folder"]
        present = ", ".join(sorted(ctx.present(folder)))
        text = f"memory {ctx.memory}, present [{present}]\n"
        return [GeneratedFile(f"{folder}/{ctx.options['run']}.txt", text, mode="once")]

    def remember(self, ctx: AgentContext) -> int:
        return (ctx.memory or 0) + 1
