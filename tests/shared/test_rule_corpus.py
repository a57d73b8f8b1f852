"""Elastic's rules as shipped: all of them load, every query is kept byte for byte, every place is right."""

from __future__ import annotations

import gzip
import json
import tarfile
import tomllib
from pathlib import Path

import pytest

import eqlite
from eqlite.rules.model import Rule


@pytest.fixture(scope="module")
def toml_rules(shared: Path) -> eqlite.RuleSet:
    return eqlite.load_rules(shared / "corpus" / "rules.tar.gz")


def place_is_right(rule: Rule) -> bool:
    """Whether the text at the places that the source names is the query's own, escapes aside."""
    source = rule.source
    assert source.document is not None
    ends = [*(start for start, _ in source.offsets[1:]), len(rule.query)]
    for (start, place), end in zip(source.offsets, ends, strict=True):
        # The last character before the next pair may be the one that is written as an escape.
        for last in (end, end - 1):
            if source.document[place : place + last - start] == rule.query[start:last]:
                break
        else:
            return False
    return True


def test_all_toml_rules_load_from_the_archive_with_their_queries(shared: Path, toml_rules: eqlite.RuleSet) -> None:
    expected = {}
    with tarfile.open(shared / "corpus" / "rules.tar.gz") as archive:
        for member in archive:
            if member.name.endswith(".toml"):
                file = archive.extractfile(member)
                assert file is not None
                rule = tomllib.load(file)["rule"]
                expected[rule["rule_id"]] = rule["query"]
    assert len(expected) == 1081
    assert {rule.rule_id: rule.query for rule in toml_rules} == expected
    assert toml_rules.skipped == ()


def test_every_query_of_a_toml_rule_is_found_in_its_file(toml_rules: eqlite.RuleSet) -> None:
    assert [rule.name for rule in toml_rules if not place_is_right(rule)] == []


def test_all_prebuilt_assets_load(shared: Path) -> None:
    path = shared / "corpus" / "prebuilt_assets_8.2.1_eql.ndjson.gz"
    rules = eqlite.load_rules(path)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        queries = [json.loads(line)["attributes"]["query"] for line in lines]
    assert [rule.query for rule in rules] == queries
    assert len(rules) == 315
    assert [rule.name for rule in rules if not place_is_right(rule)] == []


def test_the_seed_rule_loads_with_all_that_its_page_says(shared: Path) -> None:
    rule = eqlite.load_rule(shared / "corpus" / "seed_rule.txt")
    text = (shared / "corpus" / "seed_rule.txt").read_text(encoding="utf-8")
    assert rule.query in text
    assert rule.query.startswith("process where")
    assert rule.query.rstrip().endswith("process.interactive == true")
    assert rule.name == "Suspicious Interactive Interpreter Command Execution Detected via Defend for Containers"
    assert (rule.severity, rule.risk_score, rule.version, rule.max_signals) == ("medium", 47, 1, 100)
    assert (rule.interval, rule.from_) == ("5m", "now-6m")
    assert rule.index == ("logs-cloud_defend.process*",)
    assert rule.license == "Elastic License v2"
    assert rule.author == ("Elastic",)
    assert len(rule.tags) == 6
    assert rule.tactics == ("TA0002", "TA0011")
    assert rule.techniques == ("T1059", "T1059.004", "T1059.006", "T1059.011", "T1071", "T1071.001")


def test_the_shipped_example_is_the_seed_rule_byte_for_byte(shared: Path) -> None:
    example = Path(__file__).parents[2] / "examples" / "suspicious_interactive_interpreter.txt"
    assert example.read_bytes() == (shared / "corpus" / "seed_rule.txt").read_bytes()
