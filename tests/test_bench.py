"""The benchmark program: each benchmark starts from nothing, whichever ran before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import __main__ as program

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


def test_each_benchmark_has_a_folder_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def makes_a_folder(scratch: program.Scratch) -> Iterator[program.Row]:
        for _ in range(3):
            scratch.fresh().mkdir()
        yield program.Row(what="folders", measured="3")

    def writes_files(scratch: program.Scratch) -> Iterator[program.Row]:
        for _ in range(3):
            scratch.fresh().write_text("")
        yield program.Row(what="files", measured="3")

    monkeypatch.setattr(program, "BENCHES", {"folders": makes_a_folder, "files": writes_files})
    program.main([])
    shown = capsys.readouterr().out
    assert "| folders | 3 |" in shown
    assert "| files | 3 |" in shown
