"""Elastic's shipped rules: all of them compile, and the example rule finds what it should."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import eqlite
from eqlite import plan
from eqlite.backends import BACKENDS
from eqlite.backends.base import Backend
from eqlite.engine.faults import Faults

RULES, EVENT_RULES, ASSETS = 1_081, 861, 315
GENERATED = 20_000
SLICE = 2_000


@pytest.fixture(scope="module")
def rules(shared: Path) -> eqlite.RuleSet:
    return eqlite.load_rules(shared / "corpus" / "rules.tar.gz")


@pytest.fixture(scope="module")
def example(shared: Path) -> eqlite.Rule:
    return eqlite.load_rule(shared / "corpus" / "seed_rule.txt")


def check_all_compile(rules: eqlite.RuleSet) -> None:
    assert [problem.render() for problem in rules.problems if problem.is_error] == []
    assert rules.skipped == ()
    assert len(rules.compile()) == len(rules)


def conditions(rules: eqlite.RuleSet) -> list[plan.Condition]:
    """Return the conditions of the event rules."""
    found = [query.plan.query for _, query in rules.compile()]
    return [query.condition for query in found if isinstance(query, plan.EventQuery)]


def test_no_shipped_rule_has_an_error(rules: eqlite.RuleSet) -> None:
    assert len(rules) == RULES
    check_all_compile(rules)


def test_no_asset_has_an_error(shared: Path) -> None:
    assets = eqlite.load_rules(shared / "corpus" / "prebuilt_assets_8.2.1_eql.ndjson.gz")
    assert len(assets) == ASSETS
    check_all_compile(assets)


@pytest.mark.parametrize("backend", BACKENDS.values(), ids=BACKENDS)
def test_every_event_rule_becomes_a_function(rules: eqlite.RuleSet, backend: Backend) -> None:
    made = [backend.predicate(condition, name="rule") for condition in conditions(rules)]
    assert len(made) == EVENT_RULES
    assert not any(predicate({}, Faults()) for predicate in made)


# --- the example rule ------------------------------------------------------------------------------------------------


def test_the_example_rule_is_right_about_the_labelled_documents(shared: Path, example: eqlite.Rule) -> None:
    lines = (shared / "events" / "seed_cloud_defend_handmade.ndjson").read_text(encoding="utf-8").splitlines()
    documents = [json.loads(line) for line in lines]
    expected = [document["_expect"]["seed_query"] for document in documents]
    assert len(documents) == 8
    assert len(set(expected)) == 2
    python, reference = example.compile(), example.compile(backend="reference")
    for matches in (python.matches, reference.matches):
        assert [matches(document) for document in documents] == expected
        assert [matches(document["_source"]) for document in documents] == expected


@pytest.fixture(scope="module")
def generated(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], list[bool]]:
    """Return generated events, and for each whether the example rule matches it by construction."""
    folder = tmp_path_factory.mktemp("generated")
    script = shared / "bench" / "gen_events.py"
    events, truth = folder / "events.ndjson", folder / "truth.json"
    arguments = ["-n", str(GENERATED), "-o", str(events), "--truth", str(truth)]
    subprocess.run([sys.executable, str(script), *arguments], check=True, capture_output=True)
    matching = set(json.loads(truth.read_text(encoding="utf-8"))["event_ids"])
    documents = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    return documents, [document["event"]["id"] in matching for document in documents]


def test_the_example_rule_is_right_about_generated_events(
    example: eqlite.Rule, generated: tuple[list[dict[str, Any]], list[bool]]
) -> None:
    documents, expected = generated
    assert len(documents) == GENERATED
    assert 50 < sum(expected) < 200
    query = example.compile()
    assert [query.matches(document) for document in documents] == expected


def test_the_reference_is_right_about_a_slice_of_them(
    example: eqlite.Rule, generated: tuple[list[dict[str, Any]], list[bool]]
) -> None:
    documents, expected = generated
    query = example.compile(backend="reference")
    found = [query.matches(document) for document in documents[:SLICE]]
    assert found == expected[:SLICE]
    matching = [document for document, does in zip(documents, expected, strict=True) if does]
    assert all(query.matches(document) for document in matching)
