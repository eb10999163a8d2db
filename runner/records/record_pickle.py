"""Reads pickles that others may have written: only records of a few modules are made, and no code in them is run."""

from __future__ import annotations

import importlib
import io
import pickle
from pathlib import PosixPath
from typing import TYPE_CHECKING, Any

from runner.records import message_pipe

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_ALLOWED: dict[tuple[str, str], object] = {
    ("pathlib", "PosixPath"): PosixPath,
    (message_pipe.__name__, message_pipe.restored.__name__): message_pipe.restored,  # makes a record of such a type
}


def load_records(data: ReadableBuffer, modules: frozenset[str]) -> Any:
    """Return what was pickled, if it consists of objects of types that `modules` define, of paths and plain values.

    Raises whatever unpickling raises for other bytes.
    """
    return _Unpickler(io.BytesIO(data), modules).load()


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, modules: frozenset[str]) -> None:
        super().__init__(file)
        self._modules = modules

    def find_class(self, module: str, name: str) -> Any:
        found: Any = _ALLOWED.get((module, name))
        if module in self._modules:
            found = vars(importlib.import_module(module)).get(name)
            if not isinstance(found, type) or found.__module__ != module:
                found = None
        if found is None:
            raise pickle.UnpicklingError(f"{module}.{name} is no record that is expected here")
        return found
