"""Where things are in a workspace's `.runner/` folder, and how names become file names there.

.runner/.gitignore      ignores everything but itself, the manifest and the base
.runner/manifest/       one file a sub-task: what was generated from what; committed with the code
.runner/base/           one file a sub-task: the texts that were generated last; committed with the code
.runner/inputs/         one log a task: digests of what the files of its sub-tasks were made from
.runner/intents/        one file a sub-task that is writing, or died while it was
.runner/claims/<run>/   which sub-task of a running run wrote which path
.runner/locks/          lock files; they stay, a lock ends with its process

All of it may have come with a checkout: it is read as data from strangers, and none of its folders may be a link.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING

from runner.generation.workspace.directory import Directory, cannot
from runner.records.atomic_files import TEMP_SUFFIX

if TYPE_CHECKING:
    from _typeshed import StrPath

RUNNER_FOLDER = ".runner"  # this and the following are relative to the workspace
MANIFEST_FOLDER = f"{RUNNER_FOLDER}/manifest"
BASE_FOLDER = f"{RUNNER_FOLDER}/base"
INPUTS_FOLDER = f"{RUNNER_FOLDER}/inputs"
INTENTS_FOLDER = f"{RUNNER_FOLDER}/intents"
CLAIMS_FOLDER = f"{RUNNER_FOLDER}/claims"
LOCKS_FOLDER = f"{RUNNER_FOLDER}/locks"

_IGNORE_FILE = f"{RUNNER_FOLDER}/.gitignore"
GITIGNORE = f"""\
# Written by plan-runner: of this folder only the manifest and the base of merges belong to the code.
*
!.gitignore
!manifest/
!manifest/**
!base/
!base/**
*{TEMP_SUFFIX}
"""
_GITIGNORE_BEFORE = f"""\
# Written by plan-runner: of this folder only the manifest belongs to the code.
*
!.gitignore
!manifest/
!manifest/**
*{TEMP_SUFFIX}
"""

_UNSAFE = re.compile(r"[^a-z0-9_.-]")
_NAME_LENGTH = 180  # characters of a quoted name; with a suffix it stays well under the usual 255
_DIGEST_LENGTH = 32


def refuse_links(root: StrPath) -> None:
    """Refuse a workspace whose `.runner/` or one of its folders is a link or a file. Writes nothing.

    Found here, before a run, it is the whole run's error. Later each call that opens a file refuses a link by itself.

    Raises:
        WorkspaceError: naming the link.

    """
    with Directory(os.path.realpath(root)) as workspace:
        for folder in (MANIFEST_FOLDER, BASE_FOLDER, INPUTS_FOLDER, INTENTS_FOLDER, CLAIMS_FOLDER, LOCKS_FOLDER):
            try:
                workspace.refuse_links(folder)
            except OSError as error:
                raise cannot("use the workspace", root, error) from error


def prepare(root: StrPath) -> None:
    """Create the workspace's `.runner/` with its `.gitignore`, where absent. Idempotent.

    A `.gitignore` that is already there is left as it is, unless an earlier version of the runner wrote it.

    Raises:
        WorkspaceError: the workspace is no folder, may not be written, or has a link in its `.runner/`.

    """
    refuse_links(root)
    try:
        with Directory(os.path.realpath(root)) as workspace:
            present = workspace.read(_IGNORE_FILE)
            if present is None or present.data == _GITIGNORE_BEFORE.encode():
                workspace.replace(_IGNORE_FILE, GITIGNORE.encode())
            else:
                workspace.require_writable(RUNNER_FOLDER)
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
