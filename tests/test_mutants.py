"""The changes that `make mutants` makes, and those that are explained."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest
from tools.mutants import CODE, ROOT, TESTS, related_tests, sample
from tools.mutations import mutations

EXPLAINED = tomllib.loads((ROOT / "tools" / "mutants.toml").read_text(encoding="utf-8"))["change"]


def test_an_explained_change_is_still_made() -> None:
    for entry in EXPLAINED:
        path = CODE / entry["file"]
        changes = {(change.removed, change.added) for change in mutations(str(path), (ROOT / path).read_bytes())}
        assert (entry["removed"], entry["added"]) in changes, entry
        assert entry["reason"]


@pytest.mark.parametrize("package", TESTS)
def test_a_sample_is_seeded_and_a_larger_one_holds_it(package: str) -> None:
    small = sample(package, 1, 5)
    assert sample(package, 1, 10)[:5] == small
    assert sample(package, 2, 5) != small


def test_tests_of_a_package_are_there() -> None:
    for package, others in TESTS.items():
        assert set(others) <= set(related_tests(package))


def test_every_change_of_a_file_can_be_parsed() -> None:
    source = Path(ROOT / CODE / "engine" / "order.py").read_bytes()
    changes = list(mutations("order.py", source))
    assert len(changes) > 50
    for change in changes:
        assert change.apply(source) != source
        ast.parse(change.apply(source))


def test_types_decorators_and_assertions_stay_as_they_are() -> None:
    source = b"@cached(1)\ndef f(a: int | None = None) -> int | None:\n    assert a is None\n    return f'{a + 1}'\n"
    assert list(mutations("a.py", source)) == []
