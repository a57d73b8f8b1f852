"""Imports go downwards only: the contracts in pyproject.toml hold, and ARCHITECTURE.md shows them as they are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent


def test_imports_keep_to_the_layers(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "src")
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)
    assert status == 0, capsys.readouterr().out


def test_the_picture_of_the_layers_is_the_contract() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    contract = next(each for each in settings["contracts"] if each["id"] == "layers")
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    picture = page.partition("## The layers")[2].split("```")[1].removeprefix("text")
    assert [re.split(r" {2,}", line)[0] for line in picture.strip().splitlines()] == contract["layers"]


def test_the_files_that_the_architecture_names_are_there() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    names = set(re.findall(r"`(?:src/eqlite/)?([a-z_/]+(?:\.py|/))`", page))
    files = [path.relative_to(ROOT).as_posix() for path in (ROOT / "src").rglob("*.py")]
    files += [path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py")]
    missing = [name for name in names if not any(f"/{name}" in f"/{file}" for file in files)]
    assert len(names) > 20
    assert missing == []
