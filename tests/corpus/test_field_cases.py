"""What people reported and real files showed, case by case, on every backend."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.corpus.answers import Case, check, marked, read_cases

CASES = read_cases("field_cases")
KNOWN: dict[str, str] = {
    "env-async": "shapes of events",
    "env-msearch": "shapes of events",
    "env-mget": "shapes of events",
    "env-expected": "shapes of events",
    "env-events-key": "shapes of events",
    "env-esql": "shapes of events",
    "env-inner-hits": "shapes of events",
    "env-bulk-actions": "shapes of events",
    "env-concat": "shapes of events",
    "env-console": "shapes of events",
    "env-docker": "shapes of events",
    "env-fields-beside-source": "fields beside _source",
    "env-ignored": "_ignored",
    "rule-hunt": "shapes of rules",
    "rule-yaml": "shapes of rules",
    "rule-asciidoc": "shapes of rules",
    "rule-timeline": "shapes of rules",
    "rule-terraform": "shapes of rules",
    "rule-devtools": "shapes of rules",
    "rule-field-threat-table": "shapes of rules",
    "rule-field-risk-text": "shapes of rules",
    "rule-field-severity-capital": "shapes of rules",
    "rule-field-index-text": "shapes of rules",
    "rule-field-version-text": "shapes of rules",
}
"""Cases that are not answered yet, each with what is lacking."""


def test_every_case_is_there(shared: Path) -> None:
    assert shared.is_dir()
    assert len(CASES) == 153


@pytest.mark.parametrize("case", marked(CASES, KNOWN))
def test_a_case_has_elasticsearchs_answer(case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)
