"""Rules in the forms of public reports: each of a case's rules loads without an error."""

from __future__ import annotations

import json
from pathlib import Path

from eqlite.ruleset import read_rules


def test_rules_of_public_reports_load(shared: Path, tmp_path: Path) -> None:
    cases = json.loads((shared / "conformance" / "field_cases.json").read_text(encoding="utf-8"))
    wrong = {}
    for case in cases:
        if "rule_text" not in case:
            continue
        folder = tmp_path / case["id"]
        folder.mkdir()
        (folder / case["rule_name"]).write_text(case["rule_text"], encoding="utf-8")
        for path in (folder, folder / case["rule_name"]):
            count = len(read_rules(path).compile())
            if count != case["expect_rules"]:
                wrong[case["id"]] = count
    assert wrong == {}
