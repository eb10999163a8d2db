#!/bin/sh
# sqlglot 30.30.0 turns PostgreSQL's `a !~ ALL (…)` and `a !~ ANY (…)` into NOT of the whole comparison, which is
# another condition: "none matches" becomes "not all match", and "one does not match" becomes "none matches".
#
# PostgreSQL 18 says false for the first expression below and true for what it is turned into. NOT LIKE ALL is kept.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sqlglot==30.30.0
cat > "$folder/try.py" <<'PY'
import sqlglot

print(f"sqlglot {sqlglot.__version__}")
for text in ("'b' !~ ALL (ARRAY['a', 'b'])", "'b' !~ ANY (ARRAY['a', 'b'])", "'b' NOT LIKE ALL (ARRAY['a', 'b'])"):
    made = sqlglot.parse_one(text, dialect="postgres").sql(dialect="postgres")
    print(f"  {text} -> {made}")
PY
now=$("$folder/venv/bin/python" "$folder/try.py")
seen="sqlglot 30.30.0
  'b' !~ ALL (ARRAY['a', 'b']) -> NOT 'b' ~ ALL(ARRAY['a', 'b'])
  'b' !~ ANY (ARRAY['a', 'b']) -> NOT 'b' ~ ANY(ARRAY['a', 'b'])
  'b' NOT LIKE ALL (ARRAY['a', 'b']) -> 'b' NOT LIKE ALL (ARRAY['a', 'b'])"
printf 'now:\n%s\n\nseen on 2026-11-29:\n%s\n' "$now" "$seen"
[ "$now" = "$seen" ] || { echo 'the behaviour has changed'; exit 1; }
