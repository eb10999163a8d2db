"""Merges three versions of one short block token by token, and lays the result out on lines again.

For a block that both sides changed at different places, such as the label and the type of one field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.generation.merging.source_tokens import CLOSING, OPENING, tokens
from runner.generation.merging.three_way import one_sided, spans
from runner.generation.python_layout import break_statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.generation.merging.blocks import Block
    from runner.generation.merging.source_tokens import Language

_WIDTH = 100
_MOST_TOKENS = 400


class _Piece(NamedTuple):
    text: str
    gap: str  # before it, on one line


def merged_lines(old: Block, mine: Block, new: Block) -> list[str] | None:
    """Return the lines of the merged block without its lead; None where both sides changed the same tokens."""
    language = mine.language
    if language not in {"python", "typescript", "json"}:
        return None
    versions = [_pieces(block) for block in (old, mine, new)]
    if any(version is None or len(version) > _MOST_TOKENS for version in versions):
        return None
    base, edited, generated = (version or [] for version in versions)
    merged: list[_Piece] = []
    for span in spans(*([piece.text for piece in version] for version in (base, edited, generated))):
        ours, theirs = edited[span.edited], generated[span.generated]
        texts = [[piece.text for piece in each] for each in (base[span.base], ours, theirs)]
        if (changed := one_sided(*texts)) is not None:
            merged += theirs if changed is texts[2] else ours
        elif (both := _both(texts[0], ours, theirs) or _both(texts[0], theirs, ours)) is not None:
            merged += both
        else:
            return None
    source = "".join(_spaced(merged)).strip()
    first = mine.body[0]
    indent = len(first) - len(first.lstrip())
    return _laid_out(source, indent, language, first[:indent])


def _spaced(merged: Sequence[_Piece]) -> Iterator[str]:
    """Yield the texts with the spaces between them. What now follows a comma or a bracket may have stood elsewhere."""
    before = ""
    for piece in merged:
        yield (" " if before == "," else "" if before in {"(", "["} else piece.gap) + piece.text
        before = piece.text


def _both(before: list[str], other: list[_Piece], changed: list[_Piece]) -> list[_Piece] | None:
    """Return both changes where one only adds or removes tokens before or after those that the other changed."""
    size, length = len(before), len(other)
    texts, others = [piece.text for piece in other], [piece.text for piece in changed]
    if not before or not changed or not other:
        return None
    if length > size:
        if texts[:size] == before:
            return [*changed, *other[size:]]
        return [*other[:-size], *changed] if texts[-size:] == before else None
    removed = size - length
    if texts == before[:length] and others[-removed:] == before[length:]:
        return changed[:-removed]
    return changed[removed:] if texts == before[removed:] and others[:removed] == before[:removed] else None


def _pieces(block: Block) -> list[_Piece] | None:
    """Return the tokens of a block that can be written on one line; None for statements of several lines."""
    found: list[_Piece] = []
    depth = 0
    gap = ""
    for token in tokens("\n".join(block.body).strip(), block.language):
        if token.kind == "comment" or (token.kind == "string" and "\n" in token.text):
            return None
        if token.kind == "space":
            if "\n" in token.text and depth == 0:
                return None
            gap = token.text
            continue
        if token.text in CLOSING:
            depth -= 1
            if found and found[-1].text == "," and "\n" in gap:
                found.pop()
        if "\n" in gap:
            before = found[-1].text if found else ""
            bare = before in {"(", "["} or token.text in {")", "]", "."}
            gap = "" if bare else " "
        found.append(_Piece(token.text, gap))
        gap = ""
        if token.text in OPENING:
            depth += 1
    return found


def _laid_out(source: str, indent: int, language: Language, margin: str) -> list[str]:
    if language == "python":
        return break_statement(source, indent, _WIDTH, "")
    return [margin + line for line in _broken(source, _WIDTH - indent - 1, language)]


def _broken(source: str, width: int, language: Language) -> list[str]:
    """Return TypeScript on lines of at most `width` columns: a bracket that is too long has an item on each line."""
    if len(source) <= width:
        return [source]
    pair = _last_pair(source, language)
    if pair is None:
        return [source]
    start, end = pair
    lines = [source[: start + 1]]
    items = _items(source[start + 1 : end], language)
    for index, item in enumerate(items):
        broken = _broken(item, width - 2, language)
        comma = "" if language == "json" and index + 1 == len(items) else ","
        broken[-1] += comma
        lines += [f"  {line}" for line in broken]
    return [*lines, source[end:]]


def _last_pair(source: str, language: Language) -> tuple[int, int] | None:
    found = None
    depth = start = position = 0
    for token in tokens(source, language):
        if token.text in OPENING:
            if depth == 0:
                start = position
            depth += 1
        elif token.text in CLOSING:
            depth -= 1
            if depth == 0 and source[start + 1 : position].strip():
                found = start, position
        position += len(token.text)
    return found


def _items(source: str, language: Language) -> Sequence[str]:
    items = [""]
    depth = 0
    for token in tokens(source, language):
        depth += (token.text in OPENING) - (token.text in CLOSING)
        if token.text == "," and depth == 0:
            items.append("")
        else:
            items[-1] += token.text
    return [item.strip() for item in items if item.strip()]
