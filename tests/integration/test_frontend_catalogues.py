"""A further language of a generated frontend is one further file, which the types, the own tests and the menu take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from runner.ddl.reader import read_ddl_text
from tests.integration.frontend import frontend_files, node_tool, write_files

if TYPE_CHECKING:
    from pathlib import Path

SQL = "CREATE TABLE note (id int PRIMARY KEY, body text NOT NULL);"
CATALOGUES = "src/core/language/catalogues"
MENU_TEST = "src/app/german.isolated.test.tsx"
MENU = """import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";

it("is offered under its own name, and is the language of the page once it is chosen", async () => {
  localStorage.setItem("language", "de");
  vi.resetModules();
  const { loadMessages, t } = await import("../core/language/messages");
  await loadMessages();
  const { LanguageMenu } = await import("./language-menu");
  render(
    <MantineProvider env="test">
      <LanguageMenu />
    </MantineProvider>,
  );
  const menu = screen.getByRole("combobox", { name: "Sprache" });
  expect([...menu.children].map(({ textContent }) => textContent)).toContain("Deutsch");
  expect(menu).toHaveValue("de");
  expect(t("views.remove", { view: "Neu" })).toBe("Ansicht Neu entfernen");
});
"""


@pytest.fixture(scope="module")
def frontend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = frontend_files(read_ddl_text(SQL, "postgres"))
    return write_files(files, tmp_path_factory.mktemp("frontend"))


@pytest.fixture
def german(frontend: Path) -> Path:
    """Write a German catalogue, as the README describes it: a copy of the English one with other texts."""
    text = (frontend / CATALOGUES / "en.ts").read_text()
    for old, new in (
        ("export default {", 'import type { Catalogue } from "../messages";\n\nexport default {'),
        ("} as const;", "} satisfies Catalogue;"),
        ('"Language"', '"Sprache"'),
        ('"Remove view {view}"', '"Ansicht {view} entfernen"'),
    ):
        assert old in text
        text = text.replace(old, new)
    file = frontend / CATALOGUES / "de.ts"
    file.write_text(text)
    return file


def types_of(frontend: Path) -> tuple[int, str]:
    result = node_tool(frontend, "tsc", "--noEmit")
    return result.returncode, result.stdout


def test_types_tests_and_menu_take_a_further_language(frontend: Path, german: Path) -> None:
    assert german.exists()
    (frontend / MENU_TEST).write_text(MENU)
    assert types_of(frontend) == (0, "")
    result = node_tool(frontend, "vitest", "run", f"{CATALOGUES}.test.ts", MENU_TEST)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    assert re.search(r"Tests +\d+ passed", result.stdout)
    listed = node_tool(frontend, "vitest", "list", f"{CATALOGUES}.test.ts").stdout
    assert "the messages of ./catalogues/de.ts" in listed


def test_a_missing_message_fails_the_type_check(frontend: Path, german: Path) -> None:
    german.write_text(re.sub(r'^  "views\.save": .*\n', "", german.read_text(), flags=re.MULTILINE))
    status, said = types_of(frontend)
    assert status != 0
    assert re.search(r"^src/core/language/catalogues/de\.ts\(.*views\.save", said, re.MULTILINE | re.DOTALL), said


def test_a_message_with_other_arguments_fails_the_own_tests(frontend: Path, german: Path) -> None:
    german.write_text(german.read_text().replace("Ansicht {view} entfernen", "Ansicht {name} entfernen"))
    result = node_tool(frontend, "vitest", "run", f"{CATALOGUES}.test.ts")
    assert result.returncode != 0
    assert "de.ts > have the arguments of those of English" in re.sub(r"\x1b\[\d*m", "", result.stdout + result.stderr)
