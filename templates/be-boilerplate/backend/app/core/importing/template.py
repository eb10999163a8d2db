"""A workbook to fill in: a title for each field, and lists of the allowed values."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from app.core.importing.import_fields import ImportField

_ROWS = 100_000  # that have the formats and lists
_WIDTH = 14  # characters, at least


def template_workbook(fields: Sequence[ImportField], titles: Mapping[str, str]) -> bytes:
    """Return an XLSX file whose first sheet has the titles of the fields, in bold where they are required.

    Columns of text are formatted as text, so that leading zeros stay. The second sheet has the allowed values.
    """
    import xlsxwriter  # noqa: PLC0415 - slow, and only workbooks need it

    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("Rows")
        formats = {
            "string": book.add_format({"num_format": "@"}),
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "date-time": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            "date-time-local": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        }
        required, optional = book.add_format({"bold": True}), book.add_format()
        listed = [field for field in fields if field.choices]
        values = book.add_worksheet("Values") if listed else None
        for index, field in enumerate(fields):
            title = titles.get(field.name, field.name)
            sheet.set_column(index, index, max(_WIDTH, len(title) + 2), formats.get(field.kind))
            sheet.write_string(0, index, title, required if field.is_required else optional)
            if values is None or not field.choices:
                continue
            at = listed.index(field)
            values.write_string(0, at, title, required)
            for row, choice in enumerate(field.choices, 1):
                values.write_string(row, at, str(choice))
            letters = xlsxwriter.utility.xl_col_to_name(at, col_abs=True)
            source = f"=Values!{letters}$2:{letters}${len(field.choices) + 1}"
            sheet.data_validation(1, index, _ROWS, index, {"validate": "list", "source": source})
        sheet.freeze_panes(1, 0)
    return content.getvalue()
