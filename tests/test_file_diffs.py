"""The differences that `--check --diff` shows."""

from __future__ import annotations

import pytest

from runner.generation.workspace.file_diffs import MOST_LINES, unified_diff
from runner.progress.reports.summary import MOST_DIFF_LINES, diff_lines


@pytest.mark.parametrize(
    ("before", "after", "diff"),
    [
        (b"a\nb\n", b"a\nc\n", "--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"),
        (None, b"a\n", "--- /dev/null\n+++ b/x.py\n@@ -0,0 +1 @@\n+a\n"),
        (b"a", b"a\n", "--- a/x.py\n+++ b/x.py\n@@ -1,2 +1 @@\n a\n-\\ No newline at end of file\n"),
        (b"a\r\nb\r\n", b"a\nc\n", "--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"),
        (b"\x00\x01", b"a\n", "Binary files a/x.py and b/x.py differ\n"),
        (b"\xff", b"a\n", "Binary files a/x.py and b/x.py differ\n"),
    ],
)
def test_the_diff_of_a_file(before: bytes | None, after: bytes, diff: str) -> None:
    assert unified_diff("x.py", before, after) == diff


def test_a_long_diff_is_cut_and_says_how_much_is_missing() -> None:
    lines = unified_diff("x.py", None, b"".join(b"%d\n" % number for number in range(1000))).splitlines()
    assert len(lines) == MOST_LINES + 1
    assert lines[-1] == "(603 more lines)"


def test_many_diffs_are_cut_between_files_and_counted() -> None:
    diff = unified_diff("x.py", None, b"a\n" * 200)
    lines = diff_lines({f"{number:03}.py": diff for number in range(20)})
    assert len(lines) <= MOST_DIFF_LINES + 1
    assert lines[-1].text == "(the diffs of 16 files are left out; --junit FILE has all of them)"
    assert [line.tone for line in lines[:4]] == ["bold", "bold", "dim", "good"]
    assert diff_lines({}) == []
