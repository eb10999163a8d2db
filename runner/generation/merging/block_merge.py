"""Merges three versions of a list of blocks: by name where blocks have one, otherwise by their order.

What both sides add at one place is kept. A block that one side changed and the other removed, or that both changed in
ways that do not fit together, is a conflict.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.generation.merging.blocks import Block, Segment, lines_of
from runner.generation.merging.import_statements import import_order, merged_import
from runner.generation.merging.inline_merge import merged_lines
from runner.generation.merging.three_way import Change, one_sided, spans

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Lines that could not be merged, in each version."""

    base: tuple[str, ...]
    edited: tuple[str, ...]
    generated: tuple[str, ...]


Piece = str | Conflict  # a line, or lines that could not be merged


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A block of the result, or a conflict in its place: what it is made of, and how it is separated."""

    pieces: tuple[Piece, ...]
    blanks: int
    comma: bool
    listed: bool
    sort_key: tuple[int, str, str] | None = None  # of an import


def merged_blocks(base: Sequence[Block], edited: Sequence[Block], generated: Sequence[Block]) -> list[Piece]:
    """Return the lines and conflicts of the merged blocks, with the blank lines between them."""
    entries = list(_merged_list(base, edited, generated))
    if _are_sorted(edited) and _are_sorted(generated):
        entries = _sorted_imports(entries)
    return list(_with_separators(entries, (edited, generated)))


def _merged_list(base: Sequence[Block], edited: Sequence[Block], generated: Sequence[Block]) -> Iterator[_Entry]:
    names = [_names(version) for version in (base, edited, generated)]
    if _is_keyed(names):
        yield from _merged_by_name(base, edited, generated)
        return
    for span in spans(*names):
        old, mine, new = base[span.base], edited[span.edited], generated[span.generated]
        if span.stable:
            yield _merged_block(old[0], mine[0], new[0])
        elif (one_side := _changed_side(old, mine, new)) is not None:
            yield from map(_entry, one_side)
        elif _is_keyed([_names(each) for each in (old, mine, new)]):
            yield from _merged_by_name(old, mine, new)
        else:
            yield from _merged_by_place(old, mine, new)


def _merged_by_place(old: Sequence[Block], mine: Sequence[Block], new: Sequence[Block]) -> Iterator[_Entry]:
    """Merge blocks that have no names: what only one side changed, and what both add at one place, generated first."""
    contents = [block.content for block in old]
    ours = Change(contents, [block.content for block in mine])
    theirs = Change(contents, [block.content for block in new])
    index = 0
    while index <= len(old):
        added, also = new[theirs.added(index)], mine[ours.added(index)]
        yield from map(_entry, added)
        if [block.content for block in added] != [block.content for block in also]:
            yield from map(_entry, also)
        if index == len(old):
            return
        end = _end_of_change(index, ours, theirs)
        parts = old[index:end], mine[ours.items(index, end)], new[theirs.items(index, end)]
        if all(len(part) == 1 for part in parts):
            yield _merged_block(parts[0][0], parts[1][0], parts[2][0])
        elif (one_side := _changed_side(*parts)) is not None:
            yield from map(_entry, one_side)
        else:
            yield from _conflict_without_additions(*parts)
        index = end


def _conflict_without_additions(old: Sequence[Block], mine: Sequence[Block], new: Sequence[Block]) -> Iterator[_Entry]:
    """Yield a conflict, and after it the blocks with other names that a version adds behind those in conflict."""
    known = {block.key for block in old}
    sizes = [_size_without_additions(version, known) for version in (mine, new)]
    yield _conflict(old, mine[: sizes[0]], new[: sizes[1]])
    yield from _merged_list((), mine[sizes[0] :], new[sizes[1] :])


def _size_without_additions(version: Sequence[Block], known: Collection[str | None]) -> int:
    """Return the number of blocks up to the last that has no name or a known one; all where none is known."""
    if not any(block.key is not None and block.key in known for block in version):
        return len(version)
    return 1 + max(index for index, block in enumerate(version) if block.key is None or block.key in known)


def _end_of_change(start: int, *changes: Change) -> int:
    """Return the first item after `start` that no change covers together with it."""
    end = start + 1
    index = start
    while index < end:
        end = max(end, *(covered[1] for change in changes if (covered := change.replaced(index))), end)
        index += 1
    return end


def _names(blocks: Sequence[Block]) -> list[str]:
    """Return what identifies each block among its siblings: its key where it is the only one with it, or its text."""
    counted = Counter(block.key for block in blocks)
    return [
        f"key {block.key}" if block.key is not None and counted[block.key] == 1 else f"text {block.content}"
        for block in blocks
    ]


def _changed_side(old: Sequence[Block], mine: Sequence[Block], new: Sequence[Block]) -> Sequence[Block] | None:
    """Return the blocks of the one side that changed them, or of both where they are the same; None otherwise."""
    before, ours, theirs = ([block.content for block in blocks] for blocks in (old, mine, new))
    changed = one_sided(before, ours, theirs)
    return None if changed is None else new if changed is theirs else mine


def _is_keyed(names: Sequence[Sequence[str]]) -> bool:
    """Whether blocks can be matched by name: those without one are in all versions, once each, in the same order."""
    if any(len(set(each)) != len(each) for each in names):
        return False
    nameless = [[name for name in each if name.startswith("text ")] for each in names]
    return nameless[0] == nameless[1] == nameless[2]


def _merged_by_name(base: Sequence[Block], edited: Sequence[Block], generated: Sequence[Block]) -> Iterator[_Entry]:
    old, mine, new = (dict(zip(_names(each), each, strict=True)) for each in (base, edited, generated))
    replaced = _replaced(list(old), list(mine), list(new))
    for name in _order(list(old), list(mine), list(new)):
        if name in replaced:
            gone, ours, theirs = replaced[name]
            if name == (*ours, *theirs)[0]:
                yield _conflict((old[gone],), [mine[each] for each in ours], [new[each] for each in theirs])
            continue
        entry = _merged_entry(old.get(name), mine.get(name), new.get(name))
        if entry is not None:
            yield entry


_Replaced = tuple[str, tuple[str, ...], tuple[str, ...]]


def _replaced(base: list[str], edited: list[str], generated: list[str]) -> dict[str, _Replaced]:
    """Return the names that took the place of one which both sides removed, unless they are the same.

    Perhaps they are new versions of it: one side renamed what the other renamed or removed. Each name comes with the
    removed one and all that took its place on either side.
    """
    found: dict[str, _Replaced] = {}
    for name in base:
        if name in edited or name in generated:
            continue
        ours, theirs = _added_at(name, base, edited), _added_at(name, base, generated)
        if ours != theirs:
            for each in (*ours, *theirs):
                found.setdefault(each, (name, ours, theirs))
    return {each: value for each, value in found.items() if found[(*value[1], *value[2])[0]] == value}


def _added_at(name: str, base: list[str], version: list[str]) -> tuple[str, ...]:
    """Return the new names that a version has where the base has `name`."""
    known = set(version)
    before = next((each for each in reversed(base[: base.index(name)]) if each in known), None)
    start = end = 0 if before is None else version.index(before) + 1
    while end < len(version) and version[end] not in base:
        end += 1
    return tuple(version[start:end])


def _order(base: list[str], edited: list[str], generated: list[str]) -> list[str]:
    """Return all names in the order of the result.

    That is the order of the edited version, unless only the generated one moved something; what the other version adds
    goes after what precedes it there.
    """
    in_base = set(base)
    before = [name for name in base if name in edited and name in generated]
    ours = [name for name in edited if name in in_base and name in generated]
    theirs = [name for name in generated if name in in_base and name in edited]
    leading, other = (generated, edited) if ours == before != theirs else (edited, generated)
    order = list(leading)
    places = set(order)
    for index, name in enumerate(other):
        if name in places:
            continue
        after = next((each for each in reversed(other[:index]) if each in places), None)
        if name in in_base:  # the leading version has other names in its place
            after = next(reversed(_added_at(name, base, leading)), after)
        place = 0 if after is None else order.index(after) + 1
        if leading is generated:  # after what the generated version adds there
            while place < len(order) and order[place] not in in_base and order[place] not in other:
                place += 1
        order.insert(place, name)
        places.add(name)
    return order


def _merged_entry(old: Block | None, mine: Block | None, new: Block | None) -> _Entry | None:
    """Return the merged block of one name; None where it is removed."""
    if old is None:
        added = mine or new
        if mine and new:
            return _merged_additions(mine, new)
        return None if added is None else _entry(added)
    if mine and new:
        return _merged_block(old, mine, new)
    left = mine or new
    if left is None or left.content == old.content:
        return None  # removed by both, or by one and unchanged by the other
    return _conflict((old,), (mine,) if mine else (), (new,) if new else ())


def _merged_additions(mine: Block, new: Block) -> _Entry:
    if mine.content == new.content:
        return _entry(mine)
    if (union := merged_import(None, mine, new)) is not None:
        return _made(mine, union)
    return _conflict((), (mine,), (new,))


def _merged_block(old: Block, mine: Block, new: Block) -> _Entry:
    blanks = new.blanks if mine.blanks == old.blanks else mine.blanks
    if mine.content == old.content:
        return _entry(new, blanks)
    if new.content in (old.content, mine.content):
        return _entry(mine, blanks)
    if (union := merged_import(old, mine, new)) is not None:
        return _made(mine, union, blanks)
    lead = _merged_lead(old.lead, mine.lead, new.lead)
    if len(old.segments) == len(mine.segments) == len(new.segments):
        parts = [_merged_segment(*each) for each in zip(old.segments, mine.segments, new.segments, strict=True)]
        pieces = [piece for part in parts for piece in part]
        if not any(isinstance(piece, Conflict) for piece in pieces) or len(old.segments[0].children) > 1:
            return _made(mine, (*lead, *pieces), blanks)
    inline = merged_lines(old, mine, new)
    if inline is not None:
        return _made(mine, (*lead, *inline), blanks)
    return _conflict((old,), (mine,), (new,), blanks)


def _merged_segment(old: Segment, mine: Segment, new: Segment) -> list[Piece]:
    header: Sequence[Piece] | None = one_sided(old.header, mine.header, new.header)
    if header is None:
        header = [Conflict(base=old.header, edited=mine.header, generated=new.header)]
    return [*header, *merged_blocks(old.children, mine.children, new.children)]


def _merged_lead(old: tuple[str, ...], mine: tuple[str, ...], new: tuple[str, ...]) -> list[Piece]:
    """Merge comments and decorators, line by line: what both sides add is kept, the edited version's lines first."""
    merged: list[Piece] = []
    for span in spans(old, mine, new):
        before, ours, theirs = old[span.base], mine[span.edited], new[span.generated]
        if (changed := one_sided(before, ours, theirs)) is not None:
            merged += changed
        elif not before:
            merged += [*ours, *(line for line in theirs if line not in ours)]
        else:
            merged.append(Conflict(base=before, edited=ours, generated=theirs))
    return merged


