"""Reading YAML: files that cannot be read, ambiguous values, and hostile text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runner.plan import yaml_reader
from runner.plan.loading import load_plan
from runner.plan.plan_model import Plan
from runner.plan.yaml_file import MAX_BYTES
from runner.plan.yaml_nodes import MAX_SHOWN, Node, shown
from runner.plan.yaml_reader import MAX_DEPTH, read_yaml
from runner.records.errors import PlanError

PLANS = Path(__file__).parent / "plans"


@pytest.fixture(params=["as installed", "without libyaml"])
def loader(request, monkeypatch):
    """Both of PyYAML's parsers: some of their messages and positions differ."""
    if request.param == "without libyaml":
        monkeypatch.setattr(yaml_reader, "_LOADER", yaml.SafeLoader)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(data: str | bytes) -> Node:
    path = Path("plan.yaml")
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    root, problems = read_yaml(str(path), path.read_bytes())
    if problems:
        raise PlanError(problems)
    return root


def said_of(data: str | bytes) -> str:
    with pytest.raises(PlanError) as caught:
        read(data)
    return str(caught.value)


# --- files


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("plan.yml", "plan.yml: no such file. Did you mean plan.yaml?"),
        ("zzz", "zzz: no such file. Check the path; `runner init DDL` writes a plan."),
        ("no/where.yaml", "no/where.yaml: no such file. Check the path; `runner init DDL` writes a plan."),
        ("plans", "plans: this is a folder, not a plan. Did you mean plans/school.yaml?"),
        ("empty", "empty: this is a folder, not a plan. Check the path; `runner init DDL` writes a plan."),
        ("plan.yaml/x", "plan.yaml/x: cannot be read: Not a directory. Check the path and its permissions."),
        ("a\0b", "a\0b: cannot be read: embedded null byte. Check the path and its permissions."),
    ],
)
def test_a_path_that_is_no_plan_file_is_reported(folder, name, said):
    (folder / "plan.yaml").write_text("")
    (folder / "plans").mkdir()
    (folder / "plans" / "school.yaml").write_text("")
    (folder / "empty").mkdir()
    with pytest.raises(PlanError) as caught:
        load_plan(Path(name))
    assert str(caught.value) == said


def test_an_unreadable_file_is_reported(folder, monkeypatch):
    def refuse(self, mode):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PlanError, match=r"^p.yaml: cannot be read: Permission denied. Check the path and"):
        load_plan(Path("p.yaml"))


@pytest.mark.parametrize("data", ["", "\n\n", "# a comment\n", "---\n", "--- ~\n...\n", "\ufeff"])
def test_an_empty_file_is_reported(folder, loader, data):
    assert said_of(data) == "plan.yaml: the plan is empty. `runner init DDL` writes a plan to start from."


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a: 1\nname: caf\xe9\n", "2:10: the byte 0xe9 is not UTF-8. Save the file as UTF-8."),
        ("ä: b\nä: ü".encode() + b"\xff", "2:5: the byte 0xff is not UTF-8. Save the file as UTF-8."),
        ("a: b".encode("utf-16"), "the file is UTF-16. Save it as UTF-8."),
        ("a: b".encode("utf-16-le"), "1:2: the character U+0000 is not allowed in YAML. Remove it."),
        (b"\x7fELF\x02\x01", "1:1: the character U+007F is not allowed in YAML. Remove it."),
        ("a: b\nx: \x1b[0m", "2:4: the character U+001B is not allowed in YAML. Remove it."),
        ("a: \ufeff", "1:4: the character U+FEFF is not allowed in YAML. Remove it."),
    ],
)
def test_a_file_that_is_not_text_is_reported(folder, data, said):
    assert said_of(data) in {f"plan.yaml:{said}", f"plan.yaml: {said}"}


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(folder, loader):
    node = read("\ufeffa: 1\r\nb:\r\n  - x y\r\n")
    assert node.value == {"a": 1, "b": ["x y"]}
    assert (node.find(["a"]).line, node.find(["a"]).column) == (1, 4)
    assert (node.find(["b", 0]).line, node.find(["b", 0]).column) == (3, 5)


