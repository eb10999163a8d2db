#!/bin/sh
# OpenTelemetry's instrumentation of SQLAlchemy 0.66b2 leaves SQLAlchemy 2.1 without spans, and raises nothing.
#
# `instrument()` checks the installed version against its list, which ends below 2.1.0, writes one line to the log and
# returns: the application goes on without database spans. The events that it listens to are the same in 2.1, so
# `instrument(skip_dep_check=True)` gives the spans. It then imports `sqlalchemy.ext.asyncio`, which 2.1 refuses without
# greenlet: require `sqlalchemy[asyncio]`, which the instrumentation does not.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    opentelemetry-instrumentation-sqlalchemy==0.66b2 opentelemetry-sdk==1.45.2 "sqlalchemy[asyncio]==2.1.9"
cat > "$folder/try.py" <<'PY'
import logging
import sys
from importlib.metadata import version

import sqlalchemy as sa
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

logging.basicConfig(stream=sys.stdout, format="  log: %(message)s")
skips = sys.argv[1] == "skip"
spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
if not skips:
    names = ("opentelemetry-instrumentation-sqlalchemy", "sqlalchemy")
    print(*(f"{name} {version(name)}" for name in names), sep=", ")
SQLAlchemyInstrumentor().instrument(tracer_provider=provider, skip_dep_check=skips)
with sa.create_engine("sqlite://").connect() as connection:
    connection.execute(sa.text("SELECT 1"))
print(f"  skip_dep_check={skips}: spans", [span.name for span in spans.get_finished_spans()])
PY
now="$("$folder/venv/bin/python" "$folder/try.py" check)
$("$folder/venv/bin/python" "$folder/try.py" skip)"
seen="opentelemetry-instrumentation-sqlalchemy 0.66b2, sqlalchemy 2.1.9
  log: SQLAlchemyInstrumentor only instruments \"sqlalchemy >= 1.0.0, < 2.1.0\", but currently installed version (\"sqlalchemy 2.1.9\") falls outside of that range, so nothing can be instrumented.
  skip_dep_check=False: spans []
  skip_dep_check=True: spans ['connect', 'SELECT']"
printf 'now:\n%s\n\nseen on 2026-11-29:\n%s\n' "$now" "$seen"
[ "$now" = "$seen" ] || { echo 'the behaviour has changed'; exit 1; }