def _entry(block: Block, blanks: int | None = None) -> _Entry:
    return _made(block, (*block.lead, *block.body), blanks)


def _made(block: Block, pieces: Iterable[Piece], blanks: int | None = None) -> _Entry:
    return _Entry(
        pieces=tuple(pieces),
        blanks=block.blanks if blanks is None else blanks,
        comma=block.comma,
        listed=block.listed,
        sort_key=import_order(block),
    )


def _conflict(old: Sequence[Block], mine: Sequence[Block], new: Sequence[Block], blanks: int | None = None) -> _Entry:
    first = (*mine, *new, *old)[0]
    base, edited, generated = (tuple(lines_of(blocks)) for blocks in (old, mine, new))
    if old and mine and new:  # their blank lines are before the conflict
        base, edited, generated = (
            lines[blocks[0].blanks :] for lines, blocks in ((base, old), (edited, mine), (generated, new))
        )
    return _Entry(
        pieces=(Conflict(base=base, edited=edited, generated=generated),),
        blanks=(first.blanks if blanks is None else blanks) if old and mine and new else 0,
        comma=first.comma,
        listed=first.listed,
    )


def _with_separators(entries: Sequence[_Entry], versions: Sequence[Sequence[Block]]) -> Iterator[Piece]:
    """Yield the pieces of all entries with blank lines and commas between them."""
    separated = any(block.comma for version in versions for block in version)
    last_comma = any(version and version[-1].comma for version in versions)
    for index, entry in enumerate(entries):
        yield from [""] * entry.blanks
        *first, last = entry.pieces
        yield from first
        if isinstance(last, Conflict):
            yield last
        else:
            comma = entry.comma
            if entry.listed and separated:
                comma = last_comma or index + 1 < len(entries)
            yield f"{last}," if comma and not last.rstrip().endswith(",") else last


