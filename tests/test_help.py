"""The help of the command line: what fits on one screen, and examples that are right."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from runner.command import cli
from runner.command.help_text import EXAMPLES, OVERVIEW, commands_of

COMMANDS = dict(commands_of(cli._runner))
ROWS, COLUMNS = 24, 80


def test_the_overview_fits_on_one_screen_and_names_every_command() -> None:
    lines = OVERVIEW.splitlines()
    assert len(lines) < ROWS  # the prompt is below it
    assert max(map(len, lines)) < COLUMNS
    listed = OVERVIEW.partition("Commands:\n")[2].partition("\n\n")[0]
    names = [name for line in listed.splitlines() for name in re.split(r", | PLAN$", line[2:28].strip()) if name]
    assert sorted(names) == sorted(cli._runner.commands)


def test_the_overview_is_what_help_prints() -> None:
    assert cli._runner.get_help(click.Context(cli._runner)) == OVERVIEW.rstrip("\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example_that_it_understands(name: str) -> None:
    command, example = COMMANDS[name], EXAMPLES[name]
    shown = command.get_help(click.Context(command, info_name=f"runner {name}", max_content_width=100))
    assert f"Example: {example}" in " ".join(shown.split())
    if example.startswith("eval"):
        example = example.partition("(")[2].partition(")")[0]
    program, *words = shlex.split(example.partition(" > ")[0])
    assert program == "runner"
    words = words[len(name.split()) :] if words[0] == name.split(maxsplit=1)[0] else words
    command.make_context(name, words)


def test_no_example_is_of_a_command_that_does_not_exist() -> None:
    assert set(EXAMPLES) == set(COMMANDS)
