"""How text of a schema is written in the language of a generated file: the only places that quote or escape.

One module for each language. A template prints such text through a filter of its file's language;
`tests/test_template_encoding.py` finds a template that does not. The filters that only change wording are those of
`model/prose`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.generation.encoders import markdown_text, markup_text, python_text, settings_text, typescript_text
from runner.generation.model.prose import capital, one_line, sentence, with_article

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Code(str):
    """Source of a file's language, made of encoded parts: it is written unchanged."""

    __slots__ = ()


ENCODERS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "Python": {
        "docstring": python_text.docstring,
        "docstring_text": python_text.docstring_text,
        "literal": python_text.literal,
        "statements": python_text.statement_list,
        "tuple_literal": python_text.tuple_literal,
    },
    "TypeScript": {"comment": typescript_text.comment},
    "Markdown": {
        "cell": markdown_text.cell,
        "code": markdown_text.code,
        "code_cell": markdown_text.code_cell,
        "markdown": markdown_text.markdown,
        "remarks": markdown_text.remarks,
        "word": markdown_text.mermaid_word,
    },
    "markup": {"xml": markup_text.xml},
    "settings": {"json": settings_text.json_value},
}
WORDING: Mapping[str, Callable[..., Any]] = {
    "a": with_article,
    "capital": capital,
    "one_line": one_line,
    "sentence": sentence,
    "wrap": python_text.wrap,
}
FILTERS: Mapping[str, Callable[..., Any]] = {
    name: filter_ for group in (*ENCODERS.values(), WORDING) for name, filter_ in group.items()
}
