"""Export of rows as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

_BLOCK_SIZE = 2**15  # characters, approximately


def csv_blocks(read: type[BaseModel], rows: Iterable[BaseModel]) -> Iterator[str]:
    """Yield a CSV file (RFC 4180) in blocks of whole lines: a header with the field names, then the rows."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([info.serialization_alias or name for name, info in read.model_fields.items()])
    for row in rows:
        writer.writerow(_cell(value) for value in row.model_dump(mode="json").values())
        if buffer.tell() >= _BLOCK_SIZE:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list, bool)) else value
