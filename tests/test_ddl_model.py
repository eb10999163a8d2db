"""The model of the DDL needs no SQL parser."""

from __future__ import annotations

import subprocess
import sys


def test_model_and_dialects_import_no_parser():
    code = """
import sys, runner.ddl.model, runner.ddl.schema_json, runner.ddl.sql_files
from runner.ddl.dialects import NAMES, dialect_named
[dialect_named(name) for name in NAMES]
print("sqlglot" in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
