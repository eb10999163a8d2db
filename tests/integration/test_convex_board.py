"""`runner board --convex`: the page during a run whose events are on a deployment, and wrong settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from runner.progress.web_board.board_source import AwayError
from runner.progress.web_board.convex_source import ConvexSource
from runner.progress.web_board.run_feed import StateSource
from tests.integration.command import Folder, acting, make_folder
from tests.integration.convex_deployment import READ_TOKEN, Server, open_server
from tests.integration.jobs import Gate, until
from tests.integration.test_web_board import PATIENCE, board, card

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from runner.progress.web_board.board_source import Feed

pytest_plugins = ["tests.integration.frontend_browser"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with open_server() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make_folder(tmp_path / "project")


def reading(server: Server) -> dict[str, Any]:
    """Return the environment of a machine that may only read."""
    return {"CONVEX_URL": server.url, "RUNNER_CONVEX_READ_TOKEN": READ_TOKEN, "NO_PROXY": "127.0.0.1"}


def test_the_page_shows_a_run_of_another_machine_while_it_lasts(
    folder: Folder, tab: Page, server: Server, tmp_path: Path
) -> None:
    gate = Gate(folder.path / "gate")
    acts = {"students": "print 3", "teachers": gate.act, "audit_log": "raise final"}
    folder.write_plan(acting("crud", options={"acts": acts}), acting("pages", needs=["crud"]), name="plan.yaml")
    run = folder.start("plan.yaml", **server.environ)
    gate.wait_reached()
    until(lambda: server.query("runs:board") is not None, "the run on the deployment")
    with board(tmp_path, "--convex", **reading(server)) as served:
        tab.goto(served.address)
        expect(card(tab, "In progress", "teachers")).to_be_visible()
        expect(card(tab, "Sub-tasks", "pages")).to_have_count(3)
        expect(card(tab, "Done", "audit_log")).to_contain_text("as asked")
        assert READ_TOKEN not in served.get(f"{served.path}settings")[1] + tab.content()
        tab.get_by_role("tab", name="Log").click()
        expect(tab.get_by_label("Lines of the log")).to_contain_text("line 2")
        server.kill()
        expect(
            tab.get_by_text(re.compile(r"^Convex at .* (cannot be reached|dropped the connection)$"))
        ).to_be_visible()
        server.start()
        expect(tab.get_by_text(re.compile("^Convex at "))).to_be_hidden()
        gate.open()
        assert run.wait(PATIENCE) == 1
        run.communicate()


def as_numbers(messages: list[Any]) -> Any:
    return sorted(messages, key=lambda message: str(message["id"]))


def test_both_sources_say_the_same_of_a_run(folder: Folder, server: Server) -> None:
    acts = {"students": "fail_once once", "teachers": "raise final", "audit_log": "print 3"}
    folder.write_plan(
        acting("crud", options={"acts": acts}, retries={"attempts": 2, "backoff": 0}), acting("pages", needs=["crud"])
    )
    environ: dict[str, Any] = server.environ
    assert folder.run("plan.yaml", **environ).returncode == 1
    here, there = StateSource(folder.path / ".runner"), ConvexSource(server.target(token=READ_TOKEN))
    (run,) = here.runs()
    assert run in there.runs()
    feeds: list[Feed] = [here.follow(run["id"]), there.follow(run["id"])]
    whole = [list(feed.whole()) for feed in feeds]
    for part in ("tasks", "subtasks"):
        mine, theirs = ([each for message in messages for each in message[part]] for messages in whole)
        assert as_numbers(mine) == as_numbers(theirs)
    logs = [{(line["seq"], line["level"], line["where"]) for line in messages[0]["log"]} for messages in whole]
    assert logs[0] == logs[1]
    assert [messages[-1]["seq"] for messages in whole] == [feed.seq for feed in feeds]
    late = [next(feed.since(feed.seq - 5)) for feed in feeds]
    assert late[0]["seq"] == late[1]["seq"]
    assert as_numbers(late[0]["tasks"]) == as_numbers(late[1]["tasks"])
    assert [feed.advance() for feed in feeds] == [None, None]
    assert all(feed.has_ended for feed in feeds)
    here.close()
    there.close()


@pytest.mark.parametrize(
    ("environ", "code", "words"),
    [
        ({}, 2, "--convex needs CONVEX_URL and RUNNER_CONVEX_READ_TOKEN (or RUNNER_CONVEX_TOKEN) in the environment"),
        ({"CONVEX_URL": "http://127.0.0.1:9"}, 2, "--convex needs RUNNER_CONVEX_READ_TOKEN (or RUNNER_CONVEX_TOKEN)"),
        ({"RUNNER_CONVEX_TOKEN": "x"}, 2, "--convex needs CONVEX_URL in the environment"),
        ({"CONVEX_URL": "happy-otter", "RUNNER_CONVEX_TOKEN": "x"}, 2, "CONVEX_URL is not the address of a deployment"),
        ({"CONVEX_URL": "http://127.0.0.1:9", "RUNNER_CONVEX_TOKEN": "x"}, 1, "Convex at http://127.0.0.1:9 cannot be"),
    ],
)
def test_a_wrong_setting_is_reported_before_anything_is_served(
    folder: Folder, environ: dict[str, Any], code: int, words: str
) -> None:
    done = folder.run("board", "--convex", "--port", "0", **environ)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr


def test_a_wrong_secret_and_control_are_refused(folder: Folder, server: Server) -> None:
    wrong = folder.run("board", "--convex", **{**reading(server), "RUNNER_CONVEX_READ_TOKEN": "wrong-secret"})
    assert wrong.returncode == 1
    assert "refused the secret; is RUNNER_CONVEX_READ_TOKEN or RUNNER_CONVEX_TOKEN the one" in wrong.stderr
    assert "wrong-secret" not in wrong.stderr
    done = folder.run("board", "--convex", "--allow-control", **reading(server))
    assert done.returncode == 2
    assert "leave out --convex, or --allow-control" in done.stderr


def test_a_deployment_that_is_away_says_so() -> None:
    server = open_server()
    source = ConvexSource(server.target())
    assert source.runs() == []
    server.kill()
    with pytest.raises(AwayError, match=r"Convex at http://127\.0\.0\.1"):
        source.runs()
    source.close()
