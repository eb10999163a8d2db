"""Files that editors keep beside the one that is edited: swap files, backups, locks. They are nobody's input."""

from __future__ import annotations

_SUFFIXES = ("~", ".swp", ".swo", ".swx", ".kate-swp", "___jb_tmp___", "___jb_old___", ".crswap")
_VIM_PROBE = "4913"  # Vim creates a file of this name to learn whether it may write in the folder


def is_editor_file(name: str) -> bool:
    """Return whether an editor has made this file for itself, by the file's name alone."""
    return (
        name.endswith(_SUFFIXES)
        or name.startswith(".#")  # Emacs: a lock
        or (name.startswith("#") and name.endswith("#"))  # Emacs: unsaved text
        or name == _VIM_PROBE
    )