def test_a_huge_file_is_refused_unread(folder):
    (folder / "plan.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(PlanError, match=r"^plan.yaml: the file is larger than 4 MiB. Is this really a plan"):
        load_plan(Path("plan.yaml"))


# --- values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a b", "a b"),
        ("'7'", "7"),
        ('"no"', "no"),
        ("7", 7),
        ("-7", -7),
        ("+7", 7),
        ("0", 0),
        ("1.5", 1.5),
        ("-1.5", -1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("1.5e+3", 1500.0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("=", "="),
        ("1.2.3", "1.2.3"),
        ("v1", "v1"),
        ("y", "y"),
        ("10m", "10m"),
        ("*.sql".join("''"), "*.sql"),
        ("!!str no", "no"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("!!int 12", 12),
        ("!!float 12", 12),
        ("!!null ''", None),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("!!seq [a]", ["a"]),
        ("!!map {a: b}", {"a": "b"}),
        ("{1: a, yes: b, 2020-01-01: c}", {"1": "a", "yes": "b", "2020-01-01": "c"}),
    ],
)
def test_values_are_those_that_all_yaml_readers_agree_on(folder, loader, text, value):
    (read_value,) = read(f"- {text}").value
    assert (read_value, type(read_value)) == (value, type(value))


UNCLEAR = """
    yes No ON off 010 0o17 0x1F 0b1 1_000 12:30 -1:30 1e3 1.5e3 -.5 +.5 1_0.5 2020-01-01 2020-01-01T10:00:00Z
    .inf -.Inf .NaN 1.0e+999
"""


@pytest.mark.parametrize("text", [".inf", "-.Inf", ".NaN", "1.0e+999", "9" * 400])
def test_a_number_that_is_not_finite_is_refused(folder, loader, text):
    assert " is not a finite number. Write a number in digits." in said_of(f"- {text}")


@pytest.mark.parametrize("text", [*UNCLEAR.split(), "1" * 400])
def test_an_ambiguous_value_is_refused_unless_it_is_quoted(folder, loader, text):
    found = said_of(f"a: {{b: {text}}}")
    assert re.match(rf"plan\.yaml:1:8: a\.b {re.escape(text[:60])}…? (is|has different meanings) ", found), found
    assert read(f"a: {{b: '{text}'}}").value == {"a": {"b": text}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "3:1: the key a is already on line 1. Keep one of the two."),
        ("a: {b: 1, 'b': 2}", '1:11: the key "b" is already on line 1. Keep one of the two.'),
        ("? [a]\n: 1\n", "1:3: a list or mapping cannot be a key. Write key: value."),
        ("? {a: b}\n: 1\n", "1:3: a list or mapping cannot be a key. Write key: value."),
        ("'': 1", "1:1: a key is empty. Write key: value."),
        (
            "a: !!python/object/apply:os.system [ls]",
            "1:4: the tag !!python/object/apply:os.system cannot be used here. A plan takes plain values",
        ),
        ("a: !mine x", "1:4: the tag !mine cannot be used here. A plan takes plain values"),
        (
            "a: !!set {b}",
            "1:4: the tag !!set cannot be used here. A plan takes plain values",
        ),
        (
            "!!binary a: 1",
            "1:1: the tag !!binary cannot be used here. A plan takes plain values",
        ),
        ("a: !!int x", "1:4: x does not match its tag. Remove the tag."),
        (
            "a: 1\n---\nb: 2\n",
            "2:1: a second document begins here. A plan is one document",
        ),
        ("a: *b", "1:4: the alias *b has no anchor above it. Write &b before the value that is meant."),
        ("a: &base 1\nb: *bsae", "2:4: the alias *bsae has no anchor above it. Did you mean base?"),
        ("a: &a [*a]", "1:8: the alias *a is inside its own anchor. Remove it."),
        ("a: {<<: b}", "1:9: << takes a mapping, or a list of them. Name one by its alias: <<: *name."),
        ("a: {<<: [{}, b]}", "1:9: << takes a mapping, or a list of them. Name one by its alias: <<: *name."),
    ],
)
def test_yaml_features_that_plans_do_not_have_are_reported(folder, loader, text, said):
    assert said_of(text).startswith(f"plan.yaml:{said}")


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("a:\n\tb: 1\n", "2:1", "YAML does not allow a tab here. Use spaces."),
        ("a:\n  b: 1\n \t c: 1\n", "3:2", "YAML does not allow a tab here. Use spaces."),
        ("a: ']' 'a\tb'", "1:8", "this line does not match the one before. Check"),
        ("a:\n\t- @b", "2:1", "YAML does not allow a tab here. Use spaces."),
        ("a: 'x\ty' b", "1:10", "this line does not match the one before. Check its indentation"),
        ('a: "x\ty" b', "1:10", "this line does not match the one before. Check its indentation"),
        ("a: b: c", "1:5", "a colon is not allowed here. Put a value that contains ': '"),
        ("a: 'b\nc: d\n", "1:4", "a quote that opens here is never closed. Close it."),
        (
            "a: [1, 2\nb: 3\n",
            None,
            "a [list] or {mapping} is not closed. Close it, and put ','",
        ),
        (
            "a: 1\n  b: 2\n",
            None,
            "a colon is not allowed here. Put a value that contains ': '",
        ),
        (
            "a:\n  - b\n c: 1\n",
            "3:2",
            "this line does not match the one before. Check its indentation",
        ),
        ("a: 1\nb\nc: 2\n", None, "a key has no colon. Write key: value, and put longer text in quotes."),
        ("a: @b", "1:4", "a value begins with a character that YAML reserves. Put the value in quotes."),
        ("a: %b", "1:4", "a value begins with a character that YAML reserves. Put the value in quotes."),
        ("a: *", None, ""),
        ("a: '\\ud800' \"\\ud800\"", None, ""),
        ('a: "\\ud800"', None, ""),
        ("%YAML 3.0\n---\na: 1\n", None, ""),
        ("a: !x!y z\n", None, ""),
        ("a: &\n", None, ""),
    ],
)
def test_syntax_errors_have_their_place(folder, loader, text, place, said):
    found = said_of(text)
    assert re.match(rf"plan\.yaml:{place or '[0-9]+:[0-9]+'}: .*{re.escape(said)}", found), found


