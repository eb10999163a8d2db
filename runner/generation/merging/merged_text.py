"""Merges a file: the text that was generated before, the text as edited since, and the text that is generated now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

from runner.generation.merging.block_merge import Conflict, Piece, merged_blocks
from runner.generation.merging.blocks import Block, lines_of, parse
from runner.generation.merging.import_statements import import_lines
from runner.generation.merging.layout import is_same_source
from runner.generation.merging.source_tokens import language_of
from runner.generation.merging.three_way import one_sided, spans
from runner.generation.merging.verification import (
    declared_names,
    problem_of,
    undefined_names,
    used_names,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Side = Literal["edited", "generated"]


@dataclass(frozen=True, kw_only=True)
class MergedText:
    """The result of a merge: lines and conflicts. Where the whole text cannot be used, `problem` says why."""

    pieces: tuple[Piece, ...]
    problem: str | None = None

    @property
    def conflicts(self) -> int:
        """The number of places that a person has to look at."""
        return sum(isinstance(piece, Conflict) for piece in self.pieces) or int(self.problem is not None)

    def text(self, side: Side = "edited") -> str:
        """Return the text, with one side's lines where there are conflicts."""
        lines: list[str] = []
        for piece in self.pieces:
            lines += [piece] if isinstance(piece, str) else getattr(piece, side)
        return "\n".join(lines) + "\n"

    def marked(self) -> str:
        """Return the text with the lines of all versions where there are conflicts, as `git merge-file --diff3`."""
        lines: list[str] = []
        for piece in self.pieces:
            lines += [piece] if isinstance(piece, str) else _marked(piece)
        return "\n".join(lines) + "\n"

    def conflicts_only(self) -> str:
        """Return the lines of all versions of each conflict, between markers, with a line of the text before it."""
        lines: list[str] = []
        for before, piece in zip(("", *self.pieces), self.pieces, strict=False):
            if isinstance(piece, Conflict):
                lines += [*([before] if isinstance(before, str) and before.strip() else []), *_marked(piece)]
        return "\n".join(lines) + "\n"


_EDITED, _BEFORE, _SEPARATOR, _NOW = (
    f"{'<' * 7} edited", f"{'|' * 7} generated before", "=" * 7, f"{'>' * 7} generated now",
)  # fmt: skip
_OF_APPLICATION = re.compile(r"(?:from|import(?: type)?) (?:\.|(?:app|tests)\b)")  # the key of an import
_MARKER = re.compile(rf"^(?:{re.escape(_EDITED)}|{re.escape(_NOW)})\r?$", re.MULTILINE)


def _marked(conflict: Conflict) -> list[str]:
    return [_EDITED, *conflict.edited, _BEFORE, *conflict.base, _SEPARATOR, *conflict.generated, _NOW]


def has_markers(text: str) -> bool:
    """Whether a text has the markers of a conflict that nobody has settled."""
    return _MARKER.search(text) is not None


def marked_parts(text: str) -> str:
    """Return only what is between the markers of a text, with them."""
    return "\n".join(re.findall(rf"^{_EDITED}$.*?^{_NOW}$".replace("|", r"\|"), text, re.MULTILINE | re.DOTALL)) + "\n"


def without_markers(text: str, side: Side) -> str:
    """Return a text that `MergedText.marked` returned with one side's lines where there were conflicts."""
    within: str | None = None
    lines = []
    for line in text.split("\n"):
        if line == _NOW:
            within = None
        elif line == _EDITED:
            within = "edited"
        elif within and line in {_BEFORE, _SEPARATOR}:
            within = "base" if line == _BEFORE else "generated"
        elif within in {None, side}:
            lines.append(line)
    return "\n".join(lines)


def merge(path: str, base: str, edited: str, generated: str) -> MergedText:
    """Merge a file of which all three texts differ. Line ends are LF. Its name decides how it is read.

    A text that was only laid out differently counts as not edited.
    """
    if is_same_source(path, edited, base):
        return _whole(generated)
    if generated == base:
        return _whole(edited)
    language = language_of(path)
    pieces = merged_blocks(parse(base, language), parse(edited, language), parse(generated, language))
    if any(isinstance(piece, Conflict) for piece in pieces):
        lines = _merged_lines(_lines(base), _lines(edited), _lines(generated))
        if lines is None or _problem(path, lines, edited, generated) is not None:
            return MergedText(pieces=tuple(pieces))
        return _whole(lines)
    bare = "\n".join(piece for piece in pieces if isinstance(piece, str)) + "\n"
    text = _with_missing_imports(path, bare, (edited, generated))
    problem = _problem(path, text, edited, generated)
    if problem is not None:
        conflict = Conflict(base=_lines(base), edited=_lines(edited), generated=_lines(generated))
        return MergedText(pieces=(conflict,), problem=problem)
    sure = text if text == bare else _with_missing_imports(path, bare, (edited, generated), guess=False)
    return _whole(text) if sure == text else MergedText(pieces=tuple(_differing(_lines(text), _lines(sure))))


