"""Where things are in a workspace's `.runner/` folder, and how names become file names there.

.runner/.gitignore      ignores everything but itself and the manifest
.runner/manifest/       one file a sub-task: what was generated from what; committed with the code
.runner/inputs/         one file a sub-task: the digest of what its files were made from
.runner/intents/        one file a sub-task that is writing, or died while it was
.runner/claims/<run>/   which sub-task of a running run wrote which path
.runner/locks/          lock files; they stay, a lock ends with its process
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from runner.generation.workspace.file_reading import cannot
from runner.records.atomic_files import TEMP_SUFFIX, replace_file

if TYPE_CHECKING:
    from _typeshed import StrPath

RUNNER_FOLDER = ".runner"
MANIFEST_FOLDER = "manifest"
INPUTS_FOLDER = "inputs"
INTENTS_FOLDER = "intents"
CLAIMS_FOLDER = "claims"
LOCKS_FOLDER = "locks"

GITIGNORE = f"""\
# Written by plan-runner: of this folder only the manifest belongs to the code.
*
!.gitignore
!{MANIFEST_FOLDER}/
!{MANIFEST_FOLDER}/**
*{TEMP_SUFFIX}
"""

_UNSAFE = re.compile(r"[^a-z0-9_.-]")
_NAME_LENGTH = 180  # characters of a quoted name; with a suffix it stays well under the usual 255
_DIGEST_LENGTH = 32


def runner_folder(root: StrPath, name: str = "") -> Path:
    """Return the `.runner/` folder of a workspace, or the one called `name` in it; it need not exist."""
    return Path(root) / RUNNER_FOLDER / name


def prepare(root: StrPath) -> None:
    """Create the workspace's `.runner/` with its `.gitignore`, where absent. Idempotent.

    A `.gitignore` that is already there is left as it is.

    Raises:
        WorkspaceError: the workspace is no folder, or may not be written.

    """
    ignore = runner_folder(root) / ".gitignore"
    try:
        if not ignore.exists():
            replace_file(ignore, GITIGNORE.encode())
        elif not os.access(ignore.parent, os.W_OK | os.X_OK):
            read_only = os.statvfs(ignore.parent).f_flag & os.ST_RDONLY
            number = errno.EROFS if read_only else errno.EACCES
            raise OSError(number, os.strerror(number))  # noqa: TRY301 - reported like the system's own refusals
    except OSError as error:
        raise cannot("use the workspace", root, error) from error


def file_name(text: str) -> str:
    """Return a file name for any text: unequal texts get unequal names, on file systems without case too.

    Lower-case letters, digits, `_`, `-` and inner `.` stay as they are, the rest is percent-encoded as UTF-8;
    what would be too long ends in a hash.
    """
    quoted = _UNSAFE.sub(_percent, text)
    if quoted.startswith("."):
        quoted = "%2E" + quoted[1:]
    if len(quoted) > _NAME_LENGTH:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
        return f"{quoted[: _NAME_LENGTH - _DIGEST_LENGTH - 1]}~{digest}"  # no shorter name has a `~`
    return quoted or "%"


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))