def _are_sorted(blocks: Sequence[Block]) -> bool:
    keys: list[tuple[int, str, str]] = []
    for block in blocks:
        key = import_order(block)
        if key is None or block.blanks:
            keys = []
        if key is not None:
            if keys and key < keys[-1]:
                return False
            keys.append(key)
    return True


def _sorted_imports(entries: Sequence[_Entry]) -> list[_Entry]:
    """Return the entries with the imports of each group, which has no blank line within, in their order."""
    result: list[_Entry] = []
    group: list[_Entry] = []
    for entry in entries:
        if group and (entry.sort_key is None or entry.blanks):
            result += _sorted_group(group)
            group = []
        if entry.sort_key is None:
            result.append(entry)
        else:
            group.append(entry)
    return [*result, *_sorted_group(group)]


def _sorted_group(group: Sequence[_Entry]) -> list[_Entry]:
    blanks: Mapping[int, int] = {0: group[0].blanks} if group else {}
    ordered = sorted(group, key=lambda entry: entry.sort_key or (0, "", ""))
    return [
        _Entry(
            pieces=entry.pieces,
            blanks=blanks.get(index, 0),
            comma=entry.comma,
            listed=entry.listed,
            sort_key=entry.sort_key,
        )
        for index, entry in enumerate(ordered)
    ]
