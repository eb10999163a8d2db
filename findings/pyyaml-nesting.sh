#!/bin/sh
# PyYAML 6.0.4: the two parsers of one package disagree on a flow list of 1,200 levels, which is valid YAML.
#
# The C parser (CSafeLoader) scans ahead for a possible key and meets its limit of 1,000 flow levels there: it raises a
# ScannerError after 1 event, before it has given the events of the levels that it accepts. The parser in Python gives
# all events. In 6.0.3 the C parser has no such limit. Whoever bounds depth by counting events, to name the place where
# a bound of their own is passed, therefore gets an error at column 1,001 instead.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyyaml==6.0.4
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --target "$folder/before" pyyaml==6.0.3
cat > "$folder/try.py" <<'PY'
import sys

import yaml

DEPTH = 1200
TEXT = "[" * DEPTH + "]" * DEPTH


def events(loader):
    """Return how many events come, and what ends them before their time."""
    count = 0
    try:
        for _ in yaml.parse(TEXT, Loader=loader):
            count += 1
    except yaml.YAMLError as error:
        return count, f"{type(error).__name__}: {error.problem} at column {error.problem_mark.column + 1}"
    return count, "no error"


print(f"PyYAML {yaml.__version__}")
for loader in (yaml.CSafeLoader, yaml.SafeLoader):
    print(f"  {loader.__name__}: {'%d events, %s' % events(loader)}")
PY
now=$("$folder/venv/bin/python" "$folder/try.py"; PYTHONPATH="$folder/before" "$folder/venv/bin/python" "$folder/try.py")
seen='PyYAML 6.0.4
  CSafeLoader: 1 events, ScannerError: exceeded maximum nesting depth at column 1001
  SafeLoader: 2404 events, no error
PyYAML 6.0.3
  CSafeLoader: 2404 events, no error
  SafeLoader: 2404 events, no error'
printf 'now:\n%s\n\nseen on 2026-11-29:\n%s\n' "$now" "$seen"
[ "$now" = "$seen" ] || { echo 'the behaviour has changed'; exit 1; }
