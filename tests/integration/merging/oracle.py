"""What must hold after an edited file was generated again: nothing of the user lost, everything new there.

The oracle compares four texts: what was generated first (base), what the user made of it (edited), what the same run
writes where nothing was edited (fresh), and what the run left (found). It does not merge, it counts words: a merge has
those of the base, plus and minus what the user changed, plus and minus what generation changed.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING

from tests.integration.merging import python_edits, settings_edits
from tests.integration.merging.word_counts import outline_of, words_of

if TYPE_CHECKING:
    from collections import Counter

GIT_LIMIT_S = 60
UNPARSED = "cannot be parsed"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """An edited file after the second run. `rejected` is the text beside it, where there is one."""

    path: str
    base: str
    edited: str
    fresh: str
    found: str
    rejected: str | None
    named: bool  # in the list of conflicts that the run prints
    is_layout: bool = False  # the edit changed nothing but the layout

    @property
    def is_conflict(self) -> bool:
        """Whether the run left the file to a person."""
        return self.rejected is not None or self.named


def judge(outcome: Outcome) -> list[str]:
    """Return what does not hold of an edited file; empty where everything does."""
    if outcome.is_conflict:
        return [f"{outcome.path}: {problem}" for problem in _of_conflict(outcome)]
    problems = _of_words(outcome)
    if problems != [UNPARSED]:
        problems += _of_outline(outcome)
    fault = _faults(outcome.path, outcome.found)
    if fault and not _faults(outcome.path, outcome.edited):
        problems.append(f"is not valid: {fault}")
    return [f"{outcome.path}: {problem}" for problem in problems]


def is_needless(outcome: Outcome) -> bool:
    """Return whether a conflict asks a person for nothing: no line was changed on both sides.

    What both insert at one place belongs into the file in either order. `git merge-file`, which knows no language, must
    merge that into a valid file.
    """
    if _changed(outcome.base, outcome.edited) & _changed(outcome.base, outcome.fresh):
        return False
    with tempfile.TemporaryDirectory() as folder:
        names = ("edited", "base", "fresh")
        for name in names:
            Path(folder, name).write_text(getattr(outcome, name), encoding="utf-8")
        line = ["git", "merge-file", "--union", "--stdout", *names]
        result = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=GIT_LIMIT_S, check=False)
    return result.returncode == 0 and not _faults(outcome.path, result.stdout)


def _of_conflict(outcome: Outcome) -> list[str]:
    problems = []
    if outcome.found != outcome.edited:
        problems.append("is in conflict, and not as the user left it")
    if outcome.rejected is None:
        problems.append("is named in conflict, and has no .rej beside it")
    elif missing := _lines(outcome.fresh) - _rejected_lines(outcome.rejected):
        problems.append(f"its .rej lacks lines of the new text: {sorted(missing)[:3]}")
    if not outcome.named:
        problems.append("has a .rej and is not named in the output")
    if outcome.is_layout:
        problems.append("is in conflict after an edit of the layout only")
    elif is_needless(outcome):
        problems.append("is in conflict, and no line was changed on both sides")
    return problems


def _of_words(outcome: Outcome) -> list[str]:
    base, edited, fresh, found = (
        _words(outcome.path, text) for text in (outcome.base, outcome.edited, outcome.fresh, outcome.found)
    )
    if found is None or base is None or edited is None or fresh is None:
        return [UNPARSED]
    if outcome.fresh == outcome.base and not outcome.is_layout and outcome.found != outcome.edited:
        return ["was changed, though nothing new was generated"]
    if outcome.is_layout:
        edited = base
    wrong = []
    both = _removed_by_both(outcome)
    for word in sorted(base.keys() | edited.keys() | fresh.keys() | found.keys()):
        theirs, ours = edited[word] - base[word], fresh[word] - base[word]
        expected = base[word] + theirs + ours
        least = most = expected
        if theirs * ours > 0:  # both did the same: once or twice
            once = base[word] + (max if theirs > 0 else min)(theirs, ours)
            least, most = min(once, expected), max(once, expected)
        most += both[word]
        if word.startswith("import "):
            least, most = min(max(least, 0), 1), min(max(most, 0), 1)
        if not max(least, 0) <= found[word] <= max(most, 0):
            by = f"base {base[word]}, edited {edited[word]}, generated {fresh[word]}"
            wrong.append(f"{word!r} {found[word]} times, not {expected} ({by})")
    return [f"has {'; '.join(wrong)}"] if wrong else []


def _of_outline(outcome: Outcome) -> list[str]:
    """Return the names that are not where the user or generation put them."""
    if not outcome.path.endswith((".py", ".ts", ".tsx")):
        return []
    base, edited, fresh, found = (
        outline_of(outcome.path, text) for text in (outcome.base, outcome.edited, outcome.fresh, outcome.found)
    )
    if outcome.is_layout:
        edited = base
    expected = (edited & fresh) | (edited - base) | (fresh - base)
    return [f"lacks {name!r}" for name in sorted(expected - found)] + [
        f"has {name!r}, which one side removed" for name in sorted(found - expected)
    ]


def _removed_by_both(outcome: Outcome) -> Counter[str]:
    """Return the words of the lines that neither side has any more: they must be removed once, not twice."""
    lines = outcome.base.splitlines()
    numbers = _changed(outcome.base, outcome.edited) & _changed(outcome.base, outcome.fresh)
    return words_of("", "\n".join(lines[number] for number in sorted(numbers)))


def _words(path: str, text: str) -> Counter[str] | None:
    try:
        return words_of(path, text)
    except SyntaxError:
        return None


def _faults(path: str, text: str) -> str:
    return python_edits.problems(text) if path.endswith(".py") else settings_edits.problems(path, text)


def _changed(base: str, version: str) -> set[int]:
    """Return the numbers of the lines of the base that a version changes or removes."""
    matcher = SequenceMatcher(None, base.splitlines(), version.splitlines(), autojunk=False)
    return {number for tag, first, last, *_ in matcher.get_opcodes() if tag != "equal" for number in range(first, last)}


def _lines(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if line.strip()}


def _rejected_lines(text: str) -> set[str]:
    """Return the lines of a .rej as they are, and those of a difference without their sign."""
    return _lines(text) | _lines("\n".join(line[1:] for line in text.splitlines()))
