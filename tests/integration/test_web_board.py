"""The board in Chromium during real runs, who may use it, and what it costs with many pages and sub-tasks."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import expect

from runner.progress.reports.report_page import report_html
from runner.progress.reports.run_account import RunAccount
from runner.progress.stores.sqlite_store import SqliteStore
from runner.records.events import Event, Logged, RunEnded, TaskStarted
from runner.records.status import RunStatus, SubTaskStatus
from runner.records.task import FileCounts
from tests.integration.axe import OF_COLOURS, grave_findings
from tests.integration.command import LIMIT, ROOT, Folder, acting, environment, make_folder
from tests.integration.jobs import Gate
from tests.sample_runs import at, ended, run_started, started, task_added

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

pytest_plugins = ["tests.integration.frontend_browser"]

RUN = "3f2a9c1b-0000-4000-8000-000000000000"
PATIENCE = 60.0  # seconds


@dataclass
class Board:
    """A running board."""

    process: subprocess.Popen[str]
    address: str

    @property
    def port(self) -> int:
        return urlsplit(self.address).port or 0

    @property
    def path(self) -> str:
        return urlsplit(self.address).path

    def get(self, path: str = "", *, method: str = "GET", **headers: str) -> tuple[int, str]:
        """Send a request with these headers, underscores for dashes; return status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
            response = connection.getresponse()
            return response.status, response.read().decode()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make_folder(tmp_path / "project")


@contextlib.contextmanager
def board(folder: Path, *options: str, port: int = 0, **env: str) -> Iterator[Board]:
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "board", "--port", str(port), *options],
        cwd=folder, env=environment(**env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("board: http://127.0.0.1:"), line or process.communicate(timeout=PATIENCE)[1]
        yield Board(process, line.split()[1])
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=PATIENCE)
        finally:
            process.kill()


def stored(folder: Path, events: list[Event]) -> None:
    with SqliteStore(folder / ".runner") as store:
        store.append(RUN, events)


def card(tab: Page, column: str, text: str) -> Any:
    return tab.get_by_role("region", name=column).get_by_role("listitem").filter(has_text=text)


def test_a_run_is_shown_while_it_lasts_and_found_again_after_a_restart(folder: Folder, tab: Page) -> None:
    gate = Gate(folder.path / "gate")
    acts = {"students": "print 3", "teachers": gate.act, "audit_log": "raise final"}
    folder.write_plan(acting("crud", options={"acts": acts}), acting("pages", needs=["crud"]))
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(board(folder.path))
        tab.goto(first.address)
        expect(tab.get_by_role("heading", level=1)).to_have_text("No run yet")
        run = folder.start("plan.yaml")
        expect(card(tab, "In progress", "teachers")).to_be_visible()
        expect(card(tab, "Sub-tasks", "pages")).to_have_count(3)
        expect(card(tab, "Done", "students")).to_contain_text("done")
        expect(card(tab, "Done", "audit_log")).to_contain_text("as asked")
        tab.get_by_role("tab", name="Log").click()
        log = tab.get_by_label("Lines of the log")
        expect(log).to_contain_text("line 2")
        first.process.kill()  # the pages are not told
        expect(tab.get_by_text("not connected, trying again")).to_be_visible()
        gate.open()
        assert run.wait(PATIENCE) == 1
        with board(folder.path, port=first.port) as second:
            assert second.address == first.address
            expect(tab.get_by_text("not connected, trying again")).to_be_hidden()
            expect(log).to_contain_text("pages: skipped")
        numbers = tab.locator("#lines li").evaluate_all("items => items.map((item) => Number(item.dataset.seq))")
        assert numbers == sorted(set(numbers))
        with SqliteStore(folder.path / ".runner") as store:
            run_id = store.run().id
            shown = store.newest_events(run_id, (Logged,), 1000)
        told = [recorded.seq for recorded in shown if getattr(recorded.event, "level", "") != "debug"]
        assert set(told) <= set(numbers)
    run.communicate()


RECORD_COLUMNS = """() => {
  window.seen = {};
  const look = () => {
    for (const column of ["waiting", "running", "done"]) {
      for (const { dataset } of document.querySelectorAll(`[aria-labelledby=head-${column}] li`)) {
        const columns = (window.seen[dataset.id] ??= []);
        if (columns.at(-1) !== column) columns.push(column);
      }
    }
  };
  new MutationObserver(look).observe(document.getElementById("board"), { childList: true, subtree: true });
}"""


