"""What Elasticsearch's documentation, tests and source say, case by case, on every backend."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.corpus.answers import Case, check, marked, read_cases

CASES = read_cases("es_cases")
KNOWN: dict[str, str] = {
    "arithmetic-33": "unsigned_long in scripts",
    "arithmetic-34": "unsigned_long in scripts",
    "arithmetic-35": "unsigned_long in scripts",
    "arithmetic-36": "unsigned_long in scripts",
    "arithmetic-37": "unsigned_long in scripts",
    "stringContains-1": "script errors that are not counted",
    "date-text-2": "dates as text in scripts",
    "date-text-4": "dates as text in scripts",
    "regex-script-5": "regular expressions on the results of functions",
    "regex-script-6": "regular expressions on the results of functions",
    "regex-script-8": "regular expressions on the results of functions",
    "regex-script-9": "regular expressions on the results of functions",
    "regex-script-10": "regular expressions on the results of functions",
    "regex-script-14": "regular expressions on the results of functions",
    "regex-script-16": "regular expressions on the results of functions",
    "regex-script-28": "regular expressions on the results of functions",
    "regex-script-29": "regular expressions on the results of functions",
    "regex-script-31": "regular expressions on the results of functions",
    "regex-script-32": "regular expressions on the results of functions",
    "regex-script-33": "regular expressions on the results of functions",
    "regex-script-36": "regular expressions on the results of functions",
    "regex-script-38": "regular expressions on the results of functions",
    "regex-script-39": "regular expressions on the results of functions",
    "regex-script-42": "regular expressions on the results of functions",
    "regex-script-45": "regular expressions on the results of functions",
}
"""Cases that are not answered yet, each with what is lacking."""


def test_every_case_is_there(shared: Path) -> None:
    assert shared.is_dir()
    assert len(CASES) == 601


@pytest.mark.parametrize("case", marked(CASES, KNOWN))
def test_a_case_has_elasticsearchs_answer(case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)
