#!/bin/sh
# click 8.5.1: any EOFError that reaches a command's end becomes Abort, not only the end of a person's input.
#
# With standalone_mode=False a caller maps click.Abort to "interrupted" and exit code 130. But multiprocessing raises
# EOFError as well, where the process at the other end of a pipe has ended: a worker that is killed then reads as
# Ctrl-C. The cause tells the two apart (`error.__cause__`), and click prints an empty line on standard error for both.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check click==8.5.1
cat > "$folder/try.py" <<'PY'
import multiprocessing

import click
from importlib.metadata import version


@click.command()
def wait_for_worker():
    ours, theirs = multiprocessing.Pipe()
    theirs.close()  # as the kernel does when the worker dies
    ours.recv()


print("click", version("click"))
try:
    wait_for_worker.main([], standalone_mode=False)
except click.Abort as error:
    print(f"  click.Abort, caused by {type(error.__cause__).__name__}")
except EOFError:
    print("  EOFError")
PY
now=$("$folder/venv/bin/python" "$folder/try.py" 2>"$folder/err"; printf '  standard error: %s line(s)\n' "$(wc -l < "$folder/err")")
seen='click 8.5.1
  click.Abort, caused by EOFError
  standard error: 1 line(s)'
printf 'now:\n%s\n\nseen on 2026-11-29:\n%s\n' "$now" "$seen"
[ "$now" = "$seen" ] || { echo 'the behaviour has changed'; exit 1; }