def test_the_school_plan_on_the_board_and_in_its_report(tmp_path: Path, tab: Page) -> None:
    shutil.copytree(ROOT / "plans", tmp_path / "plans")
    with board(tmp_path) as served:
        tab.goto(served.address)
        tab.evaluate(RECORD_COLUMNS)
        run = Folder(path=tmp_path).start("plans/school.yaml", "--report", "report.html")
        expect(tab.locator("#status")).to_have_text("done", timeout=LIMIT * 1000)
        assert run.wait(PATIENCE) == 0
        run.communicate()
        expect(tab.get_by_text("77 of 77 sub-tasks ended")).to_be_visible()
        columns: dict[str, list[str]] = tab.evaluate("window.seen")
        found = grave_findings(tab)
    assert len(columns) == 77
    order = ["waiting", "running", "done"]
    assert all(seen == sorted(set(seen), key=order.index) and seen[-1] == "done" for seen in columns.values())
    assert sum(seen == order for seen in columns.values()) > 10
    tab.set_viewport_size({"width": 375, "height": 812})
    tab.goto((tmp_path / "report.html").as_uri())
    expect(tab.get_by_role("heading", name="school done")).to_be_visible()
    expect(tab.get_by_role("region", name="Timeline").get_by_role("img")).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") == 375
    assert found + grave_findings(tab) == []


def test_the_page_can_be_used_by_keyboard_on_a_phone_and_in_the_dark(folder: Folder, tab: Page) -> None:
    stored(folder.path, many_events(30))
    tab.set_viewport_size({"width": 375, "height": 812})
    with board(folder.path) as served:
        tab.goto(served.address)
        expect(tab.get_by_text("29 of 30 sub-tasks ended")).to_be_visible()
        found = grave_findings(tab)
        tab.keyboard.press("/")
        tab.keyboard.type("table_7")
        expect(tab.get_by_role("region", name="Done").get_by_role("listitem")).to_have_count(1)
        tab.keyboard.press("Tab")
        for name in ("Log", "Timeline"):
            tab.get_by_role("tab", selected=True).focus()
            tab.keyboard.press("ArrowRight")
            expect(tab.get_by_role("tabpanel", name=name)).to_be_visible()
            found += grave_findings(tab)
        assert tab.evaluate("document.documentElement.scrollWidth") == 375
        tab.get_by_role("button", name="Switch between light and dark mode").press("Enter")
        expect(tab.locator("html")).to_have_attribute("data-mode", "dark")
        assert found + grave_findings(tab, OF_COLOURS) == []


MEASURED = """() => {
  const chart = document.querySelector("[aria-label=Timeline] svg");
  const frame = chart.parentElement.getBoundingClientRect();
  const places = (name) => [...chart.querySelectorAll(name)].map((each) => each.getBoundingClientRect());
  const [texts, bars] = [places("text"), places("rect")];
  const meet = (one, other) =>
    one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
  return {
    bars: bars.length,
    narrowest: Math.min(...bars.map(({ width }) => width)),
    cut: [...texts, ...bars].filter(({ left, right }) => left < frame.left || right > frame.right).length,
    covered: texts.filter((text) => bars.some((bar) => meet(text, bar))).length,
  };
}"""


def test_a_timeline_on_a_phone_has_all_bars_and_names_in_view(folder: Folder, tab: Page) -> None:
    tables = [f"table_{number}" for number in range(60)]
    events: list[Event] = [run_started(), task_added("crud", tables), TaskStarted(task_id="crud", at=at(0))]
    for number, table in enumerate(tables):
        begun = replace(started("crud", table, seconds=2 * number), pid=4_194_300 + number % 5)
        events += [begun, ended("crud", table, seconds=2 * number + 0.01)]
    events.append(RunEnded(status=RunStatus.DONE, exit_code=0, at=at(118.01)))
    stored(folder.path, events)
    tab.set_viewport_size({"width": 375, "height": 812})
    with board(folder.path) as served:
        tab.goto(served.address)
        expect(tab.get_by_text("60 of 60 sub-tasks ended")).to_be_visible()
        tab.get_by_role("tab", name="Timeline").click()
        expect(tab.locator("#chart rect")).to_have_count(60)
        on_board = tab.evaluate(MEASURED)
    report = folder.path / "report.html"
    report.write_text(report_html(RunAccount.of(RUN, events)))
    tab.goto(report.as_uri())
    for found in (on_board, tab.evaluate(MEASURED)):
        assert found.pop("narrowest") > 3.9
        assert found == {"bars": 60, "cut": 0, "covered": 0}


