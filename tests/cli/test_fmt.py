"""`eqlite fmt`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eqlite.cli.options import RULE_SUFFIXES

RULE = "examples/suspicious_interactive_interpreter.txt"
BAD, GOOD = 'process where a=="x"   // why\n', 'process where a == "x" // why\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_stdin_to_stdout(run: Any) -> None:
    done = run("fmt", "-", stdin=BAD)
    assert done == (0, GOOD, "")


def test_check_and_diff_write_nothing(run: Any, folder: Path) -> None:
    (folder / "a.eql").write_text(BAD, encoding="utf-8")
    (folder / "b.eql").write_text(GOOD, encoding="utf-8")
    assert run("fmt", "--check", "a.eql", "b.eql") == (1, "would format a.eql\n", "1 file to format\n")
    done = run("fmt", "--diff", "a.eql")
    assert done.code == 1
    assert done.out.splitlines()[:2] == ["--- a.eql", "+++ a.eql (formatted)"]
    assert f"-{BAD}+{GOOD}" in done.out
    assert (folder / "a.eql").read_text(encoding="utf-8") == BAD


def test_folders_are_walked(run: Any, folder: Path) -> None:
    (folder / "in").mkdir()
    (folder / "in" / "a.eql").write_text(BAD, encoding="utf-8")
    (folder / "in" / "b.txt").write_text(BAD, encoding="utf-8")
    assert run("fmt", "in") == (0, "", "1 file formatted\n")
    assert (folder / "in" / "a.eql").read_text(encoding="utf-8") == GOOD
    assert (folder / "in" / "b.txt").read_text(encoding="utf-8") == BAD


def test_a_broken_file_does_not_stop_the_others(run: Any, folder: Path) -> None:
    (folder / "a.eql").write_text("any where (", encoding="utf-8")
    (folder / "b.eql").write_text(BAD, encoding="utf-8")
    done = run("fmt", "a.eql", "b.eql")
    assert done.code == 2
    assert "a.eql:1:12" in done.err
    assert (folder / "a.eql").read_text(encoding="utf-8") == "any where ("
    assert (folder / "b.eql").read_text(encoding="utf-8") == GOOD


def test_rule_files_are_not_written_but_shown_on_stdout(run: Any) -> None:
    before = Path(RULE).read_bytes()
    done = run("fmt", RULE)
    assert done.code == 2
    assert f"`eqlite fmt --stdout {RULE}`" in done.err
    shown = run("fmt", "--stdout", RULE)
    assert shown.code == 0
    assert shown.out.startswith('process where host.os.type == "linux" and\n')
    assert Path(RULE).read_bytes() == before


def test_what_is_formatted_stays_as_it_is(run: Any) -> None:
    once = run("fmt", "--stdout", RULE).out
    assert run("fmt", "-", stdin=once).out == once


@pytest.mark.parametrize("suffix", RULE_SUFFIXES)
def test_no_rule_file_is_written(run: Any, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rule{suffix}"
    path.write_text("any   where true")
    done = run("fmt", str(path))
    assert done.code == 2
    assert "fmt does not write into rule files" in done.err
    assert path.read_text() == "any   where true"


@pytest.mark.parametrize("name", ["nowhere.eql", "nowhere.toml"])
def test_a_missing_file_is_told(run: Any, name: str) -> None:
    assert run("fmt", name).code == 2
