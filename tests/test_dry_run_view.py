"""What `--dry-run` and `--explain` show, and how lines are broken on narrow terminals."""

from __future__ import annotations

import pytest

from runner.command.doctor import Finding, report_line
from runner.progress.reports.displays import painted_line
from runner.progress.reports.dry_run_view import dry_run_lines
from runner.progress.reports.explanation_view import Explanation
from runner.progress.reports.run_account import RunAccount
from runner.progress.reports.summary import Line
from runner.progress.reports.tally import Ending
from runner.progress.reports.text_layout import wrapped
from runner.records.events import Event, RunEnded, TaskEnded
from runner.records.status import RunStatus, TaskStatus
from tests.sample_runs import at, ended, run_started, task_added


def outlook(tasks: int, width: int | None = None) -> list[str]:
    """Return the screen of a dry run in which each of so many tasks would update a file."""
    events: list[Event] = [run_started(), *(task_added(f"task-{number}", ["students"]) for number in range(tasks))]
    events += [ended(f"task-{number}", "students") for number in range(tasks)]
    events += [task_added("idle", ["students"]), ended("idle", "students", up_to_date=True)]
    events += [
        TaskEnded(task_id="idle", status=TaskStatus.DONE),
        RunEnded(status=RunStatus.DONE, exit_code=0, at=at(9)),
    ]
    changes = [(f"task-{number}/students", ("update", "a.txt")) for number in range(tasks)]
    return [line.text for line in dry_run_lines(RunAccount.of("run", events, changes, {}), ["b.txt"], width)]


def test_a_large_plan_fits_on_a_screen() -> None:
    lines = outlook(500)
    assert len(lines) == 35
    assert lines[31:] == [
        "and 470 more tasks that would run",
        "up to date: idle",
        "1 file of dropped tables would stay; --prune removes what nobody edited",
        "500 sub-tasks of 500 tasks would run: 500 to update; nothing was written",
    ]


def test_files_of_dropped_tables_would_be_removed_with_prune() -> None:
    account = RunAccount.of("run", [task_added("crud", ["students"])], (), {})
    lines = [line.text for line in dry_run_lines(account, ["a.txt", "b.txt"], prune=True)]
    assert "2 files of dropped tables would be removed" in lines


def test_a_plan_with_nothing_to_do_has_a_line_for_that() -> None:
    assert outlook(0)[-1] == "nothing would run; nothing was written"


@pytest.mark.parametrize("width", [40, 60, 72, 80, 120])
def test_a_dry_run_fits_its_terminal(width: int) -> None:
    for line in outlook(3, width)[:-3]:
        assert len(line) <= width


def test_a_verb_has_a_column_where_it_occurs() -> None:
    changes = [("crud/students", ("update", "a")), ("crud/students", ("merge", "b"))]
    account = RunAccount.of("run", [task_added("crud", ["students"]), ended("crud", "students")], changes, {})
    head, row, verdict = (line.text.split() for line in dry_run_lines(account, []))
    assert head[3:] == ["update", "merge"]
    assert row[2:] == ["1", "of", "1", "1", "1"]
    assert "1 to update, 1 to merge;" in " ".join(verdict)


def test_reasons_are_shown_with_what_became_of_each_sub_task() -> None:
    explanation = Explanation(reasons={"a/x": "new", "a/y": "up to date", "b/x": "up to date", "c/x": "new"})
    explanation.add(Ending("a", "x", "done", 1.0, None))
    explanation.add(Ending("a", "y", "up to date", 1.0, None))
    explanation.add(Ending("b", "x", "done", 1.0, None))
    explanation.add(Ending("c", None, "skipped", 0.0, "needs 'b', which failed", 1))
    assert [line.text for line in explanation.lines()] == [
        "a/x  ran         new",
        "a/y  up to date",
        "b/x  ran         another task changed its files",
        "c/x  skipped     needs 'b', which failed; new",
    ]


def test_a_reason_goes_over_several_lines_on_a_narrow_terminal() -> None:
    explanation = Explanation(reasons={"crud/students": "table changed: +column email, -column name, ~primary key"})
    explanation.add(Ending("crud", "students", "done", 1.0, None))
    assert [line.text for line in explanation.lines(40)] == [
        "crud/students",
        "  ran: table changed: +column email,",
        "  -column name, ~primary key",
    ]
    assert [line.text for line in explanation.lines(64)] == [
        "crud/students  ran  table changed: +column email, -column name,",
        "                    ~primary key",
    ]


def test_a_line_is_broken_at_blanks_and_a_path_stays_whole() -> None:
    path = "backend/app/tables/students/a_rather_long_name.py"
    assert wrapped(f"would create  {path}", 40) == ["would create", f"  {path}"]
    assert wrapped("  an indented line of some more words", 20) == [
        "  an indented line",
        "    of some more",
        "    words",
    ]
    assert wrapped("short", 40) == ["short"]
    assert wrapped("a b " * 40, None) == ["a b " * 40]


def test_a_marked_word_keeps_its_colour_where_a_line_is_broken() -> None:
    line = Line("crud/students is a table whose generation has failed", "bad", "failed")
    assert painted_line(line, colour=True, width=40).split("\n")[-1].strip() == "generation has \x1b[31mfailed\x1b[0m"
    whole = Line("start it: cd a/folder/of/some/length && make dev", whole=True)
    assert "\n" not in painted_line(whole, colour=False, width=20)


def test_a_finding_of_doctor_fits_its_terminal() -> None:
    found = Finding(state="off", name="language model", text="ANTHROPIC_API_KEY is not set; keywords decide")
    lines = report_line(found, colour=False, width=40).split("\n")
    assert [len(line) <= 40 for line in lines] == [True] * len(lines)
    assert "".join(report_line(found, colour=True, width=40).split("\n")).startswith(
        "\x1b[2moff\x1b[0m  language model"
    )
    assert "\n" not in report_line(found, colour=False)
