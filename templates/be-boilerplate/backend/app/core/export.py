"""Rows as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel


def csv_lines(read: type[BaseModel], rows: Iterable[BaseModel]) -> Iterator[str]:
    """Give the lines of a CSV file (RFC 4180): the names of the fields, then the rows as in JSON."""
    yield _line([info.serialization_alias or name for name, info in read.model_fields.items()])
    for row in rows:
        yield _line(_cell(value) for value in row.model_dump(mode="json").values())


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list, bool)) else value


def _line(cells: Iterable[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
