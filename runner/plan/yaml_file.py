"""Reads the text of a plan file, with an error for every reason why it cannot: missing, too large, not UTF-8."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from runner.records.errors import PlanError, Problem

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 4 * 2**20  # some 20,000 tasks; what is larger is not a plan

_NOT_YAML = r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"  # compiled at use: 4 ms


def read_bytes(path: Path) -> bytes:
    """Return the content of the file. Raises `PlanError` where it cannot be read, or is too large for a plan."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise PlanError(Problem(file=str(path), message="no such file", expected=_other_plans(path))) from None
    except IsADirectoryError:
        expected = _other_plans(path / "*")
        raise PlanError(Problem(file=str(path), message="this is a folder, not a plan", expected=expected)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        expected = "Check the path and its permissions."
        raise PlanError(Problem(file=str(path), message=f"cannot be read: {reason}", expected=expected)) from error
    if len(data) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES // 2**20} MiB"
        raise PlanError(Problem(file=str(path), message=message, expected="Is this really a plan? Split it if so."))
    return data


def _other_plans(path: Path) -> str:
    """Return what to do about a missing plan: the one that was probably meant, or how to write one."""
    try:
        plans = sorted(p.name for p in path.parent.iterdir() if p.suffix in {".yaml", ".yml"} and p.is_file())
    except OSError:
        plans = []
    near = get_close_matches(path.name, plans, n=1) or (plans if path.name == "*" else [])
    return f"Did you mean {path.parent / near[0]}?" if near else "Check the path; `runner init DDL` writes a plan."


def decode(name: str, data: bytes) -> str:
    """Return the text of a file without a byte order mark. Raises `PlanError` where it is not text."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise PlanError(Problem(file=name, message="the file is UTF-16", expected="Save it as UTF-8."))
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        start = data.rfind(b"\n", 0, error.start) + 1
        raise PlanError(
            Problem(
                file=name,
                line=data.count(b"\n", 0, error.start) + 1,
                column=len(data[start : error.start].decode("utf-8")) + 1,
                message=f"the byte 0x{data[error.start]:02x} is not UTF-8",
                expected="Save the file as UTF-8.",
            )
        ) from None
    if bad := re.search(_NOT_YAML, text):
        raise PlanError(
            Problem(
                file=name,
                line=text.count("\n", 0, bad.start()) + 1,
                column=bad.start() - text.rfind("\n", 0, bad.start()),
                message=f"the character U+{ord(bad[0]):04X} is not allowed in YAML",
                expected="Remove it.",
            )
        )
    return text
