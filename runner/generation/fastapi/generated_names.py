"""The names that generated modules use, and where each is imported from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.fragments import Fragment, compose

if TYPE_CHECKING:
    from collections.abc import Mapping

_MODULES = {
    "typing": "Annotated Any ClassVar Literal",
    "decimal": "Decimal",
    "uuid": "UUID uuid4",
    "sqlalchemy.orm": "Mapped mapped_column validates",
    "pydantic": "ConfigDict Field",
    "fastapi": "APIRouter",
    "fastapi.testclient": "TestClient",
    "app.core.columns": """Array BigInt ByDialect Double Json PlainJson Real SmallInt enum_of exact native
        now_default postgresql_only""",
    "app.core.database": "Base database_name",
    "app.core.fields": """Body Bytes Exact ExactDecimal Int16 Int32 Int64 Native NotNull Number Row Span
        omitted padded""",
    "app.core.moments": "Date Interval LocalTimestamp Time Timestamp local_now local_time local_today utc_now",
    "app.core.native_values": "Cidr Inet InetItem MacAddr MacAddr8 bits",
    "app.core.password_hashes": "hash_entered",
    "app.core.periods": "PeriodForeignKey PrimaryKeyWithoutOverlaps UniqueWithoutOverlaps",
    "app.core.problems": "problem_responses",
    "app.core.resource": "Resource",
    "app.core.group_routes": "add_groups_route",
    "app.core.routes": "add_bulk_routes add_list_routes",
    "app.core.row_routes": "Key add_read_route add_row_routes",
    "app.core.texts": "Char NoCase",
    "app.core.rules": """Rule add all_of any_of as_text coalesce contained count_known eq ge gt is_null le length lower
        lt matches mul ne not_ now one_of rem sub today trim upper""",
    "tests.core.factory": "Case Reference",
    "tests.core.read_tests": "EMPTY_PAGE ReadTests",
    "tests.core.group_tests": "GroupTests",
    "tests.core.table_tests": "TableTests",
    "tests.core.view_tests": "ViewTests",
}
_PATHS: Mapping[str, str] = {
    "dt": "datetime as dt",
    "postgresql": "sqlalchemy.dialects.postgresql",
    "sa": "sqlalchemy as sa",
    **{name: f"{module}.{name}" for module, names in _MODULES.items() for name in names.split()},
}
# Names that the class body of a model uses, where an attribute of that name would hide them.
MODEL_FUNCTIONS = frozenset(
    name
    for module in ("app.core.columns", "app.core.moments", "sqlalchemy.orm", "uuid")
    for name in _MODULES[module].split()
    if name.islower()
)


def path_of(name: str) -> str | None:
    """Return what a name is imported as, for `Fragment.imports`; None for one that needs no import."""
    return _PATHS.get(name)


def source(form: str, *parts: Fragment | str, uses: str = "") -> Fragment:
    """Return `form.format(*parts)` as a fragment; `uses` lists the names in `form`, separated by spaces."""
    return compose(form, *parts, imports=[_PATHS[name] for name in uses.split()])


def imported(name: str, module: str = "") -> Fragment:
    """Return a name that is imported from `module`, by default from its place in the generated application.

    Raises:
        LookupError: the application has no such name: it needs a `module`.

    """
    path = f"{module}.{name}" if module else _PATHS.get(name)
    if path is None:
        raise LookupError(f"no module is known for {name!r}; name it: {name!r} | imported('package.module')")
    return Fragment(name, frozenset({path}))
