"""Random schemas, valid for PostgreSQL, whose names and texts have a meaning in the generated languages.

The code that would run if a name or text were treated as source is harmless: it creates a table `canary`.
"""

from __future__ import annotations

import random

CANARY = "CREATE TABLE canary (i int);"

NAMES = (
    f"t\n{CANARY}\n--", f'"; {CANARY} --', f"'; {CANARY} --", f"*/ {CANARY} /*", "Order Details", "User", "user",
    "true", "None", "class", "match", "constructor", "prototype", "__proto__", "metadata", "native", "exact",
    "moment", "enum_of", "mapped_column", "students", "студенты", "学生", "طلاب", "학생", "list学生", "Ωμέγα", "größe",
    "😀", "a\x1b[31mb", "a\rb", "a\tb", "a\x0bb", "a\x85b", "a\u2028b", "a\u200bb", "\u202eabc", "{{ x }}",
    "{% x %}", "<%= x %>", "${x}", "`x`", "'''", '"""', "\\", "a\\", "a\\n", "%s", "%(x)s", ":x", "?", "a.b", " a ",
    "-", "--", "/*", "$$", "a|b", "[a](b)", "<script>", "</title>", "&amp;", "../x", "C:\\x", "x" * 63, "é" * 31,
    "1st", "a,b", "(a)", "a;b", "#a", "@a", "date", "type", "sa", "dt", "self", "id_", "model_x", "json", "copy",
    "rows", "query", "body",
)  # fmt: skip
TEXTS = (
    f"Notes.\n-- To take it back:\n{CANARY}\n--", f"'; {CANARY} --", f"'); {CANARY} --", f"*/ {CANARY} /*",
    "it's; ok", 'say "hi"', '"""', "'''", '"', "'", "\\", "\\" * 60, "\\'", '\\"', "a\r\nb", "a\rb", "a\nb",
    "a\x0bb", "a\x0cb", "a\x85b", "a\u2028b", "a\u2029b", "a\x1b[31mb", "\u202eabc", "[draft]", "{", "}", "{0}",
    "{{ x }}", "{% x %}", "<%= x %>", "${x}", "%s", "%(x)s", "%", ":x", "?", "a|b", "|", "`x`", "``", "[a](b)",
    "<script>", "</title>", "<!--", "&amp;", "*/", "/*", "--", "$$", "$q$", "true", "null", "~", "- a", "a: b",
    "# a", "  a  ", "", " ", "😀", "学生", "x" * 300, "\x7f", "'||'", "\\x41",
)  # fmt: skip
REFERRED = {"serial": "int", "bigserial": "bigint"}  # the types of columns that refer to such a key
TYPES = ("text", "varchar(400)", "char(3)", "text[]", "int", "numeric(8,2)", "timestamptz", "boolean", "jsonb", "uuid")


