"""What people reported and real files showed, case by case, on every backend."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.corpus.answers import Case, by_id, check, read_cases

CASES = read_cases("field_cases")


def test_every_case_is_there(shared: Path) -> None:
    assert shared.is_dir()
    assert len(CASES) == 153


@pytest.mark.parametrize("case", by_id(CASES))
def test_a_case_has_elasticsearchs_answer(case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)
