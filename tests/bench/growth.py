"""What grows: tables and tasks. Many tables in one task against the script, the cost of a table, memory, many tasks."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

from tests.bench.__main__ import NO_OP_TASK, NO_OPS, Costs, Row, in_turn, no_op_plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bench.__main__ import Cost, Scratch

COUNTS = (24, 240, 2400, 9600)
COMPARED = 2400  # of these the script takes its time, too
_TASKS = "  - description: BE CRUD APIs\n"
_KIB = 1024  # kibibytes of a mebibyte


def many_tables(count: int) -> str:
    """Return a schema of `count` tables, each with a key, columns, a check and a reference to the previous table."""
    parts = []
    for number in range(count):
        reference = f"REFERENCES item_{number - 1} (id)" if number else ""
        parts.append(
            f"CREATE TABLE item_{number} (\n"
            "    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n"
            "    code varchar(20) NOT NULL UNIQUE,\n    title varchar(200) NOT NULL,\n"
            "    amount numeric(12, 2) NOT NULL DEFAULT 0 CHECK (amount >= 0),\n    starts_on date,\n"
            f"    parent_id bigint {reference},\n    created_at timestamptz NOT NULL DEFAULT now()\n);\n"
        )
    return "\n".join(parts)


def bench_growth(scratch: Scratch) -> Iterator[Row]:
    """Tables and tasks; of 2,400 tables and more, one run each."""
    (fixed,) = in_turn(lambda: scratch.runner(no_op_plan(scratch, 1), scratch.fresh()))
    walls: dict[int, float] = {}
    for count in COUNTS:
        ddl = scratch.fresh().with_suffix(".sql")
        ddl.write_text(many_tables(count))
        if count < COMPARED:
            walls[count] = in_turn(lambda: _run(scratch, ddl))[0].wall  # noqa: B023 - called here
            continue
        new = Costs((_run(scratch, ddl),))
        walls[count] = new.wall
        if count == COMPARED:
            yield from _compared(scratch, ddl, new)
    each = {count: (wall - fixed.wall) / count * 1000 for count, wall in walls.items()}
    least, *others = COUNTS
    for count in others:
        yield Row(
            what=f"cost a table, {least} → {count:,} tables",
            measured=f"{each[count]:.2f} ms",
            baseline=f"{each[least]:.2f} ms",
            ratio=each[count] / each[least],
            bound="≤ 1.2",
        )
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _KIB  # of all commands so far
    yield Row(what=f"largest process, {COUNTS[-1]:,} tables", measured=f"{largest:.0f} MiB", bound="≤ 250 MB")
    (many,) = in_turn(lambda: scratch.runner(no_op_plan(scratch, 1, NO_OP_TASK * NO_OPS), scratch.fresh()))
    yield Row(what=f"{NO_OPS:,} tasks of one sub-task that does nothing", measured=str(many))


def _run(scratch: Scratch, ddl: Path) -> Cost:
    return scratch.runner(scratch.plan(scratch.fresh(), ddl, _TASKS), scratch.fresh())


def _compared(scratch: Scratch, ddl: Path, new: Costs) -> Iterator[Row]:
    """Compare runs of one DDL with the script; `new` is what the first one took."""
    workspace, plan, state = scratch.fresh(), scratch.plan(scratch.fresh(), ddl, _TASKS), scratch.fresh()
    script = Costs((scratch.straight(scratch.plan(workspace, ddl, _TASKS), workspace),))
    again = Costs((scratch.runner(plan, state),))
    yield new.against(script, f"{COMPARED:,} tables in one task, the DDL new (1 run)", "≤ 0.62")
    yield again.against(script, f"{COMPARED:,} tables in one task, the DDL read before (1 run)", "≤ 0.53")
    (unchanged,) = in_turn(lambda: scratch.runner(plan, state))
    yield unchanged.against(script, f"nothing changed among {COMPARED:,} tables", "≤ 0.5 s")