def identifier(name: str) -> str:
    """Return a name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def plain_literal(text: str) -> str:
    """Return a string constant as standard SQL."""
    return "'" + text.replace("'", "''") + "'"


def all_names() -> str:
    """Return a schema with a table of each name, a table with columns of all names, and all texts in their comments."""
    random_ = random.Random(0)
    found = []
    for name in (*NAMES[:-1], f"{NAMES[-1]} wide"):
        columns = NAMES if name.endswith(" wide") else (name, *random_.sample(sorted({*NAMES} - {name}), 2))
        lines = [f"{identifier(one)} varchar(3) DEFAULT {plain_literal(random_.choice(TEXTS)[:3])}" for one in columns]
        found.append(f"CREATE TABLE {identifier(name)} (no serial PRIMARY KEY, {', '.join(lines)});")
        found.append(f"COMMENT ON TABLE {identifier(name)} IS {plain_literal(random_.choice(TEXTS))};")
        for one, text in zip(columns, random_.sample(TEXTS, len(TEXTS)), strict=False):
            found.append(f"COMMENT ON COLUMN {identifier(name)}.{identifier(one)} IS {plain_literal(text)};")
    return "\n".join(found)


class HostileSchema:
    """The schema of a seed: the same text for the same number.

    Each kind of name is hostile: of schemas, tables, columns, types, domains, constraints, indexes and functions.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._names = iter(self._random.sample(NAMES, len(NAMES)))  # types, tables and indexes have one namespace
        self._keys: list[tuple[str, str, str]] = []  # tables, as SQL, with their keys and the types of those
        self.text = "\n".join(self._statements())

    def _statements(self) -> list[str]:
        choose = self._random
        kind = f"{next(self._names)} kind"[-40:]  # a plain `date` would be PostgreSQL's own type
        domain = f"{next(self._names)} domain"[-40:]
        labels = dict.fromkeys(text[:60] for text in choose.sample(TEXTS, 4))
        found = [
            f"CREATE TYPE {identifier(kind)} AS ENUM ({', '.join(self._literal(label) for label in labels)});",
            self._domain(domain),
        ]
        schema = f"{next(self._names)} space"[-40:]
        found.append(f"CREATE SCHEMA {identifier(schema)};")
        self._types = [*TYPES, identifier(domain)]
        for number in range(choose.randint(1, 3)):
            name = identifier(next(self._names))
            found += self._table(f"{identifier(schema)}.{name}" if number == 2 else name, kind, list(labels))
        found += [f"COMMENT ON TYPE {identifier(kind)} IS {self._literal(choose.choice(TEXTS))};", *self._left_out()]
        return found

    def _domain(self, name: str) -> str:
        choose = self._random
        first, second = (self._literal(choose.choice(TEXTS)) for _ in range(2))
        named = f"CONSTRAINT {identifier(next(self._names))} "
        check = choose.choice(("", f" CHECK (VALUE <> {second})", f" {named}CHECK (VALUE <> {second})"))
        return f"CREATE DOMAIN {identifier(name)} AS text DEFAULT {first}{check};"

    def _left_out(self) -> list[str]:
        """Return statements without an equivalent in an application, which its README shows."""
        name, text = identifier(next(self._names)), self._literal(self._random.choice(TEXTS))
        return [
            f"CREATE FUNCTION {name}() RETURNS text LANGUAGE sql AS $f$ SELECT {text} $f$;",
            f"COMMENT ON FUNCTION {name}() IS {text};",
        ]

    def _table(self, table: str, kind: str, labels: list[str]) -> list[str]:
        choose = self._random
        columns = self._columns()
        key_type = choose.choice(("serial", "bigserial", "int", "uuid", "text"))
        name = f"CONSTRAINT {identifier(next(self._names))} " if choose.random() < 0.5 else ""
        lines = [f"{identifier(columns[0])} {key_type} {name}PRIMARY KEY"]
        lines += [
            f"{identifier(name)} {self._type(kind, labels)}{choose.choice(('', ' NOT NULL'))}" for name in columns[1:]
        ]
        lines += self._checks(columns[1:], lines[1:])
        if choose.random() < 0.5:
            unique = ", ".join(map(identifier, columns[:2]))
            lines.append(f"CONSTRAINT {identifier(next(self._names))} UNIQUE ({unique})")
        if self._keys:
            target, key, type_ = choose.choice(self._keys)
            reference = identifier(f"{columns[0][:20]} ref")
            lines.append(f"{reference} {type_} CONSTRAINT {identifier(next(self._names))} REFERENCES {target} ({key})")
        if choose.random() < 0.3:
            text = plain_literal(choose.choice(TEXTS))
            lines.append(f"{identifier(f'{columns[0][:20]} sum')} text GENERATED ALWAYS AS ({text} || 'x') STORED")
        self._keys.append((table, identifier(columns[0]), REFERRED.get(key_type, key_type)))
        found = [f"CREATE TABLE {table} (\n    " + ",\n    ".join(lines) + "\n);"]
        found.append(f"COMMENT ON TABLE {table} IS {self._literal(choose.choice(TEXTS))};")
        for column in columns[:2]:
            text = self._literal(choose.choice(TEXTS))
            found.append(f"COMMENT ON COLUMN {table}.{identifier(column)} IS {text};")
        if choose.random() < 0.7:
            name = identifier(next(self._names))
            order = choose.choice(("", " DESC", " DESC NULLS LAST"))
            where = choose.choice(("", f" WHERE {identifier(columns[0])} IS NOT NULL"))
            keys = f"{identifier(columns[0])}{order}, {identifier(columns[1])}"
            found.append(f"CREATE INDEX {name} ON {table} ({keys}){where};")
            if table.count('"."') == 0:
                found.append(f"COMMENT ON INDEX {name} IS {self._literal(choose.choice(TEXTS))};")
        return found

    def _columns(self) -> list[str]:
        """Return names of columns, some of which may differ only in case."""
        return self._random.sample(NAMES, self._random.randint(2, 5))

    def _type(self, kind: str, labels: list[str]) -> str:
        choose = self._random
        if choose.random() < 0.3:
            return f"{identifier(kind)} DEFAULT {self._literal(choose.choice(labels))}"
        if choose.random() < 0.6:
            return f"text DEFAULT {self._literal(choose.choice(TEXTS))}"
        return choose.choice(self._types)

    def _checks(self, columns: list[str], lines: list[str]) -> list[str]:
        texts = [
            name for name, line in zip(columns, lines, strict=True) if line.startswith(f"{identifier(name)} text ")
        ]
        return [check for name in texts if (check := self._check(identifier(name)))]

    def _check(self, column: str) -> str:
        choose = self._random
        first, second = (self._literal(choose.choice(TEXTS)) for _ in range(2))
        return choose.choice((
            "",
            f"CHECK ({column} <> {first})",
            f"CHECK ({column} <> {first} OR length({column}) > 3)",
            f"CHECK ({column} IN ({first}, {second}, 'c'))",
            f"CONSTRAINT {identifier(next(self._names))} CHECK ({column} <> ALL (ARRAY[{first}, '[;']))",
            f"CHECK ({column} ~ {self._literal(choose.choice(PATTERNS))})",
        ))  # fmt: skip

    def _literal(self, text: str) -> str:
        style = self._random.randrange(4)
        if style == 0:
            return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
        if style == 1 and "$" not in text:
            return f"$q${text}$q$"
        return plain_literal(text)


PATTERNS = (
    r"^\w{1,255}$", r"^[\w.-]{1,254}@[\w.-]{1,254}$", "^[a-z]+$", r"""^["'\\]*$""", "^a{2}|[/]$", "[[:alpha:]]", "a/b",
    "^\\S+\\s?$", "^[^\\n]$", "(?i)x", "\\mx",
)  # fmt: skip
