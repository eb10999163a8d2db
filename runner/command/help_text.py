"""What `runner --help` prints, one screen of 80 columns and 24 lines, and an example for the help of each command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OVERVIEW = """\
Usage: runner PLAN [OPTIONS]
       runner COMMAND [OPTIONS] [ARGS]

Turn a SQL schema into a working full-stack application, from a YAML plan.

  runner init schema.sql            write a plan for a schema
  runner schema.yaml                run it: generate what is not up to date
  runner schema.yaml --watch        again, whenever something was saved
  runner schema.yaml --check        in CI: exit 3 if generated files are stale

Commands:
  run PLAN                  the same as runner PLAN; its --help has all options
  validate, plan-schema     check a plan; the JSON Schema of plans, for editors
  init, schema              write a plan; print how a schema was understood
  status, logs, runs        what runs and ran, and its log; delete old runs
  watch, board              follow a run, in this terminal or in a browser
  pause, resume, cancel     control the run in progress
  resolve                   settle conflicts between your edits and new code
  sync, cluster             send the rest to Convex; start a Dask cluster
  doctor, completion        check this machine; the Tab key in your shell

runner COMMAND --help has the options of a command and an example. --version
"""

EXAMPLES: Mapping[str, str] = {
    "board": "runner board --port 0 --allow-control",
    "cancel": "runner cancel be-crud",
    "cluster": "runner cluster --local 2",
    "completion": 'eval "$(runner completion bash)"',
    "doctor": "runner doctor",
    "init": "runner init schema.sql --output plans/school.yaml",
    "logs": "runner logs latest --task be-crud --level warning --since 2h",
    "pause": "runner pause",
    "plan-schema": "runner plan-schema > plan.schema.json",
    "resolve": "runner resolve build/school/backend/app/students/model.py --ours",
    "resume": "runner resume",
    "run": "runner plans/school.yaml --check --diff",
    "runs": "runner runs prune --keep 5",
    "runs prune": "runner runs prune --keep 5",
    "schema": "runner schema migrations/ --dialect mysql",
    "status": "runner status latest --json",
    "sync": "runner sync --url https://name.convex.cloud",
    "validate": "runner validate plans/school.yaml",
    "watch": "runner watch --run latest",
}  # by the name of a command


def commands_of(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield all commands of a group and of the groups in it, each with its name, such as `runs prune`."""
    for name, command in group.commands.items():
        yield f"{prefix}{name}", command
        if isinstance(command, click.Group):
            yield from commands_of(command, f"{prefix}{name} ")


def add_examples(group: click.Group) -> None:
    """Give each command the example that ends its help."""
    for name, command in commands_of(group):
        if name in EXAMPLES:
            command.epilog = f"Example: {EXAMPLES[name]}"
