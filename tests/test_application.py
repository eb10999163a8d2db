"""The application of a schema: created once, shared by threads, and freed with its schema."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.model.application import Application
from runner.generation.registry import BUILT_IN, load_agent

DDL = """
CREATE TABLE schools (id bigserial PRIMARY KEY, name text NOT NULL CHECK (name <> ''), opened date, closed date,
    CHECK (opened < closed));
CREATE TABLE classes (id bigserial PRIMARY KEY, school_id bigint NOT NULL REFERENCES schools (id), name text);
"""


def test_a_schema_is_freed_with_its_application_after_all_kinds_have_used_it() -> None:
    schema = read_ddl_text(DDL, "postgres")
    application = Application(schema)
    freed: tuple[weakref.ref[Any], ...] = (weakref.ref(schema), weakref.ref(application))
    for agent in map(load_agent, BUILT_IN):
        for table in schema.tables if agent.per_table else (None,):
            context = AgentContext(schema=schema, table=table, shared=application)
            assert list(agent.generate(context))
            agent.remember(context)
    del schema, application, table, context
    gc.collect()
    assert [reference() for reference in freed] == [None, None]


def test_what_is_derived_is_made_once_for_all_threads() -> None:
    application = Application(read_ddl_text(DDL, "postgres"))
    begin = threading.Barrier(4)
    made = []

    def make(given: Application) -> object:
        made.append(given.tables)  # which takes the same lock again
        return object()

    def ask(_: int) -> object:
        begin.wait(timeout=10)
        return application.derived(make)

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(ask, range(4)))
    assert len(found) == len(made) == 1


def test_contexts_without_a_shared_application_make_their_own_once() -> None:
    schema = read_ddl_text(DDL, "postgres")
    context = AgentContext(schema=schema)
    assert context.application is context.application
    assert context.application.schema is schema
    shared = Application(schema)
    assert AgentContext(schema=schema, shared=shared).application is shared
