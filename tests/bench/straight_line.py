"""The baseline: one process and thread that parses once, renders and writes everything, and checks or locks nothing.

Usage: python -m tests.bench.straight_line PLAN WORKSPACE
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from runner.ddl.reader import read_ddl
from runner.generation.agent import AgentContext
from runner.generation.model.application import Application
from runner.generation.registry import load_agent
from runner.plan.dispatcher import AgentDispatcher

if TYPE_CHECKING:
    from runner.generation.agent import Agent


def main(plan: Path, workspace: Path) -> None:
    """Generate what the plan's tasks generate, in their order."""
    import yaml

    values = yaml.safe_load(plan.read_text())
    schema = read_ddl([plan.parent / values["ddl"]], values.get("dialect", "postgres"))
    application = Application(schema)
    dispatcher = AgentDispatcher(enable_llm=False)
    for task in values["tasks"]:
        generate(load_agent(dispatcher.classify(task["description"]).kind), application, workspace)


def generate(agent: Agent, application: Application, workspace: Path) -> None:
    """Write all files of one task."""
    for table in application.schema.tables if agent.per_table else (None,):
        for file in agent.generate(AgentContext(schema=application.schema, table=table, shared=application)):
            path = workspace / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
