"""Every text of a schema that a template prints goes through an encoder of its file's language.

The syntax trees of all templates are walked: an expression may print an encoder's result, constants of the template,
and what `PLAIN` and `SOURCES` list. The lists are verified by rendering schemas whose names and texts look like source.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import jinja2
import pytest
from jinja2 import nodes

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.encoders import ENCODERS, WORDING, Code
from runner.generation.fragments import Fragment
from runner.generation.model.application import Application
from runner.generation.model.naming import word_set
from runner.generation.registry import BUILT_IN, load_agent
from runner.generation.rendering import TemplateSet
from runner.generation.template_agent import TemplateAgent
from runner.generation.template_files import set_folders
from tests.hostile_schemas import HostileSchema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LANGUAGES = {
    "example": "settings", "html": "markup", "http": "settings", "md": "Markdown", "py": "Python", "svg": "markup",
    "toml": "settings", "ts": "TypeScript", "tsx": "TypeScript", "yaml": "settings", "Dockerfile": "settings",
}  # fmt: skip
MORE = {"TypeScript": {"laid_out", "properties", "ts"}, "Python": {"imported"}}  # encoders of one stack
COUNTS = {"length", "round"}
# Filters whose result is of their operand's characters.
KEEPING = {*WORDING, "join", "list", "lower", "replace"}

# Expressions whose text consists of letters, digits, spaces, `_`, `-`, `.` and `/` in whatever schema.
PLAIN = word_set("""
    access.audit_days app.distribution app.locale app.slug app.time_zone application.table().module box.height box.more
    box.table.module box.width box.x box.y column.alias_name column.attribute diagram.file diagram.height
    diagram.title diagram.width enum.class_name field.name initial.py added.py loop.index name one.key.on_delete
    one.module operation.rate_limit own.table.module path reference.fields reference.label reference.module
    resource.replaced_by revision.number service.name service.schemas table.class_name table.key.name
    table.examples.most_rows table.label table.module table.noun table.nouns table.plural table.route table.singular
""")
# Expressions that are source already, because code made them of encoded parts.
SOURCES = word_set("""
    arguments column.alias column.initial column.mapped column.read column.write resource.body resource.example_key
    resource.exports resource.identity resource.key_parameters resource.key_tuple resource.key_type resource.references
    known_by resource.hashed resource.rules resource.secrets resource.table_name search searched source text
