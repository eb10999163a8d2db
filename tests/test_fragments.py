"""Pieces of Python source that carry their imports, and the import block that a template writes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.generation.fastapi.generated_names import imported
from runner.generation.fragments import Fragment, compose, import_lines, join, with_imports
from runner.generation.rendering import template_set
from runner.records.errors import TemplateError

if TYPE_CHECKING:
    from pathlib import Path

    from runner.generation.rendering import Filters

DECIMAL = Fragment("Decimal", frozenset({"decimal.Decimal"}))
COLUMN = Fragment("sa.Text()", frozenset({"sqlalchemy as sa"}))
FILTERS: Filters = {"join": join, "with_imports": with_imports}


def render(folder: Path, **files: str) -> str:
    """Return the output of the template `main` of a set for `parts`, two fragments."""
    (folder / "k").mkdir()
    for name, text in files.items():
        (folder / "k" / f"{name}.j2").write_text(text, encoding="utf-8")
    found = template_set("k", filters=FILTERS, home=folder)
    file = next(file for file in found.files if file.target == "main")
    rendered = found.render(file, {"parts": [DECIMAL, COLUMN], "flag": False})
    assert rendered is not None
    return rendered.text


def test_a_composed_fragment_needs_what_its_parts_need() -> None:
    made = compose("f({}, {}, {})", DECIMAL, "1", join([COLUMN, "2"]), imports=["app.f.f"])
    assert str(made) == "f(Decimal, 1, sa.Text(), 2)"
    assert made.imports == {"decimal.Decimal", "sqlalchemy as sa", "app.f.f"}


def test_import_lines_are_in_the_order_of_isort() -> None:
    paths = ["app.core.b", "app.core.A", "app.core.CONSTANT", "sqlalchemy as sa", "decimal.Decimal", "datetime as dt",
             "fastapi.Depends"]  # fmt: skip
    assert import_lines(paths) == [
        "import datetime as dt",
        "from decimal import Decimal",
        "",
        "import sqlalchemy as sa",
        "from fastapi import Depends",
        "",
        "from app.core import CONSTANT, A, b",
        "",
    ]


def test_numbers_in_names_are_in_order_as_numbers() -> None:
    paths = ["app.t10.model.A", "app.t2.model.C10", "app.t2.model.C9"]
    assert import_lines(paths) == ["from app.t2.model import C9, C10", "from app.t10.model import A", ""]


def test_long_import_lines_have_a_name_a_line() -> None:
    names = [f"a_rather_long_name_{number}" for number in range(6)]
    (line, _) = import_lines([f"app.core.{name}" for name in names])
    assert line == "from app.core import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def test_a_template_imports_what_it_prints_and_nothing_else(tmp_path: Path) -> None:
    text = "{% filter with_imports %}\nx = {{ parts[0] }}\n{% if flag %}{{ parts[1] }}{% endif %}\n{% endfilter %}\n"
    assert render(tmp_path, main=text) == "from decimal import Decimal\n\nx = Decimal\n"


def test_fragments_of_included_parts_and_joined_ones_are_imported(tmp_path: Path) -> None:
    text = "{% filter with_imports %}\n{% include '_part.j2' %}\n\n{% endfilter %}"
    whole = render(tmp_path, main=text, _part="x = [{{ parts | join(', ') }}]")
    assert whole == "from decimal import Decimal\n\nimport sqlalchemy as sa\n\nx = [Decimal, sa.Text()]\n"


def test_each_block_has_its_own_imports(tmp_path: Path) -> None:
    block = "{{% filter with_imports %}}\n{{{{ parts[{}] }}}}\n{{% endfilter %}}\n"
    whole = render(tmp_path, main=block.format(0) + block.format(1))
    assert whole == "from decimal import Decimal\n\nDecimal\nimport sqlalchemy as sa\n\nsa.Text()\n"


def test_a_macro_that_would_lose_imports_is_refused(tmp_path: Path) -> None:
    macro = "{% macro show(part) %}{{ part }}{% endmacro %}"
    main = "{{% from '_m.j2' import show {} %}}{{% filter with_imports %}}{{{{ show(parts[0]) }}}}{{% endfilter %}}"
    (tmp_path / "with").mkdir()
    whole = render(tmp_path / "with", main=main.format("with context"), _m=macro)
    assert whole == "from decimal import Decimal\n\nDecimal\n"
    (tmp_path / "without").mkdir()
    with pytest.raises(TemplateError, match=r"_m\.j2: needs imports for 'Decimal'; import its macros `with context`"):
        render(tmp_path / "without", main=main.format(""), _m=macro)


def test_a_name_of_no_known_module_needs_one() -> None:
    assert imported("Base").imports == {"app.core.database.Base"}
    assert imported("Own", "app.own").imports == {"app.own.Own"}
    with pytest.raises(LookupError, match=r"no module is known for 'Own'; name it: 'Own' \| imported"):
        imported("Own")
