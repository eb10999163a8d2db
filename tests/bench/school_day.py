"""Tasks of a school's day in Django admin, with their clicks counted as `test_school_day.py` counts ours.

python -m tests.bench.school_day
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect, sync_playwright

from tests.bench.peer_servers import ROOT, peer_environment
from tests.chromium import chromium
from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import listening, plain_environment, run, serving
from tests.integration.clicks import Clicks
from tests.integration.frontend_hands import IS_FOCUSED, Hands
from tests.integration.frontend_server import CASES, Application

MODULE = "tests.bench.peers.django_school"
PUPILS = 36  # of the class
PATIENCE_MS = 60_000

expect.set_options(timeout=PATIENCE_MS)


class Admin:
    """Django admin in a tab of a browser, and a class of pupils that are known by their names."""

    def __init__(self, tab: Page, url: str, names: list[str]) -> None:
        self.tab, self.url, self.names = tab, url, names
        self.hands = Hands(tab, "pointer")

    def open(self, path: str) -> None:
        self.tab.goto(f"{self.url}/admin/{path}")

    def log_in(self) -> None:
        self.open("")
        for label in ("Username:", "Password:"):
            self.hands.enter(self.tab.get_by_label(label), "bench")
        self.tab.keyboard.press("Enter")
        expect(self.tab.get_by_text("Site administration")).to_be_visible()

    def choose(self, prefix: str, row: int, name: str) -> None:
        """Choose a referenced row in a row of an inline: a click opens the search, and Enter takes what it finds."""
        self.tab.locator(f"#id_{prefix}-{row}-student + .select2 .select2-selection").click()
        self.tab.locator(".select2-container--open .select2-search__field").fill(name)
        expect(self.tab.locator(".select2-results__option--highlighted")).to_have_text(name)
        self.tab.keyboard.press("Enter")

    def add_rows(self, prefix: str, names: list[str]) -> None:
        """Fill rows of an inline, and ask for another one where the blank ones are used up."""
        inline = self.tab.locator(f"#{prefix}-group")
        for row, name in enumerate(names):
            if not self.tab.locator(f"#id_{prefix}-{row}-student").count():
                inline.locator(".add-row a").click()
            self.choose(prefix, row, name)

    def save(self) -> None:
        self.tab.get_by_role("button", name="Save", exact=True).click()
        expect(self.tab.locator(".messagelist .success")).to_be_visible()


def enrol(admin: Admin) -> str:
    """Enrol ten pupils on the page of their class."""
    admin.open("django_school/classes/1/change/")
    admin.add_rows("enrollments_set", admin.names[:10])
    clicks = Clicks(tab=admin.tab).count + 1  # the page that follows counts from 0
    admin.save()
    return str(clicks)


def attend(admin: Admin) -> str:
    """Take the attendance of 36 pupils, three of them absent."""
    admin.open("django_school/classes/1/change/")
    admin.add_rows("attendance_set", admin.names)
    for row, status in ((1, "sakit"), (4, "izin"), (8, "alpa")):
        admin.hands.enter(admin.tab.locator(f"#id_attendance_set-{row}-status"), status)
    clicks = Clicks(tab=admin.tab).count + 1
    admin.save()
    return str(clicks)


def find_payment(admin: Admin) -> str:
    """Find a payment by the name of its pupil, from the first page on."""
    admin.open("")
    admin.tab.get_by_role("link", name="Fee paymentss", exact=True).click()
    search = admin.tab.locator("#searchbar")
    expect(search).to_be_visible()
    is_focused = search.evaluate(IS_FOCUSED)
    admin.hands.enter(search, " ".join(reversed(admin.names[0].split())))
    admin.tab.keyboard.press("Enter")
    expect(admin.tab.locator("#result_list tbody tr")).to_have_count(1)
    admin.tab.locator("#result_list tbody").get_by_role("link").first.click()
    expect(admin.tab.get_by_role("button", name="Save", exact=True)).to_be_visible()
    return str(2 if is_focused else 3)


def delete(admin: Admin) -> str:
    """Delete a lesson that two rows of attendance refer to."""
    admin.open("django_school/schedules/1/change/")
    admin.tab.locator(".deletelink").click()
    admin.tab.get_by_role("button", name="Yes,").wait_for()
    shown = "ttendance: " in admin.tab.locator("#content").inner_text()
    admin.tab.get_by_role("button", name="Yes,").click()
    expect(admin.tab.get_by_role("button", name="Yes,")).to_be_hidden()
    said = "deleted" if admin.tab.locator(".messagelist .success").count() else admin.tab.title()
    return f"2; the question {'names' if shown else 'does not name'} the attendance; then: {said}"


def fill(folder: Path, database: Path) -> list[str]:
    """Make the school's database, with a class of pupils, a payment and a lesson with attendance; return the names."""
    backend, names = (
        write_backend(backend_files(read_schema()), folder),
        [f"Putri {chr(65 + at // 6)}{chr(65 + at % 6)}q" for at in range(PUPILS)],
    )
    with serving(backend, f"sqlite:///{database}") as server, httpx.Client(base_url=server.url, timeout=60) as api:
        cases = json.loads(run(backend, "-c", CASES).stdout)
        school = Application(url="", api=api, folder=folder, cases=cases)
        place = school.make("schools")["id"]
        room = school.make("classes", school_id=place, capacity=60, current_students=0)["id"]
        pupils = [school.make("students", school_id=place, full_name=name) for name in names]
        school.make("fee_payments", student_id=pupils[0]["id"])
        school.make("fee_payments")
        subject = school.make("class_subjects", class_id=room)["id"]
        lesson = school.make("schedules", class_subject_id=subject)["id"]
        for pupil in pupils[:2]:
            school.make("attendance", student_id=pupil["id"], class_id=room, schedule_id=lesson)
    return names


def main() -> None:
    """Print what each task takes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python, database, application = (
            peer_environment(folder / "peers"),
            folder / "school.db",
            folder / "django_school",
        )
        names = fill(folder / "school", database)
        settings = {"SCHOOL_DATABASE": str(database), "PYTHONPATH": name}
        application.mkdir()
        (application / "__init__.py").touch()
        with (application / "models.py").open("w") as models:
            environment = {**plain_environment(), **settings}
            subprocess.run(
                [str(python), "-m", MODULE], cwd=ROOT, env=environment, stdout=models, check=True, timeout=120
            )
        arguments = ["-m", "uvicorn", f"{MODULE}:app", "--log-level", "warning"]
        with (
            listening(arguments, ROOT, folder / "django.log", python=str(python), **settings) as server,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            tab.set_default_timeout(PATIENCE_MS)
            Clicks.of(tab)
            admin = Admin(tab, server.url, names)
            admin.log_in()
            for task in (enrol, attend, find_payment, delete):
                print(f"| {(task.__doc__ or '').splitlines()[0]} | {task(admin)} |", flush=True)
            browser.close()


if __name__ == "__main__":
    main()