""")
TITLE = '"*/ </title> `x` ${x} {{ x }} \\'


class Walk:
    """The expressions that one template prints. `problems` are those that are neither encoded nor listed.

    In `tree`, those of the lists are wrapped in the filters `plain_` and `source_`, which check their values.
    """

    def __init__(self, name: str, tree: nodes.Template) -> None:
        language = language_of(name)
        self._encoders = {*ENCODERS[language], *MORE.get(language, ())}
        self._known = dict(_assigned(tree))
        self._name = name
        self.problems: list[str] = []
        for output in tree.find_all(nodes.Output):
            output.nodes = [self._printed(node) for node in output.nodes]

    def _printed(self, node: Any) -> Any:
        """Return an expression whose listed parts are checked when it is printed."""
        if node is None or isinstance(node, nodes.Literal | nodes.TemplateData):
            return node
        if isinstance(node, nodes.CondExpr):
            node.expr1, node.expr2 = self._printed(node.expr1), self._printed(node.expr2)
        elif isinstance(node, nodes.BinExpr):
            node.left, node.right = self._printed(node.left), self._printed(node.right)
        elif isinstance(node, nodes.Concat):
            node.nodes = [self._printed(part) for part in node.nodes]
        elif isinstance(node, nodes.Filter):
            if node.name in KEEPING:
                node.node = self._printed(node.node)
            elif node.name not in self._encoders | COUNTS:
                return self._refused(node)
        elif isinstance(node, nodes.Name) and node.name in self._known:
            self._known[node.name] = self._printed(self._known[node.name])
        else:
            return self._listed(node)
        return node

    def _listed(self, node: nodes.Expr) -> nodes.Expr:
        for filter_, found in (("plain_", PLAIN), ("source_", SOURCES)):
            if dotted(node) in found:
                return nodes.Filter(node, filter_, [], [], None, None, lineno=node.lineno)
        return self._refused(node)

    def _refused(self, node: nodes.Expr) -> nodes.Expr:
        self.problems.append(f"{self._name}:{node.lineno}: {dotted(node)}")
        return node


def _assigned(tree: nodes.Template) -> Iterator[tuple[str, Any]]:
    """Yield the names that a template sets, and those that run over constants."""
    for node in tree.find_all(nodes.Assign):
        if isinstance(node.target, nodes.Name):
            yield node.target.name, node.node
    for loop in tree.find_all(nodes.For):
        if not _names(loop.iter):
            yield from ((name, nodes.Const("")) for name in _names(loop.target))


def _names(node: nodes.Node) -> set[str]:
    return {found.name for found in (node, *node.find_all(nodes.Name)) if isinstance(found, nodes.Name)}


def language_of(name: str) -> str:
    """Return the language of a template by its name, in which the ending may be a part of an expression."""
    endings = [LANGUAGES[word] for word in re.findall(r"\w+", name) if word in LANGUAGES]
    return endings[-1] if endings else "Python"  # parts that others include


def dotted(node: Any) -> str:
    """Return an expression as the lists spell it: without arguments and indexes."""
    if isinstance(node, nodes.Name):
        return str(node.name)
    if isinstance(node, nodes.Getattr):
        return f"{dotted(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem):
        return dotted(node.node)
    if isinstance(node, nodes.Call):
        return f"{dotted(node.node)}()"
    if isinstance(node, nodes.Filter):
        return f"{dotted(node.node)} | {node.name}"
    return type(node).__name__


def templates(kind: str, **checks: Callable[[Any], Any]) -> tuple[TemplateAgent, TemplateSet]:
    agent = load_agent(kind)
    assert isinstance(agent, TemplateAgent)
    return agent, TemplateSet(kind, set_folders(kind, None, agent.home), {**agent.filters, **checks})


@pytest.mark.parametrize("kind", BUILT_IN)
def test_each_expression_is_encoded_or_listed(kind: str) -> None:
    environment = templates(kind)[1]._environment
    loader = cast("jinja2.FileSystemLoader", environment.loader)
    found = []
    for name in environment.list_templates(extensions=["j2"]):
        source, path, _ = loader.get_source(environment, name)
        found += Walk(name, environment._parse(source, name, path)).problems
        found += Walk(name, jinja2.Environment(autoescape=False).parse(name.removesuffix(".j2"))).problems
    assert found == []


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("a.py.j2", "{{ table.comment }}"),
        ("a.py.j2", "{{ table.comment | json }}"),  # of another language
        ("a.md.j2", "{{ table.comment | literal }}"),
        ("a.md.j2", "{{ 'x' ~ (field.comment | capital) if x else '' }}"),
        ("a.ts.j2", "{% set text = field.comment %}/* {{ text }} */"),
        ("a.ts.j2", "{% for value in enum.values %}{{ value }}{% endfor %}"),
        ("{{ 'a.py' if table.key else '' }}.j2", "{{ names | join(', ') }}"),
    ],
)
def test_a_planted_expression_is_found(name: str, planted: str) -> None:
    tree = jinja2.Environment(autoescape=False).parse(planted)
    assert len(Walk(name, tree).problems) == 1


@pytest.mark.parametrize("kind", BUILT_IN)
@pytest.mark.parametrize("seed", range(6))
def test_what_the_lists_say_is_true(kind: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    parse = jinja2.Environment._parse

    def parse_and_walk(self: jinja2.Environment, source: str, name: str | None, file: str | None) -> nodes.Template:
        tree = parse(self, source, name, file)
        if name is not None:
            Walk(name, tree)
        return tree

    monkeypatch.setattr(jinja2.Environment, "_parse", parse_and_walk)
    agent, found = templates(kind, plain_=plain, source_=source)
    schema = read_ddl_text(HostileSchema(seed).text, "postgres")
    application = Application(schema)
    for table in schema.tables if agent.per_table else (None,):
        ctx = AgentContext(schema=schema, table=table, shared=application, options={"title": TITLE})
        agent._render(found, agent.variables(ctx), ctx)


def plain(value: Any) -> Any:
    for part in value if isinstance(value, list | tuple) else [value]:
        assert re.fullmatch(r"[\w ./-]*", str(part)), part
    return value


def source(value: Any) -> Any:
    for part in value if isinstance(value, list | tuple) else [value]:
        assert isinstance(part, Fragment | Code), part
    return value


def test_a_wrong_entry_of_a_list_is_found() -> None:
    with pytest.raises(AssertionError):
        plain("a.b\n")
    with pytest.raises(AssertionError):
        source(["a"])
