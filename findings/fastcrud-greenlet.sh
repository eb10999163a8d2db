#!/bin/sh
# FastCRUD 0.23.0 cannot be imported where nothing else has installed greenlet.
#
# It works on asynchronous sessions only, but requires `sqlalchemy>=2.0.0,<3` without the extra `asyncio`. SQLAlchemy 2.0
# brought greenlet on common platforms by itself; 2.1 does so only with the extra. Require `sqlalchemy[asyncio]` beside it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    fastcrud==0.23.0 fastapi==0.165.0 pydantic==2.14.4 sqlalchemy==2.1.9
cat > "$folder/try.py" <<'PY'
from importlib.metadata import requires, version

print("fastcrud", version("fastcrud"), "with sqlalchemy", version("sqlalchemy"))
print("  requires", *[line for line in requires("fastcrud") if line.startswith("sqlalchemy<")])
try:
    import fastcrud
except ImportError as error:
    print("  ImportError:", str(error).partition(".")[0])
else:
    print("  imported", fastcrud.__name__)
PY
now=$("$folder/venv/bin/python" "$folder/try.py")
seen="fastcrud 0.23.0 with sqlalchemy 2.1.9
  requires sqlalchemy<3,>=2.0.0
  ImportError: The SQLAlchemy asyncio module requires that the Python 'greenlet' library is installed"
printf 'now:\n%s\n\nseen on 2026-11-29:\n%s\n' "$now" "$seen"
[ "$now" = "$seen" ] || { echo 'the behaviour has changed'; exit 1; }
