"""The plan format: the result of loading a plan, and the errors of an invalid one."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
import yaml

from runner.ddl.dialects import NAMES
from runner.plan.findings import MAX_PROBLEMS
from runner.plan.ids import slug
from runner.plan.loading import load_plan
from runner.plan.plan_model import Concurrency, ConvexSettings, LLMSettings
from runner.plan.starter import starter_plan
from runner.records.errors import PlanError, Problem
from runner.records.task import SUBTASK_CONCURRENCY, TASK_CONCURRENCY, Retries, TableGlobs, TaskInput, Timeouts

if TYPE_CHECKING:
    from runner.plan.plan_model import Plan

PLANS = Path(__file__).parent / "plans"
HEAD = "version: 1\nname: school\nworkspace: out\nddl: school.sql\n"  # lines 1 to 4
TASK = "tasks:\n  - description: BE CRUD APIs\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "school.sql").write_text("CREATE TABLE t (id int PRIMARY KEY);")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(folder: Path, text: str) -> Plan:
    (folder / "plan.yaml").write_text(dedent(text), encoding="utf-8")
    return load_plan(Path("plan.yaml"))


def ddl_files(task: TaskInput) -> tuple[Path, ...]:
    assert isinstance(task.ddl_path, tuple)
    return tuple(map(Path, task.ddl_path))


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(PlanError) as caught:
        load(folder, text)
    return [str(problem) for problem in caught.value.problems]


def test_every_key_is_read_and_every_default_filled_in():
    plan = load_plan(PLANS / "everything.yaml")
    build = PLANS.parent.parent.resolve() / "build"
    assert (plan.name, plan.path, plan.folder) == ("everything", PLANS / "everything.yaml", PLANS)
    assert plan.workspace == build / "everything"
    assert plan.concurrency == Concurrency(tasks=2, subtasks=3)
    assert plan.convex == ConvexSettings(url="https://happy-otter-123.convex.cloud", enabled=False)
    assert plan.llm == LLMSettings(enabled=True, model="some-model")
    setup, again, one, two, three, four = plan.tasks
    operation = {
        "rate_limit": "100/minute",
        "metrics": True,
        "tracing": "otel",
        "ci": "github",
        "e2e": True,
        "charts": True,
    }
    assert setup.agent == "be-boilerplate"
    assert setup.dialect == "sqlite"
    assert setup.workspace_path == build / "other"
    assert setup.timeouts == Timeouts(task=100, subtask=7, grace=3)
    assert setup.retries == Retries(attempts=1, backoff=0)
    assert setup.templates == PLANS.parent
    assert setup.options == {
        "title": "No. 1",
        "deep": {"list": [1, 2.5, True, None, "text"]},
        "search": {"d": ["x"]},
        "secret": {"a": ["p"]},
        "indexes": "none",
        **operation,
    }
    assert one.options == {
        "search": {"a": ["x", "y"], "b": ["z"], "c": []},
        "secret": {"a": ["p"]},
        "indexes": "create",
        **operation,
    }
    assert (again.id, again.agent) == ("be-again", "be-boilerplate")
    assert again.timeouts == Timeouts(task=100, subtask=50.5, grace=3)
    assert (one.id, one.description) == ("be-crud-apis-for-everything", "BE CRUD APIs for everything")
    assert (one.agent, one.dialect, one.workspace_path, one.priority) == (None, "mysql", plan.workspace, 5)
    assert (two.id, two.needs) == (
        "be-crud-apis-for-everything-2",
        ("be-crud-apis-for-everything", "be-setup"),
    )
    assert (three.id, four.id) == ("be-crud-apis-for-everything-3", "task")
    assert (one.retries, one.templates) == (Retries(attempts=4, backoff=0), PLANS)
    assert one.tables == TableGlobs(include=("every*",))
    assert two.tables == TableGlobs(include=("a", "b"))
    assert three.tables == TableGlobs(include=("a",), exclude=("b", "c"))
    assert four.tables == TableGlobs(include=("*",), exclude=("b",))
    assert all(task.ddl_path == (PLANS / "everything.sql",) for task in plan.tasks)


def test_a_minimal_plan_has_the_defaults(folder):
    plan = load(folder, "version: 1\nname: s\nworkspace: .\ntasks: [{description: BE setup}]")
    assert plan.workspace == folder.resolve()
    assert (plan.concurrency.tasks, plan.concurrency.subtasks) == (TASK_CONCURRENCY, SUBTASK_CONCURRENCY)
    assert (plan.convex.enabled, plan.llm.enabled) == ("auto", "auto")
    assert plan.tasks == (
        TaskInput(id="be-setup", description="BE setup", workspace_path=folder.resolve(), ddl_path=()),
    )


def test_keys_that_a_section_leaves_out_have_their_defaults(folder):
    plan = load(
        folder,
        "concurrency: {tasks: 2}\ntimeouts: {task: 9}\nretries: {backoff: 2}\nconvex: {enabled: auto}\nllm: {}\n"
        + HEAD
        + TASK,
    )
    assert plan.concurrency == Concurrency(tasks=2, subtasks=5)
    assert plan.tasks[0].timeouts == Timeouts(task=9, subtask=300, grace=10)
    assert plan.tasks[0].retries == Retries(attempts=2, backoff=2)
    assert (plan.convex, plan.llm) == (ConvexSettings(), LLMSettings())
    other = load(folder, "concurrency: {subtasks: 2}\n" + HEAD + TASK)
    assert other.concurrency == Concurrency(tasks=5, subtasks=2)


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("concurrency: {tasks: 1, subtasks: 64}", "concurrency", Concurrency(tasks=1, subtasks=64)),
        ("timeouts: {task: 604800, grace: 0.001}", "timeouts", Timeouts(task=604800, grace=0.001)),
        ("retries: {attempts: 1, backoff: 0}", "retries", Retries(attempts=1, backoff=0)),
        ("retries: {attempts: 20, backoff: 3600}", "retries", Retries(attempts=20, backoff=3600)),
        ("tasks: [{description: x, priority: 1}]", "priority", 1),
        ("tasks: [{description: x, priority: 10}]", "priority", 10),
        (f"tasks: [{{description: x, id: {'a' * 64}}}]", "id", "a" * 64),
    ],
)
def test_the_bounds_of_every_range_are_allowed(folder, text, key, value):
    plan = load(folder, HEAD + text + "\n" + ("" if text.startswith("tasks") else TASK))
    assert getattr(plan if hasattr(plan, key) else plan.tasks[0], key) == value


def test_a_task_can_be_sent_to_another_process(folder):
    task = load(folder, HEAD + TASK).tasks[0]
    assert pickle.loads(pickle.dumps(task)) == task


def test_a_given_id_wins_over_an_equal_derived_one(folder):
    plan = load(
        folder,
        HEAD + "tasks: [{description: A b}, {description: a  B}, {description: x, id: a-b}, {description: A-B!}]",
    )
    assert [task.id for task in plan.tasks] == ["a-b-2", "a-b-3", "a-b", "a-b-4"]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("BE CRUD APIs, for  École №1!", "be-crud-apis-for-ecole-no1"),
        ("学校", "task"),
        ("--", "task"),
        ("x" * 200, "x" * 60),
        (f"{'x' * 59} yz", "x" * 59),
    ],
)
def test_slug(text, made):
    assert slug(text) == made


# --- paths


def test_ddl_takes_a_file_a_list_a_glob_and_a_folder_each_file_once(folder):
    for name in ("b.sql", "a.sql", "note.txt", ".hidden.sql"):
        (folder / "migrations" / name).parent.mkdir(exist_ok=True)
        (folder / "migrations" / name).write_text("")
    for ddl, names in {
        "school.sql": ["school.sql"],
        "migrations": ["a.sql", "b.sql"],
        "migrations/[ab].sql": ["a.sql", "b.sql"],
        "'**/*.sql'": ["a.sql", "b.sql", "school.sql"],
        "[migrations/b.sql, migrations, school.sql]": ["b.sql", "a.sql", "school.sql"],
    }.items():
        text = HEAD.replace("school.sql", ddl) + TASK
        assert [file.name for file in ddl_files(load(folder, text).tasks[0])] == names, ddl


def test_the_ddl_of_a_task_replaces_that_of_the_plan(folder):
    (folder / "other.sql").write_text("")
    plan = load(folder, HEAD + "tasks: [{description: x}, {description: y, ddl: other.sql}]")
    assert [[file.name for file in ddl_files(task)] for task in plan.tasks] == [["school.sql"], ["other.sql"]]


def test_ddl_in_a_folder_whose_name_looks_like_a_glob(folder, monkeypatch):
    odd = folder / "[odd] $HOME"
    odd.mkdir()
    (odd / "a[1].sql").write_text("")
    monkeypatch.chdir(odd)
    for ddl in ("a[1].sql", "*.sql", "../[[]odd] $HOME/a*.sql"):
        (task,) = load(odd, HEAD.replace("school.sql", f"'{ddl}'") + TASK).tasks
        assert ddl_files(task) == ((odd / "a[1].sql").resolve(),)


def test_an_existing_workspace_may_have_any_name(folder):
    (folder / "$HOME").mkdir()
    assert load(folder, HEAD.replace("out", "$HOME") + TASK).workspace == folder.resolve() / "$HOME"


def test_tilde_is_the_home_folder(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    plan = load(folder, HEAD.replace("school.sql", "~/school.sql").replace("out", "~/made") + TASK)
    assert plan.tasks[0].ddl_path == ((folder / "school.sql").resolve(),)
    assert plan.workspace == folder.resolve() / "made"


def test_paths_are_relative_to_the_plan_wherever_it_is_run_from(folder, monkeypatch):
    (folder / "plan.yaml").write_text(HEAD + TASK)
    (folder / "sub").mkdir()
    monkeypatch.chdir(folder / "sub")
    plan = load_plan(Path("../plan.yaml"))
    assert (plan.file, plan.path) == ("../plan.yaml", folder.resolve() / "plan.yaml")
    assert plan.workspace == folder.resolve() / "out"
    assert plan.tasks[0].ddl_path == ((folder / "school.sql").resolve(),)


def test_paths_of_a_linked_plan_are_relative_to_the_link(folder):
    (folder / "plan.yaml").write_text(HEAD + TASK)
    (folder / "sub").mkdir()
    (folder / "sub" / "school.sql").write_text("")
    (folder / "sub" / "link.yaml").symlink_to(folder / "plan.yaml")
    plan = load_plan(folder / "sub" / "link.yaml")
    assert plan.tasks[0].ddl_path == ((folder / "sub" / "school.sql").resolve(),)


# --- errors, with their places and what to do

WRONG = yaml.safe_load((PLANS / "wrong-cases.yaml").read_text())


@pytest.mark.parametrize("case", WRONG, ids=[case["case"] for case in WRONG])
def test_each_error_has_its_place_and_what_to_do(folder, case):
    (folder / "empty").mkdir()
    (folder / "circle").symlink_to("circle")
    found = problems(folder, HEAD + case["plan"])
    assert len(found) == 1, found
    assert found[0].startswith(f"plan.yaml:{case['says']}")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"id: {'a' * 65}", f"7:9: id {'a' * 60}… is not an id. Write {'a' * 60}: lower"),
        (f"ddl: {os.devnull}", f"7:10: ddl {os.devnull} is neither a file nor a folder. Give a .sql"),
        (f"ddl: {'x' * 300}", f"7:10: ddl {'x' * 60}… cannot be read: File name too long. Check the path"),
    ],
)
def test_long_values_and_errors_of_the_system_are_reported(folder, line, said):
    (found,) = problems(folder, f"{HEAD}{TASK}    {line}\n")
    assert found.startswith(f"plan.yaml:{said}")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("version: 2", "1:10: version 2 is not known. Write version: 1."),
        ("version: 1.0", "1:10: version 1.0 is not a whole number. Write version: 1."),
        ("version: true", "1:10: version true is a boolean, not a whole number. Write version: 1."),
        ("version: '1'", '1:10: version "1" is text, not a whole number. Remove the quotes: 1.'),
        ("name: true", '2:7: name true is a boolean, not text. Put it in quotes: "true".'),
        ("name: 2024", '2:7: name 2024 is a number, not text. Put it in quotes: "2024".'),
        ("name:", "2:6: name is empty. Give a name of at most 100 characters, such as school."),
        (f"name: {'n' * 101}", f"2:7: name {'n' * 60}… is too long. Give a name of at most 100 characters"),
        (
            "name: no",
            "2:7: name no is a boolean to some YAML readers and text to others. Put it in quotes if you",
        ),
        (
            "name: 2024-02-01",
            '2:7: name 2024-02-01 is a date to some YAML readers and text to others. Put it in quotes: "2024',
        ),
    ],
)
def test_errors_in_the_first_keys_are_reported(folder, line, said):
    key = line.partition(":")[0]
    head = "".join(f"{line}\n" if have.startswith(key) else have for have in HEAD.splitlines(keepends=True))
    found = problems(folder, head + TASK)
    assert len(found) == 1, found
    assert found[0].startswith(f"plan.yaml:{said}")


def test_a_path_relative_to_the_current_folder_is_recognised(folder, monkeypatch):
    (folder / "plans").mkdir()
    (folder / "plans" / "plan.yaml").write_text(HEAD + TASK)
    with pytest.raises(PlanError) as caught:
        load_plan(Path("plans/plan.yaml"))
    assert str(caught.value) == (
        "plans/plan.yaml:4:6: ddl school.sql does not exist. Paths are relative to the plan file: write ../school.sql"
    )


def test_all_errors_are_reported_at_once_in_order_of_lines(folder):
    found = problems(
        folder,
        """\
        version: 3
        nmae: school
        ddl: [a.sql, b.sql]
        timeouts: {task: 012, subtask: -5}
        name: x
        name: y
        tasks:
          - description: !!python/name:os.system
            id: a
            needs: [b, a]
          - id: a
            priority: "5"
            needs: [q]
        """,
    )
    assert " ".join(line.split(" ", 1)[0] for line in found).replace("plan.yaml:", "") == (
        "1:1: 1:10: 2:1: 3:7: 3:14: 4:18: 4:32: 6:1: 8:18: 10:13: 10:16: 11:5: 11:9: 12:15: 13:13:"
    )
    assert "has no workspace" in found[0]


def test_keys_that_are_only_misspelled_are_not_also_missing(folder):
    assert problems(folder, HEAD + "taks: []") == ["plan.yaml:5:1: unknown key taks. Did you mean tasks?"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "- description: BE setup",
            "plan.yaml:1:1: a plan is a mapping, but this is a list. Put the list below tasks:, after version, name",
        ),
        ("\n[]", "plan.yaml:2:1: a plan is a mapping, but this is a list. Write key: value."),
        ("BE setup", "plan.yaml:1:1: a plan is a mapping, but this is text. Write key: value."),
        ("12", "plan.yaml:1:1: a plan is a mapping, but this is a number. Write key: value."),
    ],
)
def test_a_plan_must_be_a_mapping(folder, text, said):
    (found,) = problems(folder, text)
    assert found.startswith(said)


def test_every_missing_key_is_reported(folder):
    found = problems(folder, "dialect: mysql")
    assert [line.split(". ")[0] for line in found] == [
        f"plan.yaml:1:1: the plan has no {key}" for key in ("version", "name", "workspace", "tasks")
    ]


def test_every_cycle_is_reported_without_what_leads_to_it(folder):
    tasks = ["a: [b]", "b: [a]", "c: [d]", "d: [e]", "e: [c]", "f: [a, c]"]
    text = "".join(f"  - {{id: {task[0]}, description: x, needs: {task[3:]}}}\n" for task in tasks)
    assert [line.split(": ", 1)[1] for line in problems(folder, f"{HEAD}tasks:\n{text}")] == [
        "needs b closes a cycle: a needs b needs a. Remove one of these needs.",
        "needs d closes a cycle: c needs d needs e needs c. Remove one of these needs.",
    ]


def test_a_long_cycle_is_shortened(folder):
    text = "".join(f"  - {{id: t{n}, description: x, needs: [t{(n + 1) % 5000}]}}\n" for n in range(5000))
    (found,) = problems(folder, f"{HEAD}tasks:\n{text}")
    assert "t0 needs t1 needs t2" in found
    assert "needs … needs t0. Remove" in found
    assert len(found) < 200


def test_problems_beyond_the_limit_are_counted(folder):
    text = "".join(f"  - {{prioritee{n}: 1}}\n" for n in range(3000))
    found = problems(folder, f"{HEAD}tasks:\n{text}")
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1] == f"plan.yaml: {6000 - MAX_PROBLEMS} more problems are not shown. Fix these first."


@pytest.mark.parametrize("value", ["1:" * 100_000 + "1", "'" + "1" * 100_000 + "'", "1" * 100_000, "x" * 100_000])
def test_a_long_value_is_shortened_in_a_message(folder, value):
    (found,) = problems(folder, f"{HEAD}{TASK}    priority: {value}\n")
    assert "…" in found
    assert len(found) < 300


def test_many_unknown_needs_are_all_counted(folder):
    text = "".join(f"  - {{id: t{n}, description: x, needs: [u{n}]}}\n" for n in range(2500))
    found = problems(folder, f"{HEAD}tasks:\n{text}")
    assert found[0].endswith(
        "needs u0 is not a task of this plan. Its ids are t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, …."
    )
    assert found[-1].startswith(f"plan.yaml: {2500 - MAX_PROBLEMS} more problems")


def test_an_unreadable_ddl_is_reported(folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    (found,) = problems(folder, HEAD + TASK)
    assert found.startswith(
        "plan.yaml:4:6: ddl school.sql cannot be read: Permission denied. Give yourself read permission for /"
    )


def test_an_unsearchable_folder_is_reported(folder, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", refuse)
    found = problems(folder, HEAD + TASK + "    ddl: x.sql")
    assert found == [
        f"plan.yaml:{value} cannot be read: Permission denied. Check the path and its permissions."
        for value in ("3:12: workspace out", "7:10: ddl x.sql")
    ]


# --- problems that later stages find


@pytest.mark.parametrize(
    ("index", "key", "place"),
    [
        (0, "description", "6:18"),
        (1, "agent", "8:12"),
        (1, "tables.exclude.1", "9:41"),
        (1, "tables.include.0", "9:24"),
        (2, "tables.include.1", "11:17"),
        (3, "tables.include.0", "13:13"),
        (0, "tables.include.0", "6:5"),  # it is written nowhere
        (0, "ddl", "4:6"),  # the plan's
        (3, "ddl.0", "14:10"),
        (None, "name", "2:7"),
        (None, "agent", "1:1"),
    ],
)
def test_problem_has_the_place_of_its_value(folder, index, key, place):
    plan = load(
        folder,
        HEAD
        + TASK
        + "  - description: x\n    agent: be-crud\n    tables: {include: [a], exclude: [b, c]}\n"
        + "  - description: y\n    tables: [a, b]\n"
        + "  - description: z\n    tables: a\n    ddl: school.sql\n",
    )
    task = None if index is None else plan.tasks[index]
    assert str(plan.problem(task, key, "it is wrong", "Fix it.")) == f"plan.yaml:{place}: it is wrong. Fix it."
    assert isinstance(plan.problem(task, key, "it is wrong"), Problem)


# --- the starter plan


def defaults_of(plan: Plan) -> tuple[object, ...]:
    return plan.tasks[0].timeouts, plan.tasks[0].retries, plan.concurrency


@pytest.mark.parametrize(
    "name",
    [
        "school.sql",
        "no.sql",
        "12.sql",
        "a b#c: 'd'.sql",
        "~x.sql",
        "[a]*.sql",
        "$HOME.sql",
        "学校.sql",
        "1e3",
        '"q".sql',
    ],
)
@pytest.mark.parametrize("dialect", NAMES)
def test_starter_plan_is_a_valid_plan(folder, name, dialect):
    (folder / "db").mkdir()
    (folder / "db" / name).write_text("")
    for where, text in {
        folder / "db": starter_plan(folder / "db" / name, dialect, tables=["a", "b\nc: d"]),
        folder: starter_plan(folder / "db" / name, dialect, folder=folder),
    }.items():
        (where / "new.yaml").write_text(text, encoding="utf-8")
        plan = load_plan(where / "new.yaml")
        assert [task.id for task in plan.tasks] == ["be-setup", "be-crud", "fe-setup", "fe-crud", "ui-crud"]
        assert [task.needs for task in plan.tasks] == [(), ("be-setup",), (), ("fe-setup",), ("fe-crud",)]
        assert {task.ddl_path for task in plan.tasks} == {((folder / "db" / name).resolve(),)}
        assert plan.tasks[0].dialect == dialect
        assert defaults_of(plan) == (Timeouts(), Retries(), Concurrency())


def test_starter_plan_takes_its_name_from_the_schema_and_names_its_tables(folder):
    text = starter_plan(Path("school.sql"), tables=[f"t{n}" for n in range(24)])
    assert "\nname: school\nddl: school.sql " in text
    assert "\nworkspace: build/school\n" in text
    assert "# 24 tables: t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, …\n" in text
    assert "\nname: app\n" in starter_plan(Path("学校.sql"))
    assert "tables: t" not in starter_plan(Path("school.sql"))


def test_starter_plan_comments_state_the_defaults_that_the_format_has(folder):
    text = starter_plan(Path("school.sql"))
    for line in ("concurrency: {", "timeouts: {", "retries: {"):
        assert f"\n# {line}" in text
        text = text.replace(f"\n# {line}", f"\n{line}")
    plan = load(folder, text)
    assert defaults_of(plan) == (Timeouts(), Retries(), Concurrency())


def test_importing_the_plan_loads_no_parser_of_sql_and_no_templates():
    code = "import runner.plan, sys; print({'sqlglot', 'jinja2', 'convex', 'tqdm'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"