def test_aliases_and_merges_have_the_place_of_their_anchor(folder, loader):
    node = read("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: {<<: [{q: 4}, *x]}\nd: *x\n'<<': 5\n")
    x = {"p": 1, "q": 2}
    assert node.value == {"a": x, "b": {"p": 1, "q": 3}, "c": {"p": 1, "q": 4}, "d": x, "<<": 5}
    assert (node.find(["b", "p"]).line, node.find(["b", "q"]).line) == (1, 2)


def test_find_skips_parts_that_do_not_exist(folder):
    node = read("a: [b, {c: d}]")
    assert node.find(["a", 1, "c"]).text == "d"
    assert node.find(["a", "x", 0]).text == "b"
    assert node.find(["a", 7]) is node.find(["a"])
    assert node.find(["y"]) is node


@pytest.mark.parametrize(
    ("text", "line"),
    [("a b", "a b"), ("", '""'), ("  ", '"  "'), ("a ", '"a "'), ("a\n\x1b\u202eb", r"a\n\x1b\u202eb"), ("é", "é")],
)
def test_shown_is_one_printable_line(text, line):
    assert shown(text) == line
    assert shown("x" * 100) == "x" * MAX_SHOWN + "…"


# --- hostile text


def bomb(levels: int, width: int) -> str:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (bomb(30, 10), "7:10: the plan has more than 250,000 values with its aliases written out. Use"),
        (bomb(60, 1), "39:12: lists and mappings are nested more than 40 deep. Flatten it"),
        ("a: " + "[" * 100_000, f"1:{MAX_DEPTH + 3}: lists and mappings are nested more than 40 deep."),
        ("{a: " * 100_000, "1:158: lists and mappings are nested more than 40 deep. Flatten it"),
        ("- " * 100_000, "1:81: lists and mappings are nested more than 40 deep. Flatten it"),
        ("a: [" + "1," * 300_000 + "]", "the plan has more than 250,000 values. Use fewer aliases of"),
        ("k: 1\n" * 200_000, "125000:4: the plan has more than 250,000 values. Use fewer aliases"),
    ],
    ids=["bomb", "deep aliases", "deep lists", "deep mappings", "deep entries", "wide list", "wide mapping"],
)
def test_exponential_aliases_and_deep_nesting_are_refused(folder, text, said):
    with pytest.raises(PlanError) as caught:
        read(text)
    assert said in str(caught.value.problems[-1])


