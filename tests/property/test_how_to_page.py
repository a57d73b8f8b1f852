"""The page on property tests of rules: its blocks are run one after the other, as one module."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "property-test-your-rules.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_page_has_blocks() -> None:
    assert len(BLOCKS) == 5


def test_every_block_runs_and_every_test_in_it_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    module: dict[str, Any] = {"__name__": "page"}
    for number, block in enumerate(BLOCKS, 1):
        exec(compile(block, f"{PAGE.name}, block {number}", "exec"), module)
    tests = [value for name, value in module.items() if name.startswith("test_")]
    assert len(tests) == 5
    for test in tests:
        test()
