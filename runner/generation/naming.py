"""Names of a generated application: from the database's spelling to a person's, the same way every time.

Pure functions over names, and `names_of`, which gives every table and column of a schema its names at once so that
clashes are settled for the whole schema: the first in the DDL keeps the plain name, a later one gets the next free.
"""

from __future__ import annotations

import keyword
import re
import threading
import unicodedata
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from runner.ddl.model import Enum, QName, Schema, Table


def _set(words: str) -> frozenset[str]:
    """Return the words of a text: a long list reads better so."""
    return frozenset(words.split())


def _pairs(text: str) -> dict[str, str]:
    """Return what stands before each colon with what stands behind it."""
    return {first: second for first, _, second in (pair.partition(":") for pair in text.split())}


_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MAX_WORD_LENGTH = 60  # of a Python or file name: PostgreSQL's own bound is 63 bytes

# Latin letters that no Unicode decomposition turns into ASCII.
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "Ø": "O", "Đ": "D", "Ł": "L"})

_IRREGULAR = _pairs(
    """analysis:analyses basis:bases child:children crisis:crises criterion:criteria curriculum:curricula
    foot:feet goose:geese index:indexes leaf:leaves life:lives man:men matrix:matrices medium:media mouse:mice
    ox:oxen person:people phenomenon:phenomena quiz:quizzes shelf:shelves staff:staff thesis:theses tooth:teeth
    vertex:vertices wife:wives woman:women movie:movies cookie:cookies series:series species:species axis:axes
    cache:caches menu:menus ache:aches hero:heroes echo:echoes potato:potatoes tomato:tomatoes
    database:databases lens:lenses zombie:zombies tie:ties pie:pies lie:lies die:dice alias:aliases bias:biases
    atlas:atlases canvas:canvases virus:viruses bonus:bonuses campus:campuses census:censuses corpus:corpora
    status:statuses gas:gases bus:buses knife:knives wolf:wolves half:halves shelve:shelves calf:calves"""
)
_SINGULARS = {plural: singular for singular, plural in _IRREGULAR.items() if singular != "shelve"}
_SHORTEST_PLURAL = 3  # "bus", "gas": too short to take an s off
_UNCOUNTABLE = _set(
    """aircraft attendance data equipment feedback fish history homework information inventory metadata money music
    news payroll rice series sheep species staff stock traffic weather"""
)


