"""The reference pages have all keys, commands and options, and no command of the documentation escapes its test."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import click
import pytest

from docs.references import command_reference, plan_reference, with_references
from runner.command.cli import command_line
from runner.plan.plan_schema import plan_schema
from tests.documentation import PAGES, ROOT, blocks, indented_commands

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def commands(group: click.Group, path: str = "runner") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if not command.hidden:
            yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


def test_every_command_and_option_is_in_the_command_reference() -> None:
    text = command_reference()
    for path, command in commands(command_line()):
        section = text.partition(f"## {path}\n")[2].partition("\n## ")[0]
        assert section, f"{path} is missing"
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert all(name in section for name in option.opts), f"{path}: {option.opts} is missing"
        assert (command.epilog or "").removeprefix("Example: ") in section


def test_every_key_of_a_plan_is_in_the_plan_reference() -> None:
    text = plan_reference()
    schema = plan_schema()
    keys = {*schema["properties"]}
    for definition in schema["$defs"].values():
        keys |= {*definition["properties"]}
    assert {key for key in keys if f"\n| `{key}` |" not in text} == set()
    for target in re.findall(r"\]\(#([\w-]+)\)", text):
        assert re.search(rf"^## `?{target.replace('-', ' ')}`?$", text, re.MULTILINE | re.IGNORECASE)


def test_text_of_help_is_not_markup() -> None:
    assert "0\\<=x\\<=65535" in command_reference()
    assert with_references("a\n<!-- reference: plan -->\n").startswith("a\n## Of a plan\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_is_in_a_block_that_is_run(page: Path) -> None:
    assert indented_commands(page) == []
    known = {"sh": {"exit", "serve", "during", "untested"}, "python": {"example", "file", "slurm", "kubernetes"}}
    for block in blocks(page):
        assert set(block.marks) <= known.get(block.language, {"file"}), block.place
        assert block.language not in {"bash", "shell", "console"}, f"{block.place}: use sh"


def test_installed_extras_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for page in PAGES:
        assert {*re.findall(r"plan-runner\[(\w+)\]", page.read_text())} <= {*extras}, page
