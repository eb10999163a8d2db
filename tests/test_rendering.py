from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from runner.generation.registry import BUILT_IN, load_agent
from runner.generation.rendering import template_set
from runner.generation.template_agent import TemplateAgent
from runner.generation.template_files import builtin_folder, set_digest
from runner.records.errors import TemplateError

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def render(kind: str, home: Path, variables: dict[str, object], user: Path | None = None) -> dict[str, str]:
    found = template_set(kind, user, home=home)
    rendered = [found.render(file, variables) for file in found.files]
    return {file.path: file.text for file in rendered if file is not None}


def test_files_mirror_the_set_and_only_j2_is_rendered(tmp_path: Path) -> None:
    write(tmp_path, {"k/a/{{ name }}.txt.j2": "{{ name }}\n", "k/plain.txt": "{{ name }}\n"})
    assert render("k", tmp_path, {"name": "x"}) == {"a/x.txt": "x\n", "plain.txt": "{{ name }}\n"}


def test_a_path_with_an_empty_part_is_not_generated(tmp_path: Path) -> None:
    write(tmp_path, {"k/{{ 'a' if flag else '' }}/b.j2": "b"})
    assert render("k", tmp_path, {"flag": False}) == {}
    assert render("k", tmp_path, {"flag": True}) == {"a/b": "b"}


def test_parts_with_an_underscore_are_for_including(tmp_path: Path) -> None:
    write(tmp_path, {"k/a.j2": "{% include '_parts/x.j2' %}", "k/_parts/x.j2": "x", "k/__init__.py": ""})
    assert render("k", tmp_path, {}) == {"a": "x", "__init__.py": ""}


def test_a_name_marks_a_file_that_is_written_once(tmp_path: Path) -> None:
    write(tmp_path, {"k/hooks.py.once.j2": "1", "k/notes.md.once": "2", "k/main.py.j2": "3"})
    modes = {file.target: file.mode for file in template_set("k", home=tmp_path).files}
    assert modes == {"hooks.py": "once", "notes.md": "once", "main.py": "generated"}


def test_undefined_variable_names_template_and_line(tmp_path: Path) -> None:
    write(tmp_path, {"k/a/b.txt.j2": "one\ntwo\n{{ table.nothing }}\n"})
    with pytest.raises(TemplateError, match=r"^a/b\.txt\.j2:3: .*nothing"):
        render("k", tmp_path, {"table": {}})


def test_an_error_in_an_included_part_names_that_part(tmp_path: Path) -> None:
    write(tmp_path, {"k/a.j2": "{% include '_b.j2' %}", "k/_b.j2": "\n{{ missing }}"})
    with pytest.raises(TemplateError, match=r"^_b\.j2:2: 'missing' is undefined"):
        render("k", tmp_path, {})


def test_syntax_error_names_template_and_line(tmp_path: Path) -> None:
    write(tmp_path, {"k/a.j2": "one\n{% if %}\n"})
    with pytest.raises(TemplateError, match=r"^a\.j2:2: "):
        template_set("k", home=tmp_path)


def test_a_failing_filter_names_template_and_line(tmp_path: Path) -> None:
    write(tmp_path, {"k/a.j2": "\n{{ 1 + 'a' }}"})
    with pytest.raises(TemplateError, match=r"^a\.j2:2: TypeError"):
        render("k", tmp_path, {})


def test_the_users_file_comes_first(tmp_path: Path) -> None:
    ours = write(tmp_path / "ours", {"k/a.txt.j2": "ours", "k/b.txt.j2": "ours"})
    user = write(tmp_path / "user", {"k/a.txt": "theirs", "k/new/{{ n }}.j2": "new"})
    assert render("k", ours, {"n": "n"}, user) == {"a.txt": "theirs", "b.txt": "ours", "new/n": "new"}


def test_a_users_file_that_changes_is_read_again(tmp_path: Path) -> None:
    ours = write(tmp_path / "ours", {"k/a.j2": "ours"})
    user = write(tmp_path / "user", {"k/b.j2": "one"})
    assert render("k", ours, {}, user)["b"] == "one"
    write(user, {"k/b.j2": "number two"})
    assert render("k", ours, {}, user)["b"] == "number two"


def test_a_set_has_delimiters_of_its_own(tmp_path: Path) -> None:
    settings = 'variable = ["[[", "]]"]\nblock = ["[%", "%]"]\n'
    write(
        tmp_path, {"k/_set.toml": settings, "k/{{ n }}.tsx.j2": "<p style={{ a: 1 }}>[% if n %][[ n ]][% endif %]</p>"}
    )
    assert render("k", tmp_path, {"n": "x"}) == {"x.tsx": "<p style={{ a: 1 }}>x</p>"}


def test_unknown_settings_are_an_error(tmp_path: Path) -> None:
    write(tmp_path, {"k/_set.toml": 'variables = ["[[", "]]"]', "k/a": ""})
    with pytest.raises(TemplateError, match=r"_set\.toml: variables = .*expected"):
        template_set("k", home=tmp_path)


def test_a_missing_set_lists_where_it_was_searched(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="no templates for 'k'"):
        template_set("k", home=tmp_path)


def test_the_digest_depends_on_names_and_contents(tmp_path: Path) -> None:
    write(tmp_path, {"k/a.j2": "1"})
    first = set_digest("k", home=tmp_path)
    assert first == set_digest("k", home=tmp_path)
    write(tmp_path, {"k/b.j2": ""})
    second = set_digest("k", home=tmp_path)
    write(tmp_path, {"k/b.j2": "2"})
    assert len({first, second, set_digest("k", home=tmp_path)}) == 3


def test_threads_share_one_compiled_set(tmp_path: Path) -> None:
    write(tmp_path, {f"k/{number}.j2": "{{ n }}" for number in range(20)})
    start = threading.Barrier(5)
    found, texts = [], []

    def work(number: int) -> None:
        start.wait(timeout=10)
        found.append(template_set("k", home=tmp_path))
        texts.append(set(render("k", tmp_path, {"n": number}).values()))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len({id(one) for one in found}) == 1
    assert sorted(texts, key=str) == [{str(number)} for number in range(5)]


def test_every_built_in_set_is_found_and_compiles() -> None:
    for kind in BUILT_IN:
        assert (builtin_folder() / kind).is_dir()
        agent = load_agent(kind)
        assert isinstance(agent, TemplateAgent)
        assert template_set(kind, filters=agent.filters).files
