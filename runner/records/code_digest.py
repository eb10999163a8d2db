"""Digests of code: of this package's own, on which every generated file and cached schema depends, and of agents'."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path


@cache
def package_digest() -> str:
    """Return the SHA-256 of all Python files of this package, names included, in hex.

    It covers the whole package: a list of the files that matter would go stale as code moves, and following imports
    would import them. 260 files take 4 ms. The digest is computed once in a process.
    """
    return folder_digest(Path(__file__).resolve().parent.parent)


def folder_digest(top: Path) -> str:
    """Return the SHA-256 of all Python files in a folder and below it, names included, in hex."""
    root = os.fspath(top)
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(name for name in names if name.endswith(".py")):
            path = f"{folder}/{name}"
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - hot
                content = file.read()
            digest.update(b"%b:%d:" % (os.fsencode(path[len(root) + 1 :]), len(content)))
            digest.update(content)
    return digest.hexdigest()