def test_what_cannot_be_seen_in_names_and_lines_is_shown_as_an_escape(folder: Folder, tab: Page) -> None:
    table = "pay\u202eees\x1b[31m\n"
    events: list[Event] = [run_started("sch\x07ool"), task_added("cr\x85ud", [table])]
    events += [TaskStarted(task_id="cr\x85ud", at=at(0)), started("cr\x85ud", table)]
    events.append(Logged(level="info", message="one\x1b]0;title\x07\n\ttwo\r", task_id="cr\x85ud", at=at(1)))
    events.append(ended("cr\x85ud", table, SubTaskStatus.FAILED, error="no\x00where\nat all"))
    stored(folder.path, events)
    with board(folder.path) as served:
        tab.goto(served.address)
        expect(tab.get_by_role("heading", level=1)).to_have_text(r"sch\x07ool")
        assert tab.title() == r"sch\x07ool: running"
        failed = card(tab, "Done", r"pay\u202eees\x1b[31m\n")
        expect(failed).to_contain_text(r"no\x00where at all")
        expect(failed).to_contain_text(r"cr\x85ud")
        tab.get_by_role("tab", name="Log").click()
        lines = tab.get_by_label("Lines of the log")
        expect(lines).to_contain_text(r"one\x1b]0;title\x07")
        assert r"cr\x85ud: one\x1b]0;title\x07" + "\n\ttwo\\r" in lines.inner_text()
        tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
        tab.get_by_role("button", name="Copy").click()
        expect(tab.get_by_text("lines copied")).to_be_visible()
        copied = tab.evaluate("navigator.clipboard.readText()")
    assert [sign for sign in copied if ord(sign) < 32 and sign not in "\n\t"] == []
    assert r"one\x1b]0;title\x07" in copied


def test_a_run_that_is_done_but_not_right_is_not_called_done(folder: Folder, tab: Page) -> None:
    events: list[Event] = [run_started(), task_added("crud", ["students", "grades"])]
    events += [started("crud", "students"), ended("crud", "students", files=FileCounts(conflicts=1))]
    events += [started("crud", "grades"), ended("crud", "grades")]
    stored(folder.path, [*events, RunEnded(status=RunStatus.DONE, exit_code=1, at=at(9))])
    with board(folder.path) as served:
        tab.goto(served.address)
        expect(tab.locator("#status")).to_have_text("in conflict")
        expect(tab.locator("#status")).to_have_class("status failed")
        expect(card(tab, "Done", "students")).to_contain_text("in conflict")
        expect(card(tab, "Done", "grades")).to_contain_text("done")
        expect(tab.get_by_role("combobox", name="Run")).to_contain_text("· in conflict ·")
        assert tab.title() == "school: in conflict"


def test_tabs_share_one_stream(folder: Folder, tab: Page) -> None:
    stored(folder.path, many_events(3))
    with board(folder.path) as served:
        tabs = [tab, *(tab.context.new_page() for _ in range(7))]  # more than the six streams of a host
        for each in tabs:
            each.goto(served.address)
            expect(each.get_by_text("2 of 3 sub-tasks ended")).to_be_visible()
        stored(folder.path, [ended("crud", "table_2", seconds=3)])
        for each in tabs:
            expect(each.get_by_text("3 of 3 sub-tasks ended")).to_be_visible()
        streams = [
            each for each in psutil.Process(served.process.pid).net_connections() if each.status == "ESTABLISHED"
        ]
        assert len(streams) <= 6


def test_control_is_refused_unless_it_was_allowed(folder: Folder, tab: Page) -> None:
    gate = Gate(folder.path / "gate")
    folder.write_plan(acting("crud", options={"acts": {"*": gate.act}}))
    run = folder.start("plan.yaml")
    with board(folder.path) as served:
        tab.goto(served.address)
        expect(card(tab, "In progress", "students")).to_be_visible()
        expect(tab.get_by_role("button", name="Cancel")).to_be_hidden()
        run_id = json.loads(served.get(f"{served.path}settings")[1])["runs"][0]["id"]
        status, text = served.get(f"{served.path}runs/{run_id}/cancel", method="POST")
        assert (status, json.loads(text)["message"]) == (403, "start the board with --allow-control to use this")
    with board(folder.path, "--allow-control") as served:
        tab.goto(served.address)
        tab.get_by_role("button", name="Pause").click()
        expect(tab.get_by_text(": paused")).to_be_visible()
        tab.get_by_role("button", name="Cancel").click()
        expect(tab.get_by_text(": cancelled")).to_be_visible()
        gate.open()
        assert run.wait(PATIENCE) == 1
        expect(tab.locator("#status")).to_have_text("cancelled")
    run.communicate()


