"""The command as users, CI and cron run it: real processes, their exit codes, files and output."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.command import ROOT, Folder, acting, make_folder
from tests.integration.jobs import Gate, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make_folder(tmp_path / "project")


def test_a_second_run_is_up_to_date_and_touches_nothing(folder: Folder) -> None:
    folder.write_plan(acting())
    first = folder.run("plan.yaml")
    assert first.returncode == 0, first.stderr
    assert set(folder.files()) == {"crud/students.txt", "crud/teachers.txt", "crud/audit_log.txt"}
    before = folder.times("inputs")  # there the stamps of the files that were compared may be added
    second = folder.run("plan.yaml", "--json", "report.json")
    assert second.returncode == 0, second.stderr
    assert folder.times("inputs") == before
    (task,) = json.loads((folder.path / "report.json").read_text())["tasks"]
    assert [subtask["up_to_date"] for subtask in task["subtasks"]] == [True, True, True]


def test_a_changed_table_is_generated_again_and_the_others_are_left(folder: Folder) -> None:
    kinds = ("be-boilerplate", "be-crud", "fe-crud", "ui-crud")
    folder.write_plan(*({"id": kind, "description": kind, "agent": kind} for kind in kinds))
    assert folder.run("plan.yaml").returncode == 0
    before = folder.times()
    ddl = folder.path / "school.sql"
    ddl.write_text(ddl.read_text().replace("CREATE TABLE students (", "CREATE TABLE students (\n    born date,"))
    assert folder.run("plan.yaml", "--json", "report.json").returncode == 0
    tasks = json.loads((folder.path / "report.json").read_text())["tasks"]
    again = {subtask["id"] for task in tasks for subtask in task["subtasks"] if not subtask["up_to_date"]}
    assert again == {"be-boilerplate/setup", "be-crud/students", "fe-crud/students", "ui-crud/students"}
    after = folder.times()
    touched = {path for path in before if not path.startswith(".runner/") and before[path] != after[path]}
    assert not [path for path in touched if "teachers" in path or "audit_log" in path]
    assert folder.run("plan.yaml", "--check").returncode == 0
    fresh = folder.path / "fresh"
    (folder.path / "again.yaml").write_text((folder.path / "plan.yaml").read_text().replace('"out"', '"fresh"'))
    assert folder.run("again.yaml").returncode == 0
    of_tables = [path for path in folder.files() if "migrations" not in path]
    assert {
        path for path in of_tables if (folder.workspace / path).read_bytes() != (fresh / path).read_bytes()
    } == set()


def test_a_changed_schema_is_generated_again(folder: Folder) -> None:
    folder.write_plan(acting())
    folder.run("plan.yaml")
    with (folder.path / "school.sql").open("a") as ddl:
        ddl.write("CREATE TABLE fees (id int PRIMARY KEY);\n")
    assert folder.run("plan.yaml").returncode == 0
    assert "crud/fees.txt" in folder.files()


def test_a_file_that_was_edited_by_hand_stays_as_it_is_until_forced(folder: Folder) -> None:
    folder.write_plan(acting())
    folder.run("plan.yaml")
    edited = folder.workspace / "crud" / "students.txt"
    edited.write_text("mine\n")
    assert folder.run("plan.yaml").returncode == 0
    assert edited.read_text() == "mine\n"
    assert "up to date" in folder.run("plan.yaml").stdout.splitlines()[-1]
    folder.write_plan(acting(options={"text": "other"}))
    conflict = folder.run("plan.yaml")
    assert conflict.returncode == 1
    assert edited.read_text() == "mine\n"
    assert "runner resolve" in conflict.stdout
    assert "crud/students.txt" in conflict.stdout
    folder.write_plan(acting())
    assert folder.run("plan.yaml", "--force").returncode == 0
    assert edited.read_text() == "students\n"


def test_check_writes_nothing_and_exits_3_when_anything_would_change(folder: Folder) -> None:
    folder.write_plan(acting())
    fresh = folder.run("--check", "plan.yaml")
    assert fresh.returncode == 3, fresh.stderr
    assert "crud/students.txt" in fresh.stdout
    assert not folder.workspace.exists()
    assert not (folder.path / ".runner").exists()
    folder.run("plan.yaml")
    before = folder.times()
    assert folder.run("plan.yaml", "--check").returncode == 0
    (folder.workspace / "crud" / "teachers.txt").unlink()
    gone = folder.run("plan.yaml", "--check")
    assert gone.returncode == 3
    assert "crud/teachers.txt" in gone.stdout
    assert "crud/students.txt" not in gone.stdout
    before.pop("crud/teachers.txt")
    assert folder.times() == before


def test_check_writes_the_report_of_its_run(folder: Folder) -> None:
    folder.write_plan(acting())
    fresh = folder.run("plan.yaml", "--check", "--json", "report.json")
    assert fresh.returncode == 3, fresh.stderr
    report = json.loads((folder.path / "report.json").read_text())
    assert (report["run"]["plan"], report["run"]["status"], report["run"]["exit_code"]) == ("test", "done", 3)
    (task,) = report["tasks"]
    assert [subtask["files"]["created"] for subtask in task["subtasks"]] == [1, 1, 1]
    assert not (folder.path / ".runner").exists()


def test_globs_select_tables_and_one_without_a_match_is_a_plan_error(folder: Folder) -> None:
    folder.write_plan(acting(tables={"include": ["*"], "exclude": ["audit_*"]}))
    assert folder.run("plan.yaml").returncode == 0
    assert set(folder.files()) == {"crud/students.txt", "crud/teachers.txt"}
    folder.write_plan(acting(tables={"include": ["studnets"]}))
    dead = folder.run("plan.yaml")
    assert dead.returncode == 2
    assert "plan.yaml:" in dead.stderr
    assert "'studnets'" in dead.stderr
    assert "students" in dead.stderr


def test_all_errors_of_a_plan_are_reported_and_nothing_is_written(folder: Folder) -> None:
    folder.write_plan(
        {"description": "make me a sandwich"},
        {"description": "BE setup", "agent": "no_such_module:Agent"},
        acting(tables={"include": ["nothing_*"]}),
    )
    wrong = folder.run("plan.yaml")
    assert wrong.returncode == 2
    for word in ("sandwich", "no_such_module", "nothing_*"):
        assert word in wrong.stderr
    assert "agent:" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    assert not folder.workspace.exists()
    assert not (folder.path / ".runner").exists()


def broken_ddl_missing(folder: Folder) -> None:
    folder.write_plan(acting())
    (folder.path / "school.sql").unlink()


def broken_ddl_empty(folder: Folder) -> None:
    folder.write_plan(acting())
    (folder.path / "school.sql").write_text("SELECT 1;\n")


def broken_no_tasks(folder: Folder) -> None:
    folder.write_plan()


def broken_priority(folder: Folder) -> None:
    folder.write_plan(acting(priority=11))


def broken_workspace(folder: Folder) -> None:
    folder.write_plan(acting())
    folder.workspace.write_text("a file where the folder should be")


def broken_missing_plan(folder: Folder) -> None:
    del folder


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (broken_ddl_missing, ["plan.yaml:", "school.sql"]),
        (broken_ddl_empty, ["school.sql", "no CREATE TABLE"]),
        (broken_no_tasks, ["plan.yaml:", "tasks"]),
        (broken_priority, ["plan.yaml:", "11", "1", "10"]),
        (broken_workspace, ["plan.yaml:", "out"]),
        (broken_missing_plan, ["plan.yaml"]),
    ],
)
def test_bad_input_is_named_and_exits_2(folder: Folder, break_it: Callable[[Folder], None], words: list[str]) -> None:
    break_it(folder)
    result = folder.run("plan.yaml")
    assert result.returncode == 2, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr
    assert not list(folder.path.rglob("*.txt"))


def test_a_failed_sub_task_exits_1_and_the_summary_has_its_cause(folder: Folder) -> None:
    folder.write_plan(acting(options={"acts": {"teachers": "raise final"}}))
    result = folder.run("plan.yaml", "--json", "report.json")
    assert result.returncode == 1
    assert "as asked" in result.stdout
    assert "\x1b" not in result.stdout
    report = json.loads((folder.path / "report.json").read_text())
    assert (report["run"]["status"], report["run"]["exit_code"]) == ("failed", 1)
    (task,) = report["tasks"]
    assert task["progress"] == {"completed": 2, "failed": 1, "total": 3}
    assert task["error"] == "as asked"


def test_a_full_disk_fails_the_sub_task_and_leaves_no_partial_file(folder: Folder) -> None:
    folder.write_plan(acting(options={"acts": {"teachers": "big 9000000"}}, retries={"attempts": 1, "backoff": 0}))
    result = folder.run("plan.yaml", largest_file=8_000_000)
    assert result.returncode == 1
    assert "crud/teachers.txt" in result.stdout
    assert "File too large" in result.stdout
    assert set(folder.files()) == {"crud/students.txt", "crud/audit_log.txt"}


def test_state_that_cannot_be_saved_stops_the_run_with_exit_1(folder: Folder) -> None:
    folder.write_plan(acting())
    result = folder.run("plan.yaml", largest_file=40_000)
    assert result.returncode == 1
    assert "state.db" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_report_and_status_share_one_shape(folder: Folder) -> None:
    folder.write_plan(acting(), acting("setup", setup=True, needs=["crud"]))
    folder.run("plan.yaml", "--json", "report.json")
    report: dict[str, Any] = json.loads((folder.path / "report.json").read_text())
    assert json.loads(folder.run("status", "--json").stdout) == report
    assert set(report) == {"run", "tasks"}
    assert set(report["run"]) == {"id", "plan", "status", "started_at", "ended_at", "exit_code"}
    first, second = report["tasks"]
    assert set(first) == {
        "id", "title", "description", "agent", "classification", "priority", "status", "progress", "error",
        "started_at", "ended_at", "subtasks",
    }  # fmt: skip
    assert set(first["subtasks"][0]) == {
        "id", "title", "table", "status", "step", "total_steps", "attempts", "error", "started_at", "ended_at",
        "up_to_date", "files", "host",
    }  # fmt: skip
    assert first["agent"] == "acting_agents:Acting"
    assert first["ended_at"] < second["started_at"]
    assert second["subtasks"][0]["table"] is None
    assert first["subtasks"][0]["files"] == {
        "created": 1,
        "updated": 0,
        "identical": 0,
        "kept": 0,
        "merged": 0,
        "conflicts": 0,
    }


def test_keep_runs_limits_the_stored_runs(folder: Folder) -> None:
    folder.write_plan(acting())
    for keep in (5, 5, 5, 1):  # in addition to the run itself
        result = folder.run("plan.yaml", "--keep-runs", str(keep))
        assert result.returncode == 0, result.stderr
    assert len(folder.run("status").stdout.splitlines()) == 1 + 2
    assert folder.run("plan.yaml", "--keep-runs", "0").returncode == 2


def test_status_and_logs_show_the_last_run(folder: Folder) -> None:
    folder.write_plan(acting())
    folder.run("plan.yaml")
    status = folder.run("status")
    assert status.returncode == 0
    assert "done" in status.stdout
    logs = folder.run("logs")
    assert logs.returncode == 0
    assert "students" in logs.stdout


def test_json_events_are_printed_one_per_line(folder: Folder) -> None:
    folder.write_plan(acting())
    lines = folder.run("plan.yaml", "--log-format", "json").stdout.splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["event"] == "RunStarted"
    assert events[-1]["event"] == "RunEnded"


def test_quiet_prints_nothing_for_a_successful_run(folder: Folder) -> None:
    folder.write_plan(acting())
    done = folder.run("-q", "plan.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = folder.run("-q", "plan.yaml", "--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_quiet_says_after_a_failure_what_to_do_and_that_can_be_done(folder: Folder) -> None:
    folder.write_plan(acting(options={"acts": {"teachers": "raise value"}}))
    done = folder.run("-q", "plan.yaml", "--state", "my state")
    assert done.returncode == 1
    assert "as asked" in done.stdout
    match = re.fullmatch(r"next: runner (logs .+); once mended: runner (plan\.yaml .+)\n", done.stderr)
    assert match is not None, done.stderr
    assert "as asked" in folder.run(*shlex.split(match[1])).stdout
    folder.write_plan(acting())
    assert folder.run(*shlex.split(match[2])).returncode == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_run_with_its_state_saved(folder: Folder, number: signal.Signals, code: int) -> None:
    reached = folder.path / "reached"
    folder.write_plan(acting(options={"acts": {"teachers": f"obey {reached}"}}))
    process = folder.start("plan.yaml", "--json", "report.json")
    until(reached.exists, "the agent at work")
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, out + err
    assert "Traceback" not in err
    report = json.loads((folder.path / "report.json").read_text())
    assert (report["run"]["status"], report["run"]["exit_code"]) == ("cancelled", code)
    states = {subtask["table"]: subtask["status"] for subtask in report["tasks"][0]["subtasks"]}
    assert states["teachers"] == "cancelled"
    folder.write_plan(acting())
    assert folder.run("plan.yaml").returncode == 0


def test_a_plan_that_is_already_running_is_not_run_twice(folder: Folder) -> None:
    gate = Gate(folder.path / "gate")
    folder.write_plan(acting(options={"acts": {"teachers": gate.act}}))
    process = folder.start("plan.yaml")
    gate.wait_reached()
    second = folder.run("plan.yaml")
    assert second.returncode == 75
    assert str(process.pid) in second.stderr
    assert folder.run("plan.yaml", "--if-running", "skip").returncode == 0
    gate.open()
    assert process.wait(60) == 0
    process.communicate()


def test_waiting_for_the_other_run_lasts_as_long_as_given(folder: Folder) -> None:
    gate = Gate(folder.path / "gate")
    folder.write_plan(acting(options={"acts": {"teachers": gate.act}}))
    process = folder.start("plan.yaml")
    gate.wait_reached()
    assert folder.run("plan.yaml", "--if-running", "wait", "0.2").returncode == 75
    waiting = folder.start("plan.yaml", "--if-running", "wait", "60", "--json", "waited.json")
    gate.open()
    assert process.wait(60) == 0
    process.communicate()
    out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, out + err
    assert json.loads((folder.path / "waited.json").read_text())["run"]["status"] == "done"


def test_rerun_failed_runs_failed_and_skipped_sub_tasks(folder: Folder) -> None:
    memory = folder.path / "memory"
    acts = {"teachers": f"fail_once {memory}"}
    folder.write_plan(
        acting(options={"acts": acts}, retries={"attempts": 1, "backoff": 0}),
        acting("after", setup=True, needs=["crud"]),
        acting("apart", setup=True),
    )
    assert folder.run("plan.yaml").returncode == 1
    again = folder.run("plan.yaml", "--rerun-failed", "--json", "report.json")
    assert again.returncode == 0, again.stdout
    report = json.loads((folder.path / "report.json").read_text())
    assert [subtask["id"] for task in report["tasks"] for subtask in task["subtasks"]] == [
        "crud/teachers",
        "after/setup",
    ]
    nothing = folder.run("plan.yaml", "--rerun-failed")
    assert (nothing.returncode, "nothing failed" in nothing.stdout) == (0, True)


def test_rerun_failed_runs_what_is_in_conflict_until_that_is_settled(folder: Folder) -> None:
    folder.write_plan(acting())
    folder.run("plan.yaml")
    edited = folder.workspace / "crud" / "students.txt"
    edited.write_text("mine\n")
    folder.write_plan(acting(options={"text": "other"}))
    assert folder.run("plan.yaml").returncode == 1
    open_still = folder.run("plan.yaml", "--rerun-failed", "--json", "report.json")
    assert open_still.returncode == 1
    assert "runner resolve out/crud/students.txt" in open_still.stdout
    report = json.loads((folder.path / "report.json").read_text())
    assert [each["id"] for task in report["tasks"] for each in task["subtasks"]] == ["crud/students"]
    assert folder.run("resolve", "out", "--edited").returncode == 0
    assert folder.run("plan.yaml", "--rerun-failed").returncode == 0
    assert edited.read_text() == "mine\n"
    assert "nothing failed" in folder.run("plan.yaml", "--rerun-failed").stdout


def test_rerun_failed_runs_the_whole_plan_after_a_run_that_failed_without_a_sub_task(folder: Folder) -> None:
    gate = Gate(folder.path / "gate")
    tasks = acting("first", setup=True), acting("second", setup=True, needs=["first"])
    folder.write_plan(tasks[0], {**tasks[1], "options": {"folder": "second", "acts": {"*": gate.act}}})
    process = folder.start("plan.yaml")
    gate.wait_reached()
    folder.workspace.rename(folder.path / "removed")
    gate.open()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1, out
    report = json.loads(folder.run("status", "--json").stdout)
    assert [task["status"] for task in report["tasks"]] == ["done", "done"], out
    folder.write_plan(*tasks)
    again = folder.run("plan.yaml", "--rerun-failed")
    assert (again.returncode, "the whole plan is run" in again.stdout) == (0, True), again.stdout
    assert sorted(folder.files()) == ["first/setup.txt", "second/setup.txt"]
    assert "nothing failed" in folder.run("plan.yaml", "--rerun-failed").stdout


def test_check_with_rerun_failed_checks_only_what_failed_in_earlier_runs(folder: Folder) -> None:
    acts = {"teachers": f"fail_once {folder.path / 'memory'}"}
    folder.write_plan(acting(options={"acts": acts}, retries={"attempts": 1, "backoff": 0}))
    assert folder.run("plan.yaml").returncode == 1
    (folder.workspace / "crud" / "students.txt").unlink()  # done in that run: not checked
    before = len(json.loads(folder.run("status", "--json").stdout)["tasks"])
    check = folder.run("plan.yaml", "--check", "--rerun-failed", "--json", "report.json")
    assert check.returncode == 3, check.stdout + check.stderr
    (task,) = json.loads((folder.path / "report.json").read_text())["tasks"]
    assert [subtask["id"] for subtask in task["subtasks"]] == ["crud/teachers"]
    assert "crud/students.txt" not in check.stdout
    after = json.loads(folder.run("status", "--json").stdout)
    assert (len(after["tasks"]), after["run"]["exit_code"]) == (before, 1)


def test_files_of_dropped_tables_are_reported_and_pruned_on_request(folder: Folder) -> None:
    folder.write_plan(acting("crud"), acting("other"))
    assert folder.run("plan.yaml").returncode == 0
    before = folder.files()
    edited = folder.workspace / next(path for path in before if path.startswith("other/") and "audit_log" in path)
    edited.write_text("mine\n")
    folder.write_plan(acting("crud", tables=["students"]), acting("other", tables=["students", "teachers"]))

    first = folder.run("plan.yaml")
    assert "crud/audit_log, crud/teachers, other/audit_log; --prune removes them" in first.stdout
    assert folder.files().keys() == before.keys()

    check = folder.run("plan.yaml", "--check")
    assert check.returncode == 3
    listed = sorted(line.partition("would prune")[2].strip() for line in check.stdout.splitlines()[:-1])
    dropped = {path for path in before if "audit_log" in path or ("teachers" in path and path.startswith("crud/"))}
    assert listed == sorted(dropped - {str(edited.relative_to(folder.workspace))})
    assert folder.files().keys() == before.keys()

    removed = f"{len(listed)} files of dropped tables would be removed\n"
    assert removed in folder.run("plan.yaml", "--dry-run", "--prune").stdout
    pruned = folder.run("plan.yaml", "--prune", "--log-format", "json")
    assert pruned.returncode == 0, pruned.stdout + pruned.stderr
    assert edited.read_text() == "mine\n"
    assert folder.files().keys() == before.keys() - dropped | {str(edited.relative_to(folder.workspace))}
    told_of = {line["message"] for line in map(json.loads, pruned.stdout.splitlines()) if "message" in line}
    assert f"left {edited.relative_to(folder.workspace)}: it was edited by hand" in told_of
    assert len([message for message in told_of if message.startswith("removed ")]) == len(dropped) - 1
    assert "--prune" not in folder.run("plan.yaml").stdout
    assert folder.run("plan.yaml", "--check").returncode == 0


@pytest.mark.parametrize("kind", ["cancel", "pause"])
def test_a_run_is_controlled_from_another_terminal(folder: Folder, kind: str) -> None:
    gate, reached = Gate(folder.path / "gate"), folder.path / "reached"
    first = acting("first", setup=True, priority=9, options={"acts": {"setup": gate.act}})
    long = acting("long", setup=True, options={"acts": {"setup": f"obey {reached}"}}, needs=["first"])
    folder.write_plan(first, acting("other", setup=True, needs=["first"]), *([long] if kind == "cancel" else []))
    process = folder.start("plan.yaml", "--json", "report.json")
    gate.wait_reached()
    if kind == "pause":
        assert "paused" in folder.run("pause").stdout
        gate.open()
        until(lambda: "paused" in folder.run("status").stdout, "the pause in the status")
        assert '"other"' in folder.run("status", "--json").stdout
        assert "resumed" in folder.run("resume").stdout
        assert process.wait(60) == 0
    else:
        gate.open()
        until(reached.exists, "the long task at work")
        ended = folder.run("cancel", "first")
        assert (ended.returncode, "'first' has ended already: done" in ended.stderr) == (1, True)
        assert "cancelled" in folder.run("cancel", "long").stdout
        assert process.wait(60) == 1
        report = json.loads((folder.path / "report.json").read_text())
        assert {task["id"]: task["status"] for task in report["tasks"]} == {
            "first": "done",
            "other": "done",
            "long": "cancelled",
        }
    process.communicate()


def test_two_plans_may_write_one_workspace_at_once(folder: Folder) -> None:
    tables = "".join(f"CREATE TABLE t{number} (id int PRIMARY KEY);\n" for number in range(40))
    (folder.path / "school.sql").write_text(tables)
    plans = [folder.write_plan(acting(name, options={"folder": "same"}), name=f"{name}.yaml") for name in ("a", "b")]
    processes = [folder.start(plan.name, "--state", f"state-{plan.stem}") for plan in plans]
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, out + err
    assert folder.files() == {f"same/t{number}.txt": f"t{number}\n".encode() for number in range(40)}
    manifest = folder.workspace / ".runner" / "manifest"
    assert len(list(manifest.rglob("*.json"))) == 80
    for record in manifest.rglob("*.json"):
        json.loads(record.read_text())


def test_a_starter_plan_runs_as_it_is(folder: Folder) -> None:
    made = folder.run("init", "school.sql")
    assert made.returncode == 0, made.stderr
    assert folder.run("validate", "school.yaml").returncode == 0
    again = folder.run("init", "school.sql")
    assert again.returncode == 2
    assert "already exists" in again.stderr


def test_init_warns_about_statements_that_were_not_understood(folder: Folder) -> None:
    (folder.path / "cut.sql").write_text("CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE b (id int")
    made = folder.run("init", "cut.sql")
    assert made.returncode == 0, made.stderr
    assert "warning: cut.sql:2: not understood: a bracket that opens here is never closed" in made.stderr
    assert "leave their tables out, then runner cut.yaml" in made.stdout
    assert folder.run("cut.yaml").returncode == 2


def test_the_plan_schema_is_printed_for_editors(folder: Folder) -> None:
    assert json.loads(folder.run("plan-schema").stdout)["type"] == "object"


def test_the_schema_command_prints_what_it_understood(folder: Folder) -> None:
    shown = folder.run("schema", "school.sql", "--json")
    assert shown.returncode == 0, shown.stderr
    tables = json.loads(shown.stdout)["tables"]
    assert [table["name"] for table in tables] == ["students", "teachers", "audit_log"]


def test_a_statement_that_was_not_understood_stops_a_run_that_needs_its_table(folder: Folder) -> None:
    with (folder.path / "school.sql").open("a") as ddl:
        ddl.write("ALTER TABLE teachers FROBNICATE COLUMN name;\n")
    line = len((folder.path / "school.sql").read_text().splitlines())
    shown = folder.run("schema", "school.sql")
    assert shown.returncode == 2
    assert f"school.sql:{line}: not understood" in shown.stdout
    folder.write_plan(acting())
    refused = folder.run("plan.yaml")
    assert refused.returncode == 2
    assert f"school.sql:{line}" in refused.stderr
    assert "teachers" in refused.stderr
    assert not folder.workspace.exists()
    folder.write_plan(acting(tables={"exclude": ["teachers"]}))
    warned = folder.run("plan.yaml")
    assert warned.returncode == 0, warned.stderr
    assert f"school.sql:{line}: not understood" in warned.stdout
    assert "crud/students.txt" in folder.files()


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("CREATE TABLE fees id int PRIMARY KEY);", "'id' where '(' or a query was expected"),
        ("CREATE TABLE fees (id int PRIMARY KEY;", "a bracket that opens here is never closed"),
        ("CREATE TABLE fees (id int DEFAULT 'a);", "a string that begins in line"),
    ],
)
def test_an_unreadable_table_stops_a_run_that_would_select_it(folder: Folder, statement: str, reason: str) -> None:
    with (folder.path / "school.sql").open("a") as ddl:
        ddl.write(statement)
    folder.write_plan(acting())
    refused = folder.run("plan.yaml")
    assert refused.returncode == 2, refused.stdout
    assert reason in refused.stderr
    assert not folder.workspace.exists()
    folder.write_plan(acting(tables={"include": ["students"], "exclude": ["fees"]}))
    warned = folder.run("plan.yaml")
    assert warned.returncode == 0, warned.stderr
    assert reason in warned.stdout


def test_usage_errors_exit_2(folder: Folder) -> None:
    for arguments in (("--no-such-option",), ("run",), ("plan.yaml", "--log-format", "xml"), ("statsu",)):
        result = folder.run(*arguments)
        assert result.returncode == 2, arguments
        assert "Traceback" not in result.stderr


def test_a_closed_pipe_causes_no_traceback(folder: Folder) -> None:
    folder.write_plan(acting())
    process = folder.start("plan.yaml", "--json", "report.json")
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert process.returncode == 0
    assert json.loads((folder.path / "report.json").read_text())["run"]["status"] == "done"
    (folder.path / "school.sql").write_text("CREATE TABLE pupils (id int PRIMARY KEY);\n")
    for command, code in ((("logs",), 0), (("plan.yaml", "--check"), 3)):
        reader = folder.start(*command)
        assert reader.stdout is not None
        reader.stdout.close()
        _, err = reader.communicate(timeout=60)
        assert (reader.returncode, err) == (code, "")


def test_the_school_plan_in_two_folders_gives_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        folder = Folder(path=tmp_path / name / "plans")
        shutil.copytree(ROOT / "plans", folder.path)
        result = folder.run("school.yaml")
        assert result.returncode == 0, result.stdout + result.stderr
        made.append(Folder(path=tmp_path / name / "build"))
    first, second = (
        {str(path.relative_to(folder.path)): path.read_bytes() for path in sorted(folder.path.rglob("*")) if keep(path)}
        for folder in made
    )
    assert first == second
    assert len(first) > 24


def keep(path: Path) -> bool:
    """Whether a file belongs to what is committed: generated code and the manifest."""
    return path.is_file() and not {"locks", "claims", "intents", "inputs"} & set(path.parts)
