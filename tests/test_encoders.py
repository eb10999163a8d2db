"""The encoders of each target language, read back by a parser of that language."""

from __future__ import annotations

import ast
import json
import sqlite3
import tomllib
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
import yaml
from markdown_it import MarkdownIt

from runner.ddl.reader import read_ddl_text
from runner.generation.encoders.markdown_text import cell, code, code_cell, markdown
from runner.generation.encoders.markup_text import xml
from runner.generation.encoders.python_text import docstring, literal, statement_list
from runner.generation.encoders.settings_text import json_value
from runner.generation.encoders.sql_text import quote, text_sql
from runner.generation.encoders.typescript_text import comment, string
from runner.generation.model.prose import one_line
from tests.hostile_schemas import NAMES, TEXTS

MARKS = (
    "*a* b", "2 * 3", "_a_", "__init__", "snake_case", "~~a~~", "~a", "[a][b]", "[a]: b", "[]", "[](x)", "a]b", "[a",
    "# a", "> a", "+ a", "1. a", "1) a", "2026-01-01", "a&b", "&#65;", "![a](b)", "a\\|b", "\\\\|", "a`|`b", "===",
    "---", "``a` b```", "`", "a  b", "\ufffe", "http://x.y/z_?a=b&amp;c",
)  # fmt: skip
ALL = list(dict.fromkeys((*NAMES, *TEXTS, *MARKS)))
GFM = MarkdownIt("commonmark").enable(["table", "strikethrough"])


class Words(HTMLParser):
    """Collects the text of an HTML fragment, with its elements but those that Markdown makes of a table's row."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.elements: list[str] = []
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.elements.append(tag)


def rendered(text: str) -> Words:
    return Words(GFM.render(text))


@pytest.mark.parametrize("text", ALL)
def test_prose_reads_the_same_in_markdown(text: str) -> None:
    for form, elements in (("{}", ["p"]), ("# {}: x", ["h1"]), ("- x: {}", ["ul", "li"]), ("[{}](u)", ["p", "a"])):
        expected = form.replace("(u)", "").strip("#-[] ").format(one_line(text)).strip("[]" if "(u)" in form else "")
        found = rendered(form.format(markdown(text)))
        if text.strip():
            assert found.elements == elements
            assert found.text.strip() == (one_line(text) if "(u)" in form or form == "{}" else expected)


@pytest.mark.parametrize("text", ALL)
def test_code_reads_the_same_in_markdown(text: str) -> None:
    found = rendered(f"x {code(text)} y")
    assert (found.text.strip(), found.elements) == (f"x {one_line(text) or ' '} y", ["p", "code"])


@pytest.mark.parametrize("text", ALL)
def test_a_cell_of_a_table_keeps_its_text(text: str) -> None:
    found = rendered(f"| a | b | c |\n| --- | --- | --- |\n| {cell(text)} | {code_cell(text)} | z |\n")
    assert found.elements[-4:] == ["td", "td", "code", "td"]
    assert found.text.split() == ["a", "b", "c", *one_line(text).split() * 2, "z"]


@pytest.mark.parametrize("text", ALL)
def test_markup(text: str) -> None:
    element = ET.fromstring(f'<a b="{xml(text)}">{xml(text)}</a>')
    assert (element.text or "", element.get("b")) == (one_line(text), one_line(text))
    assert Words(f"<title>{xml(text)}</title>").text == one_line(text)


@pytest.mark.parametrize("text", ALL)
def test_python(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text
    assert ast.literal_eval(statement_list([text, f"{text}\n{text}"])) == [text, f"{text}\n{text}"]
    (node,) = ast.parse(docstring(text, 4)).body
    assert isinstance(node, ast.Expr)
    assert isinstance(node.value, ast.Constant)


def test_no_line_of_a_statement_ends_with_a_space() -> None:
    text = "SELECT 'a  \n' \n"
    source = statement_list([text])
    assert ast.literal_eval(source) == [text]
    assert all(line == line.rstrip() for line in source.splitlines())


@pytest.mark.parametrize("text", ALL)
def test_typescript(text: str) -> None:
    source = string(text)
    body = source[1:-1] if source[0] == '"' else source[1:-1].replace('"', '\\"').replace("\\'", "'")
    assert json.loads(f'"{body}"') == text
    assert not set(source) & {"\n", "\r", "\u2028", "\u2029"}
    assert comment(text).count("*/") == 1


@pytest.mark.parametrize("text", ALL)
def test_settings(text: str) -> None:
    assert json.loads(json_value(text)) == text
    plain = one_line(text)  # titles are one line
    assert tomllib.loads(f"a = {json_value(plain)}") == {"a": plain}
    assert yaml.safe_load(f"a: {json_value(plain)}") == {"a": plain}


@pytest.mark.parametrize("text", ALL)
def test_sql(text: str) -> None:
    connection = sqlite3.connect(":memory:")
    assert connection.execute(f"SELECT {text_sql(text)}").fetchone() == (text,)
    if text:
        connection.execute(f"CREATE TABLE {quote(text)} ({quote(text)} int)")
        assert connection.execute("SELECT name FROM sqlite_master").fetchone() == (text,)
        ddl = f"CREATE TABLE {quote(text)}\n({quote(text)} int);"  # a line end of Unix: it is no checkout with CRLF
        table = read_ddl_text(ddl, "postgres").tables[0]
        assert (table.name.name, table.columns[0].name) == (text, text)
    connection.close()


def test_ordinary_text_is_written_as_it_is() -> None:
    text = "Name of the school (e.g. SMA_1, 5 * 3, text[]): see other_table - or not. C&A < 3?"
    assert markdown(text) == text.replace("<", "&lt;")
    assert code_cell("varchar(20)") == "`varchar(20)`"