REFUSED = {
    "no token": ("/", {}, 404),
    "another token": ("/0123456789/", {}, 404),
    "the page's file without a token": ("/board.js", {}, 404),
    "another name for this machine": ("{path}", {"Host": "board.example:{port}"}, 421),
    "another port": ("{path}", {"Host": "127.0.0.1:1"}, 421),
    "a script of another site": ("{path}settings", {"Origin": "http://site.example"}, 403),
    "a page without an origin": ("{path}settings", {"Origin": "null"}, 403),
    "an image of another site": ("{path}settings", {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}, 403),
    "a file beside the page": ("{path}board_server.py", {}, 404),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    folder = tmp_path_factory.mktemp("board")
    stored(folder, many_events(3))
    with board(folder, "--allow-control") as running:
        yield running


@pytest.mark.parametrize("case", REFUSED)
def test_who_may_not_use_it(served: Board, case: str) -> None:
    path, headers, expected = REFUSED[case]
    values = {"path": served.path, "port": str(served.port)}
    sent = {name: text.format(**values) for name, text in headers.items()}
    status, body = served.get(path.format(**values), **sent)
    assert status == expected
    assert "school" not in body
    assert served.get(served.path)[0] == 200


def test_it_listens_on_loopback_only_and_sends_no_token_to_others(served: Board) -> None:
    listening = [each for each in psutil.Process(served.process.pid).net_connections() if each.status == "LISTEN"]
    assert [each.laddr.ip for each in listening] == ["127.0.0.1"]
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request("GET", served.path)
        headers = connection.getresponse().headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_an_unknown_run_and_a_broken_position_are_answered(served: Board) -> None:
    status, text = served.get(f"{served.path}runs/nothing/events")
    assert (status, "there is no run 'nothing'" in text) == (404, True)
    with stream(served, RUN, after="not-a-number") as events:
        assert next(events)["kind"] == "whole"


def test_a_taken_port_names_who_has_it(folder: Folder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = folder.run("board", "--port", str(port))
    assert done.returncode == 2
    assert f"port {port} is taken by " in done.stderr
    assert f"(process {os.getpid()}); choose another with --port" in done.stderr


def test_without_the_extra_it_names_the_command_that_installs_it(folder: Folder) -> None:
    (folder.path / "uvicorn.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'uvicorn'\", name='uvicorn')\n"
    )
    done = folder.run("board", PYTHONPATH=f"{folder.path}:{environment()['PYTHONPATH']}")
    assert done.returncode == 2
    assert "pip install 'plan-runner[board]'" in done.stderr


# ------------------------------------------------------------------------------------------ many pages, many sub-tasks

CLIENTS = 20
SUBTASKS = 10_000
MOST_MEMORY = 200 * 2**20  # bytes of the server
MOST_LATENCY = 1.0  # seconds from a commit to the slowest page; of the best change, as the machine may be busy


def many_events(count: int) -> list[Event]:
    """A run whose last sub-task has not ended."""
    tables = [f"table_{number}" for number in range(count)]
    events: list[Event] = [run_started(), task_added("crud", tables), TaskStarted(task_id="crud", at=at(0))]
    events += [started("crud", table) for table in tables]
    return [*events, *(ended("crud", table) for table in tables[:-1])]


@contextlib.contextmanager
def stream(served: Board, run_id: str, after: str = "") -> Iterator[Iterator[dict[str, Any]]]:
    """Open the events of a run, as the page does; yields their messages."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request("GET", f"{served.path}runs/{run_id}/events?after={after}")
        response = connection.getresponse()
        assert response.status == 200

        def messages() -> Iterator[dict[str, Any]]:
            kind = ""
            for raw in response:
                line = raw.decode().rstrip("\n")
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: ") and not kind:
                    yield json.loads(line[6:])
                elif not line:
                    kind = ""

        yield messages()


def received_whole(messages: Iterator[dict[str, Any]]) -> int:
    """Read the parts of a whole state; return how many sub-tasks they have."""
    received = 0
    for message in messages:
        received += len(message["subtasks"])
        if "seq" in message:
            return received
    raise AssertionError("the stream has ended")


def test_twenty_pages_on_ten_thousand_sub_tasks(tmp_path: Path) -> None:
    """It prints how long a change takes from its commit to the slowest page."""
    stored(tmp_path, many_events(SUBTASKS))
    with contextlib.ExitStack() as stack:
        served = stack.enter_context(board(tmp_path))
        pages = [stack.enter_context(stream(served, RUN)) for _ in range(CLIENTS)]
        for page in pages:
            assert received_whole(page) == SUBTASKS
        latencies = []
        store = stack.enter_context(SqliteStore(tmp_path / ".runner"))
        for number in range(5):
            store.append(RUN, [Logged(level="info", message=f"line {number}")])
            committed = time.monotonic()
            arrived = [0.0] * CLIENTS

            def wait_for(place: int, text: str = f"line {number}", arrived: list[float] = arrived) -> None:
                while not any(line["text"] == text for line in next(pages[place])["log"]):
                    pass
                arrived[place] = time.monotonic()

            threads = [threading.Thread(target=wait_for, args=(place,)) for place in range(CLIENTS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
            latencies.append(max(arrived) - committed)
        memory = psutil.Process(served.process.pid).memory_info().rss
        print(f"memory {memory / 2**20:.0f} MiB, latencies {', '.join(f'{each:.2f} s' for each in latencies)}")
        assert memory < MOST_MEMORY
        assert min(latencies) < MOST_LATENCY
        assert all(arrived)
