"""Each command of README and `docs/` is run, page by page, and the site is built and opened in Chromium."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.documentation import PAGES, ROOT, Block, blocks
from tests.integration.axe import OF_COLOURS, grave_findings
from tests.integration.command import acting, environment, make_folder
from tests.integration.convex_deployment import open_server
from tests.integration.jobs import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytest_plugins = ["tests.integration.frontend_browser"]

LIMIT = 180  # seconds for the commands of one block
PLAN = """\
version: 1
name: school
ddl: school.sql
workspace: ../build/school
tasks:
  - {id: be-setup, description: BE setup, priority: 10}
  - {id: be-crud, description: BE CRUD APIs, needs: [be-setup], tables: [students, teachers]}
"""  # in place of the whole school's on all pages but README: they run it many times


def variables(page: Path) -> contextlib.AbstractContextManager[dict[str, str]]:
    """Yield what the commands of a page find in their environment."""
    if page.name == "convex.md":

        @contextlib.contextmanager
        def deployment() -> Iterator[dict[str, str]]:
            with open_server() as server:
                yield server.environ

        return deployment()
    return contextlib.nullcontext({})


class Session:
    """A folder in which the examples of one page are tried, in order."""

    def __init__(self, path: Path, more: dict[str, str], *, whole: bool) -> None:
        self.folder = make_folder(path)
        shutil.copytree(ROOT / "plans", path / "plans")
        if not whole:
            (path / "plans" / "school.yaml").write_text(PLAN)
        (path / "school.sql").unlink()
        programs = Path(sys.executable).parent
        self.environ = environment(**more, PATH=f"{programs}:{os.environ['PATH']}")

    def try_block(self, block: Block) -> None:
        if "file" in block.marks:
            path = self.folder.path / block.marks["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        elif block.language == "python" and "example" in block.marks:
            program = self.folder.path / "example.py"
            program.write_text(block.text)
            self._succeeds(block, [sys.executable, program.name])
        elif block.language == "sh" and "untested" not in block.marks:
            self._run(block)

    def _run(self, block: Block) -> None:
        if "serve" in block.marks:
            self._serve(block)
        elif "during" in block.marks:
            with self._running_plan():
                self._succeeds(block, ["bash", "-euo", "pipefail", "-c", block.text])
        else:
            code = int(block.marks.get("exit", "0"))
            self._succeeds(block, ["bash", "-euo", "pipefail", "-c", block.text], code)

    def _succeeds(self, block: Block, command: list[str], code: int = 0) -> None:
        done = subprocess.run(
            command, cwd=self.folder.path, env=self.environ, capture_output=True, text=True, timeout=LIMIT, check=False
        )
        assert done.returncode == code, f"{block.place}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, block.place

    def _serve(self, block: Block) -> None:
        """Start it, and interrupt it once it has printed a line."""
        process = subprocess.Popen(
            ["bash", "-c", f"exec {block.text.strip()}"], cwd=self.folder.path, env=self.environ,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, f"{block.place}\n{process.communicate(timeout=LIMIT)[1]}"
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=LIMIT)
        finally:
            process.kill()

    @contextlib.contextmanager
    def _running_plan(self) -> Iterator[None]:
        gate = Gate(self.folder.path / "gate")
        (self.folder.path / "one.sql").write_text("CREATE TABLE notes (id bigint PRIMARY KEY);")
        task = acting("notes", options={"acts": {"*": gate.act}})
        self.folder.write_plan(task, name="running.yaml", ddl="one.sql")
        run = self.folder.start("running.yaml")
        try:
            gate.wait_reached()
            yield
        finally:
            gate.open()
            run.communicate(timeout=LIMIT)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_work(page: Path, tmp_path: Path) -> None:
    with variables(page) as more:
        session = Session(tmp_path / "project", more, whole=page.name == "README.md")
        for block in blocks(page):
            session.try_block(block)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = built(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder


def built(root: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the pages of a checkout into a folder, in a process of its own: Sphinx's parts warn each other."""
    return subprocess.run(
        [sys.executable, "-m", "docs", str(folder)],
        cwd=root, env=environment(), capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip


def test_the_site_requests_nothing_and_can_be_read_on_a_phone(site: Path, browser: Browser) -> None:
    tab = browser.new_page(viewport={"width": 375, "height": 812})
    requested: list[str] = []
    tab.on("request", lambda request: requested.append(request.url))
    pages = sorted(site.glob("*.html"))
    assert {page.stem for page in pages} >= {page.stem for page in PAGES if page.parent == ROOT / "docs"}
    found = []
    for page in pages:
        tab.goto(page.as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") == 375, page.name
        found += [f"{page.name}: {finding}" for finding in grave_findings(tab)]
    tab.emulate_media(color_scheme="dark")
    tab.goto((site / "index.html").as_uri())
    found += grave_findings(tab, OF_COLOURS)
    tab.close()
    assert found == []
    assert [url for url in requested if not url.startswith(("file:", "data:"))] == []


def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    page = tmp_path / "docs" / "how-it-works.md"
    page.write_text(page.read_text() + "\n[here](nowhere.md)\n")
    done = built(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    assert re.search(r"how-it-works\.md.*nowhere", done.stderr)
