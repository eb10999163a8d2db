"""Whether two texts of a file differ in their layout only: what is parsed from them and their comments are the same.

In doubt they differ. Where a text is not parsed, its tokens or lines are compared.
"""

from __future__ import annotations

import ast
import json
import re
import tomllib
from typing import TYPE_CHECKING

from runner.generation.merging.source_tokens import by_value, canonical, language_of, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_WORD = re.compile(r"\w+")
_YAML_COMMENT = re.compile(r"#[^\n]*")
_CSS = re.compile(
    r"""(?is:(?P<comment>/\*.*?\*/)|(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
    r"""|(?P<address>url\(\s*[^"'\s)][^)]*\))|(?P<space>\s+)|(?P<mark>.))"""
)
_CSS_OPEN_AFTER = frozenset("{};,(:")  # spaces after one of these have no meaning
_CSS_OPEN_BEFORE = frozenset("{};,)")


def is_same_source(path: str, text: str, other: str) -> bool:
    """Whether two texts differ in their layout at most: the parsed text and the comments are the same."""
    if text == other:
        return True
    if language_of(path) == "typescript" and _WORD.findall(text) != _WORD.findall(other):
        return False  # as after most edits: the rest takes longer
    try:
        content = _content_of(path)
        return content(text) == content(other)
    except (SyntaxError, ValueError, RecursionError):
        return False


def _content_of(path: str) -> Callable[[str], object]:
    """Return what reads the content of a file, from its name."""
    language = language_of(path)
    ending = path.rpartition(".")[2]
    if language == "typescript":
        return lambda text: _typescript(path, text)
    by_ending: dict[str, Callable[[str], object]] = {
        "py": _python, "json": _json, "yaml": _yaml, "yml": _yaml, "toml": _toml, "css": _css,
    }  # fmt: skip
    return by_ending.get(ending, lambda text: canonical(text.rstrip(), language))


def _python(text: str) -> object:
    return ast.dump(ast.parse(text)), list(_comments(text))


def _json(text: str) -> object:
    return repr(json.loads(text, object_pairs_hook=tuple))  # in Python, 1 equals 1.0 and True


def _toml(text: str) -> object:
    if "\\" in text:  # which has no meaning in some strings
        return canonical(text.rstrip(), "lines")
    return repr(tomllib.loads(text)), list(_comments(text))


def _typescript(path: str, text: str) -> object:
    from runner.generation.merging.typescript_layout import without_layout  # noqa: PLC0415 - few merges need its parser

    try:
        return without_layout(path, text)
    except SyntaxError:  # perhaps newer than the grammar is
        return canonical(text.rstrip(), "typescript")


def _yaml(text: str) -> object:
    """Return events without their places, a quoted scalar apart from a plain one, and comments with theirs."""
    import yaml  # noqa: PLC0415 - few edited files are YAML

    try:
        events = [
            (type(event), *(getattr(event, name, None) for name in ("anchor", "tag", "implicit", "value", "tags")))
            for event in yaml.parse(text, Loader=yaml.SafeLoader)
        ]
        found = list(yaml.scan(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    comments: list[tuple[str, int, bool]] = []
    scalars = end = 0
    for token in found:
        start = token.start_mark.index
        comments += [
            (comment[0].rstrip(), scalars, not text[text.rfind("\n", 0, comment.start()) + 1 : comment.start()].strip())
            for comment in _YAML_COMMENT.finditer(text, end, max(start, end))
        ]
        if isinstance(token, yaml.ScalarToken):
            scalars += 1
            if token.style in {"|", ">"}:  # a comment may follow the sign
                comments.append((text[start:].partition("\n")[0].partition("#")[2].strip(), scalars, False))
        end = max(end, token.end_mark.index)
    return events, [comment for comment in comments if comment[0]]


def _css(text: str) -> object:
    """Return tokens and comments; a space stays where it may part two selectors or values."""
    found: list[str] = []
    space = ""
    for token in _CSS.finditer(text):
        kind, part = token.lastgroup, token[0]
        if kind == "space":
            space = part
            continue
        if kind == "comment":
            part = ("\n" if "\n" in space or not found else " ") + part
        elif part == "}" and found[-1:] == [";"]:
            found.pop()
        elif space and found and found[-1] not in _CSS_OPEN_AFTER and part not in _CSS_OPEN_BEFORE:
            found.append(" ")
        found.append(by_value(part) if kind == "string" else part)
        space = ""
    return found


def _comments(text: str) -> Iterator[tuple[str, int, bool]]:
    """Yield comments, each with the number of words before it and whether a line begins with it.

    No formatter changes these, and what a comment such as `# noqa` is about depends on them.
    """
    words, begins_line = 0, True
    for token in tokens(text, "python"):
        if token.kind == "comment":
            yield token.text.strip(), words, begins_line
        words += token.kind == "word"
        begins_line = token.kind == "space" and (begins_line or "\n" in token.text)