def _differing(edited: Sequence[str], generated: Sequence[str]) -> Iterator[Piece]:
    """Yield the lines of two texts, with a conflict for each place where they differ."""
    for tag, start, end, first, last in SequenceMatcher(None, edited, generated, autojunk=False).get_opcodes():
        lines = tuple(edited[start:end])
        if tag == "equal":
            yield from lines
        else:
            yield Conflict(base=lines, edited=lines, generated=tuple(generated[first:last]))


def _problem(path: str, text: str, edited: str, generated: str) -> str | None:
    problem = problem_of(path, text, edited, generated)
    if problem is None and language_of(path) == "typescript":
        return _undeclared(text, (edited, generated))
    return problem


def _merged_lines(base: Sequence[str], edited: Sequence[str], generated: Sequence[str]) -> str | None:
    """Return the text merged line by line; None where both sides changed lines between two that they share."""
    merged: list[str] = []
    for span in spans(base, edited, generated):
        changed = one_sided(base[span.base], edited[span.edited], generated[span.generated])
        if changed is None:
            return None
        merged += changed
    return "\n".join(merged) + "\n"


def _whole(text: str) -> MergedText:
    return MergedText(pieces=_lines(text))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.removesuffix("\n").split("\n"))


def _missing(path: str, text: str, versions: Sequence[str]) -> set[str]:
    """Return names that a merged text uses, which a version defines and the text does not."""
    if language_of(path) == "python":
        missing = undefined_names(path, text)
        for version in versions:
            missing -= undefined_names(path, version)
        return missing
    declared = {name for version in versions for name in declared_names(version)}
    return (declared - declared_names(text)) & used_names(text)


def _undeclared(text: str, versions: Sequence[str]) -> str | None:
    missing = _missing("merged.ts", text, versions)
    return f"{', '.join(sorted(missing))}: used, but no longer declared" if missing else None


def _with_missing_imports(path: str, text: str, versions: Sequence[str], *, guess: bool = True) -> str:
    """Return the text with the imports that one side removed, and that what the other side wrote still needs.

    Where what is generated no longer imports a name from a module of the application, the name may have been removed
    there, too. Without `guess`, these imports are left out.
    """
    language = language_of(path)
    if language not in {"python", "typescript"}:
        return text
    missing = _missing(path, text, versions)
    if not missing:
        return text
    wanted: list[Block] = []
    for version in versions:
        for block in parse(version, language):
            key = block.key or ""
            if key.startswith(("from ", "import ")) and (names := _names_of(block) & missing):
                if guess or version is versions[-1] or not _OF_APPLICATION.match(key):
                    wanted.append(_importing(block, names))
                missing -= names
    if not wanted:
        return text
    present = parse(text, language)
    keys = {block.key for block in wanted}
    old = tuple(block for block in present if block.key not in keys)
    pieces = merged_blocks(old, present, _with_imports(old, wanted))
    lines = [piece for piece in pieces if isinstance(piece, str)]
    if len(lines) < len(pieces):  # the module is imported under another name as well: both stay
        lines = lines_of(_with_imports(present, wanted))
    return "\n".join(lines) + "\n"


def _with_imports(blocks: Sequence[Block], wanted: Sequence[Block]) -> tuple[Block, ...]:
    """Return the blocks with others after their last import."""
    last = max((i for i, block in enumerate(blocks) if (block.key or "").startswith(("from ", "import "))), default=-1)
    if last < 0:  # after the docstring
        last = 0 if blocks and blocks[0].key == "docstring" else -1
    return (*blocks[: last + 1], *wanted, *blocks[last + 1 :])


def _names_of(block: Block) -> set[str]:
    return {words[-1] for part in re.split(r"[{},;()\n]", _imported(block)) if (words := re.findall(r"[\w$]+", part))}


def _imported(block: Block) -> str:
    source = "\n".join(block.body)
    return re.sub(r"""^from\s+[\w.]+\s+import\b|\bfrom\s*["'][^"']*["']|^import\b(?:\s+type\b)?""", " ", source)


def _importing(block: Block, names: set[str]) -> Block:
    """Return an import with no other names."""
    source = "\n".join(block.body)
    listed = [" ".join(part.split()) for part in re.split(r"[{},;()\n]", _imported(block)) if part.strip()]
    kept = [part for part in listed if part.split()[-1] in names]
    if not source.startswith("from ") and "{" not in source:
        return block
    return parse("\n".join(import_lines(block, kept)), block.language)[0]