def test_a_merge_bomb_is_refused(folder):
    lines = ["a0: &a0 {k0: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}], k{n}: 1}}" for n in range(1, 30)]
    assert "the plan has more than 250,000 values with its aliases written out" in said_of("\n".join(lines))


def test_ten_thousand_tasks_are_read(folder):
    tasks = "".join(f"  - {{id: t{n}, description: BE CRUD, needs: [t{n - 1}]}}\n" for n in range(1, 10_000))
    text = f"version: 1\nname: a\nworkspace: b\ntasks:\n  - {{id: t0, description: BE setup}}\n{tasks}"
    (folder / "plan.yaml").write_text(text)
    assert len(load_plan(Path("plan.yaml")).tasks) == 10_000


# --- fuzzing: any text is a plan or an error with a position

SEEDS = [
    (PLANS / "everything.yaml").read_text(),
    (PLANS / "wrong-cases.yaml").read_text()[:3000],
    bomb(4, 3),
]
PIECES = st.sampled_from(
    [
        *"\t\n\r []{}'\"#|?\\\0/é\ufeff\u2028\x85\U0001f600",
        *("- ", ": ", "&a ", "*a", "*setup", "<<: ", "!!int ", "!x ", "---\n", "...", "%YAML 1.1\n"),
        *("~", "no", "1e9", ".nan", "0o7", "null", "true", "2020-01-01", '"\\ud800"', "~x", "$A"),
        *("id: ", "needs: ", "tasks:\n", "ddl: ", "tables: ", "options: "),
    ]
)


@st.composite
def mutated_plans(draw):
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        text = text[:start] + draw(PIECES | st.text(max_size=4)) + text[end:]
    return text


def outcome(text: str) -> Plan | PlanError:
    """Load the text in a folder in which all files of the seeds exist."""
    path = Path("plans") / "plan.yaml"
    path.parent.mkdir(exist_ok=True)
    (path.parent / "everything.sql").touch()
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        return load_plan(path)
    except PlanError as error:
        return error


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=mutated_plans() | st.text(max_size=200))
@example(text="? tasks\n")
@example(text="tasks: {x: ~}\n")
@example(text="tasks: [{needs: [~, [], {}]}]\n")
@example(text="tasks: [&a {id: a, needs: [a]}, *a]\n")
@example(text="tasks: [{tables: {include: {a: b}}}]\n")
@example(text="timeouts: []\nretries: 1\nconvex: ''\n")
@example(text="o\tptions: {list: [~]}\n")
@example(text="tasks: [{description: [], id: []}]\n")
def test_any_text_is_a_plan_or_an_error_with_a_place(folder, text):
    found = outcome(text)
    if isinstance(found, PlanError):
        assert found.problems
        lines = re.split("\r\n|[\r\n\x85\u2028\u2029]", text)
        for problem in found.problems:
            assert problem.file == "plans/plan.yaml"
            assert problem.message == problem.message.strip() != ""
            assert problem.message.isprintable()
            assert 0 <= problem.line <= len(lines) + 1
            assert str(problem).endswith((".", "?", "yaml", "sql")) or "/" in problem.expected
    else:
        assert found.tasks


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=mutated_plans())
def test_both_parsers_of_pyyaml_read_a_plan_alike(folder, text):
    first = outcome(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_reader, "_LOADER", yaml.SafeLoader)
        second = outcome(text)
    if isinstance(first, Plan) and isinstance(second, Plan):  # libyaml accepts more tabs
        assert first == second
