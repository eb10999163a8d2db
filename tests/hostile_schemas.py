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
TYPES = ("text", "varchar(400)", "char(3)", "text[]", "int", "numeric(8,2)", "timestamptz", "boolean", "jsonb", "uuid")


def identifier(name: str) -> str:
    """Return a name as SQL."""
    return '"' + name.replace('"', '""') + '"'


class HostileSchema:
    """The schema of a seed: the same text for the same number."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.text = "\n".join(self._statements())

    def _statements(self) -> list[str]:
        choose = self._random
        names = choose.sample(NAMES, choose.randint(2, 4))
        kind, tables = f"{names[0]} kind"[-40:], names[1:]  # a plain `date` would be PostgreSQL's own type
        labels = dict.fromkeys(text[:60] for text in choose.sample(TEXTS, 4))
        found = [f"CREATE TYPE {identifier(kind)} AS ENUM ({', '.join(self._literal(label) for label in labels)});"]
        for table in tables:
            found += self._table(table, kind, list(labels))
        found.append(f"COMMENT ON TYPE {identifier(kind)} IS {self._literal(choose.choice(TEXTS))};")
        return found

    def _table(self, table: str, kind: str, labels: list[str]) -> list[str]:
        choose = self._random
        columns = choose.sample(NAMES, choose.randint(2, 5))
        lines = [
            f"{identifier(columns[0])} {choose.choice(('serial', 'bigserial', 'int', 'uuid', 'text'))} PRIMARY KEY"
        ]
        lines += [
            f"{identifier(name)} {self._type(kind, labels)}{choose.choice(('', ' NOT NULL'))}" for name in columns[1:]
        ]
        lines += self._checks(columns[1:], lines[1:])
        found = [f"CREATE TABLE {identifier(table)} (\n    " + ",\n    ".join(lines) + "\n);"]
        found.append(f"COMMENT ON TABLE {identifier(table)} IS {self._literal(choose.choice(TEXTS))};")
        for column in columns[:2]:
            text = self._literal(choose.choice(TEXTS))
            found.append(f"COMMENT ON COLUMN {identifier(table)}.{identifier(column)} IS {text};")
        if choose.random() < 0.5:
            found.append(f"CREATE INDEX ON {identifier(table)} ({identifier(columns[0])}, {identifier(columns[-1])});")
        return found

    def _type(self, kind: str, labels: list[str]) -> str:
        choose = self._random
        if choose.random() < 0.3:
            return f"{identifier(kind)} DEFAULT {self._literal(choose.choice(labels))}"
        if choose.random() < 0.6:
            return f"text DEFAULT {self._literal(choose.choice(TEXTS))}"
        return choose.choice(TYPES)

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
            f"CONSTRAINT {identifier(choose.choice(NAMES))} CHECK ({column} <> ALL (ARRAY[{first}, '[;']))",
            f"CHECK ({column} ~ {self._literal(choose.choice(PATTERNS))})",
        ))  # fmt: skip

    def _literal(self, text: str) -> str:
        style = self._random.randrange(4)
        if style == 0:
            return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
        if style == 1 and "$" not in text:
            return f"$q${text}$q$"
        return "'" + text.replace("'", "''") + "'"


PATTERNS = (
    r"^\w{1,255}$", r"^[\w.-]{1,254}@[\w.-]{1,254}$", "^[a-z]+$", r"""^["'\\]*$""", "^a{2}|[/]$", "[[:alpha:]]", "a/b",
    "^\\S+\\s?$", "^[^\\n]$", "(?i)x", "\\mx",
)  # fmt: skip
