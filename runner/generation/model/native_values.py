"""Values of types that only PostgreSQL knows, in its text form."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from runner.generation.model.series import Counter, RangeCounter

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKED = frozenset({"inet", "cidr", "macaddr", "macaddr8", "bit", "bit varying", "varbit"})  # by the application, too
_FIRST = dt.date(2024, 1, 15)

NATIVE_SERIES: Mapping[str, Counter | RangeCounter] = {
    **dict.fromkeys(("int4range", "int8range", "numrange"), RangeCounter()),
    "daterange": RangeCounter(first=_FIRST),
    "tsrange": RangeCounter(first=_FIRST, time=" 00:00:00"),
    "tstzrange": RangeCounter(first=_FIRST, time=" 00:00:00+00"),
    "inet": Counter(is_text=True, before="192.0.2.", after="/32", modulus=250),
    "cidr": Counter(is_text=True, before="192.0.", after=".0/24", modulus=250),
    "macaddr": Counter(is_text=True, before="08:00:2b:01:02:", width=2, modulus=90),
    "citext": Counter(is_text=True, before="sample-"),
    "ltree": Counter(is_text=True, before="a.b"),
}
NATIVE_TEXTS: Mapping[str, str] = {
    "inet": "192.0.2.1/32", "cidr": "192.0.2.0/24", "macaddr": "08:00:2b:01:02:03", "xml": "<a/>", "point": "(1,2)",
    "int4range": "[1,5)", "int8range": "[1,5)", "numrange": "[1,5)", "daterange": "[2024-01-01,2024-02-01)",
    "time with time zone": "08:00:00+00", "money": "$1.00", "tsvector": "'a'", "tsquery": "'a'", "box": "(2,2),(1,1)",
    "circle": "<(1,2),3>", "path": "((1,2),(3,4))", "polygon": "((1,2),(3,4))", "lseg": "[(1,2),(3,4)]",
    "line": "{1,2,3}", "jsonpath": "$", "citext": "sample", "ltree": "a.b", "hstore": '"a"=>"1"', "bit varying": "1",
    "varbit": "1", "macaddr8": "08:00:2b:01:02:03:04:05", "pg_lsn": "0/1", "xid": "1", "name": "sample", "char": "a",
    "tsrange": '["2024-01-01 00:00:00","2024-02-01 00:00:00")', "int8multirange": "{[1,5)}",
    "tstzrange": '["2024-01-01 00:00:00+00","2024-02-01 00:00:00+00")', "nummultirange": "{[1,5)}",
    "datemultirange": "{[2024-01-01,2024-02-01)}", "int4multirange": "{[1,5)}", "timetz": "08:00:00+00",
}  # fmt: skip
