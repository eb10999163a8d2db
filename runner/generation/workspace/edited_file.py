"""What becomes of a generated file that was edited by hand: its edits and what is generated now are merged.

Pure: texts in, an `Outcome` out. Line ends are those of the edited file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.workspace.batch import Outcome
from runner.generation.workspace.file_diffs import unified_diff
from runner.generation.workspace.line_ends import are_alike, digest, with_lf, with_line_ends_of
from runner.generation.workspace.side_files import ORIGINAL, REJECTED, REJECTION_HEAD

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.generation.merging.merged_text import MergedText
    from runner.generation.workspace.batch import NewFile
    from runner.records.task import ConflictPolicy


def merge_edited(
    file: NewFile, current: bytes, base: bytes | None, policy: ConflictPolicy, *, unsettled: bool
) -> Outcome:
    """Return what is to be done with a file that was edited by hand since it was generated as `base`.

    `unsettled` tells whether it had a conflict before.
    """
    from runner.generation.merging.merged_text import has_markers, merge  # noqa: PLC0415 - few runs merge anything

    if base is None:
        return Outcome("keep")
    if unsettled and has_markers(with_lf(current).decode("utf-8", "replace")):
        return Outcome("conflict", base=base, marked=True)
    if are_alike(file.data, base):
        return Outcome("identical", edited=digest(current))
    try:
        merged = merge(file.path, *(with_lf(version).decode() for version in (base, current, file.data)))
    except UnicodeDecodeError:  # nothing can be said about bytes
        return Outcome("conflict", base=base)
    return _conflict(file, current, base, merged, policy) if merged.conflicts else _merged(file, current, merged)


def merge_renamed(file: NewFile, former: bytes, base: bytes, policy: ConflictPolicy) -> Outcome | None:
    """Return what a file of a renamed table becomes, with the edits of its former file; None where it gets none.

    `former` is that file, generated as `base`. In a conflict, the new file is the former one with the new names.
    """
    from runner.generation.merging.merged_text import merge  # noqa: PLC0415 - few runs merge anything
    from runner.generation.merging.renaming import renaming  # noqa: PLC0415

    try:
        before, edited, generated = (with_lf(version).decode() for version in (base, former, file.data))
    except UnicodeDecodeError:
        return None
    rename = renaming([(before, generated)])
    before, edited = rename(before), rename(edited)
    merged = merge(file.path, before, edited, generated)
    if merged.conflicts:
        outcome = _conflict(file, edited.encode(), before.encode(), merged, policy)
        return outcome if outcome.data is not None else outcome._replace(data=edited.encode())
    data = merged.text().encode()
    return None if are_alike(data, file.data) else Outcome("merge", data, edited=digest(data))


def rename_own(file: NewFile, former: bytes, versions: Iterable[tuple[bytes, bytes]]) -> Outcome | None:
    """Return what a `once` file of a renamed table becomes, with the new names; None where there is nothing to carry.

    `former` is its former file. `versions` are pairs of the texts that were generated for the table's other files under
    the old name and under the new one.
    """
    from runner.generation.merging.renaming import renaming  # noqa: PLC0415 - few tables are renamed

    rename = renaming((with_lf(old).decode(), with_lf(new).decode()) for old, new in versions)
    try:
        data = with_line_ends_of(former, rename(with_lf(former).decode()).encode())
    except UnicodeDecodeError:
        data = former
    return None if are_alike(data, file.data) else Outcome("merge", data)


def _merged(file: NewFile, current: bytes, merged: MergedText) -> Outcome:
    data = with_line_ends_of(current, merged.text().encode())
    if are_alike(data, current):
        return Outcome("identical", edited=digest(current))
    if are_alike(data, file.data):
        return Outcome("update", data)
    return Outcome("merge", data, edited=digest(data))


def _conflict(file: NewFile, current: bytes, base: bytes, merged: MergedText, policy: ConflictPolicy) -> Outcome:
    match policy:
        case "theirs":
            data = with_line_ends_of(current, merged.text("generated").encode())
            return Outcome("merge", data, ((ORIGINAL, current),), edited=digest(data))
        case "markers":
            return Outcome("conflict", with_line_ends_of(current, merged.marked().encode()), base=file.data)
        case "reject":
            return Outcome("conflict", beside=((REJECTED, rejection(file, base, merged)),), base=base)
        case "keep":
            return Outcome("conflict", base=base)


def rejection(file: NewFile, base: bytes, merged: MergedText) -> bytes:
    """Return the text of `FILE.rej`: what could not be merged, how the generated text changed, and all of it."""
    name = file.path.rpartition("/")[2]
    reason = f"It cannot be merged: {merged.problem}\n" if merged.problem else ""
    command = f"runner resolve {file.path}"
    parts = (
        f"{REJECTION_HEAD}{reason}Your file {name} is as you left it. Settle this in the workspace with: {command}\n",
        f"---- how the generated text changed since your edit\n{unified_diff(file.path, base, file.data)}",
        f"---- the merged text, with both versions where they contradict each other\n{merged.marked()}",
        f"---- the generated text\n{with_lf(file.data).decode()}",
    )
    return "\n".join(parts).encode()