def words(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case: `OrderLineID` and `order_line-id` alike are order, line, id."""
    found: list[str] = []
    for part in _WORD.findall(_ascii(name)):
        found.extend(piece.lower() for piece in _CAMEL.split(part) if piece)
    return tuple(found)


def snake(name: str) -> str:
    """Return a name as `order_line_id`; never empty, never with a digit in front."""
    text = "_".join(words(name))[:_MAX_WORD_LENGTH].rstrip("_") or "unnamed"
    return f"n{text}" if text[0].isdigit() else text


def pascal(name: str) -> str:
    """Return a name as `OrderLineId`."""
    return "".join(word[:1].upper() + word[1:] for word in snake(name).split("_"))


def camel(name: str) -> str:
    """Return a name as `orderLineId`."""
    text = pascal(name)
    return text[:1].lower() + text[1:]


def kebab(name: str) -> str:
    """Return a name as `order-line-id`."""
    return snake(name).replace("_", "-")


_ACRONYMS = _set(
    """api cpu csv dns gpa gps html http id ip isbn iso json jwt nik nip nisn npsn nuptk p5 pdf sku sms sql ssn tv ui
    uri url uuid vat xml"""
)


def human(name: str) -> str:
    """Return a name as a label: `birth_date` is "Birth date", `nisn` is "NISN"."""
    parts = [word.upper() if word in _ACRONYMS else word for word in words(name)] or ["unnamed"]
    return parts[0][:1].upper() + parts[0][1:] + "".join(f" {part}" for part in parts[1:])


@lru_cache(maxsize=4096)
def singular(word: str) -> str:
    """Return the singular of a lower-case English word, or the word itself where it has none."""
    if word in _UNCOUNTABLE or word in _IRREGULAR:
        return word
    if word in _SINGULARS:
        return _SINGULARS[word]
    if len(word) <= _SHORTEST_PLURAL or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=4096)
def plural(word: str) -> str:
    """Return the plural of a lower-case English word; one that is plural already stays."""
    if word in _UNCOUNTABLE or word in _SINGULARS or word[-1:].isdigit():
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if singular(word) != word:
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    return f"{word}s"


# ------------------------------------------------------------------------------------------- Python's own restrictions

# What a column's attribute must not be called: SQLAlchemy's declarative names, Pydantic's methods, names that the
# generated classes and modules use themselves.
_RESERVED_ATTRIBUTES = _set(
    """metadata registry query type_annotation_map construct copy dict json schema schema_json validate fields parse_obj
    parse_raw parse_file from_orm update_forward_refs self cls dt sa pg omitted str int float bool bytes list tuple set
    object"""
)
_RESERVED_MODULES = _set("""core own main enums seed conftest test tests app""")
# What a table's class must not be called: names that its modules import.
_RESERVED_CLASSES = _set(
    """Annotated Any APIRouter Array Base BigInt Body Boolean ByDialect Bytes Case CASE Char ClassVar ConfigDict
    Count Date DateTime Decimal Depends Enum Exact Exception Factory Field Float Guarded Index Int16 Int32 Int64
    Integer Interval Json Key List ListQuery Listed Literal Mapped Missing Model NaiveDatetime Native None Number
    Numeric Object Optional Page Path PlainJson Problem Query Read ReadTests Reference Refused Repository Resource
    Response Row Rows Rule Rules SmallInt String StrEnum Table TableTests TestClient Text Time Timestamp Type Union
    Uuid UUID"""
)


def is_python_name(name: str) -> bool:
    """Whether a name can stand in Python source as it is and shadows nothing."""
    return name.isidentifier() and not keyword.iskeyword(name) and not keyword.issoftkeyword(name)


def attribute(name: str) -> str:
    """Return a column's attribute: snake case, with `_` behind where Python or the libraries own the word."""
    text = snake(name)
    taken = text in _RESERVED_ATTRIBUTES or text.startswith("model_")
    return f"{text}_" if taken or not is_python_name(text) else text


def free_name(wanted: str, taken: Iterable[str], *, separator: str = "_") -> str:
    """Return `wanted`, or the first of `wanted_2`, `wanted_3`, … that is not taken (case does not tell apart)."""
    return _free_name(wanted, {name.lower() for name in taken}, separator)


def _free_name(wanted: str, used: set[str], separator: str = "_") -> str:
    """As `free_name`, of names that are in lower case already: of a whole schema they are many."""
    if wanted.lower() not in used:
        return wanted
    number = 2
    while f"{wanted}{separator}{number}".lower() in used:
        number += 1
    return f"{wanted}{separator}{number}"


# --------------------------------------------------------------------------------------------------- names of a schema


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnNames:
    """Names of one column: `column` in the database, `field` in JSON and URLs, `attribute` in Python."""

    column: str
    field: str
    attribute: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TableNames:
    """Names of one table; `module`, `class_name` and `route` are unique in the schema.

    For `class_subjects`: module `class_subjects`, class `ClassSubject`, singular `class_subject`, route
    `class-subjects`, labels "Class subject" and "Class subjects".
    """

    module: str
    class_name: str
    singular: str
    route: str
    label: str
    label_plural: str
    columns: Mapping[str, ColumnNames]


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaNames:
    """Names of all tables of a schema, and the Python class of each named enum type.

    `home` is the database schema whose tables are named without it: the dialect's default one, or the one database
    that a MySQL script says to USE.
    """

    tables: Mapping[QName, TableNames]
    enums: Mapping[QName, str]
    home: str | None
    others: tuple[str, ...]  # the schemas of the tables beside `home`, by name


def names_of(schema: Schema) -> SchemaNames:
    """Return the names of a schema; worked out once for one `Schema` object. Thread-safe."""
    with _lock:
        found = _known.get(id(schema))
        if found is None:
            found = _name_schema(schema)
            _known[id(schema)] = found
            weakref.finalize(schema, _known.pop, id(schema), None)
    return found


_lock = threading.Lock()
_known: dict[int, SchemaNames] = {}


def _name_schema(schema: Schema) -> SchemaNames:
    home = _home(schema)
    modules: set[str] = set(_RESERVED_MODULES)
    classes: set[str] = {name.lower() for name in _RESERVED_CLASSES}  # like the others in lower case
    routes: set[str] = set()
    tables: dict[QName, TableNames] = {}
    for table in schema.tables:
        tables[table.name] = named = _name_table(table, home, modules, classes, routes)
        modules.add(named.module.lower())
        own = named.class_name.lower()
        classes.update(f"{own}{suffix}" for suffix in ("", "create", "read", "replace", "update"))
        routes.add(named.route.lower())
    enums: dict[QName, str] = {}
    for enum in _named_enums(schema):
        if enum.name is not None and enum.name not in enums:
            enums[enum.name] = class_name = _free_name(pascal(enum.name.name), classes, "")
            classes.add(class_name.lower())
    schemas = {table.name.schema for table in schema.tables} - {home}
    others = tuple(sorted(name for name in schemas if name is not None))
    return SchemaNames(tables=tables, enums=enums, home=home, others=others)


def _home(schema: Schema) -> str | None:
    if schema.default_schema is not None:
        return schema.default_schema
    found = {table.name.schema for table in schema.tables}
    return found.pop() if len(found) == 1 else None


def _named_enums(schema: Schema) -> Iterable[Enum]:
    yield from schema.enums
    for table in schema.tables:
        for column in table.columns:
            if column.type.enum is not None:
                yield column.type.enum


def _name_table(table: Table, home: str | None, modules: set[str], classes: set[str], routes: set[str]) -> TableNames:
    spoken = table.name.name
    if _taken(spoken, modules) and table.name.schema not in (None, home):
        spoken = f"{table.name.schema}_{spoken}"
    module = _free_name(_module(spoken), modules)
    single = _last_word(spoken, singular)
    class_name = _free_name(pascal(single), classes, "")
    many = _last_word(spoken, plural)
    return TableNames(
        module=module,
        class_name=class_name,
        singular=snake(class_name) if class_name != pascal(single) else single,
        route=_free_name(kebab(spoken), routes, "-"),
        label=human(single),
        label_plural=human(many),
        columns=_name_columns(table),
    )


def _taken(name: str, modules: set[str]) -> bool:
    return _module(name).lower() in modules


def _module(name: str) -> str:
    text = snake(name)
    return text if is_python_name(text) and text not in _RESERVED_MODULES else f"{text}_"


def _last_word(name: str, change: Callable[[str], str]) -> str:
    parts = snake(name).split("_")
    return "_".join((*parts[:-1], change(parts[-1])))


def _name_columns(table: Table) -> Mapping[str, ColumnNames]:
    named: dict[str, ColumnNames] = {}
    fields: list[str] = []
    attributes: list[str] = []
    for column in table.columns:
        field = free_name(snake(column.name), fields)
        name = free_name(attribute(field), attributes)
        fields.append(field)
        attributes.append(name)
        named[column.name] = ColumnNames(column=column.name, field=field, attribute=name, label=human(column.name))
    return named


def _ascii(name: str) -> str:
    """Return a name with accents taken off; a script that has no Latin form stays as it is."""
    if name.isascii():
        return name
    decomposed = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return unicodedata.normalize("NFKC", plain)
