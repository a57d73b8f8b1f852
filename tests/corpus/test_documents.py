"""Real documents: both backends give one answer, rule by rule."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.documents import FILES, json_lines, lines_of

import eqlite
from eqlite import plan, strategies
from eqlite.backends.reference import ReferenceBackend
from eqlite.engine.faults import Faults
from eqlite.events.envelopes import unwrap
from eqlite.events.json_decoding import decode_object

EVERY = 8
RULES = 101
SAMPLE = 600
"""About how many documents of each file are looked at, spread over the file."""


@dataclass
class Evaluated:
    """A rule on both backends."""

    name: str
    query: eqlite.Query
    python: Callable[[dict[str, Any]], bool]
    reference: Callable[[dict[str, Any]], bool]

    @classmethod
    def of(cls, rule: eqlite.Rule) -> Evaluated:
        query = rule.compile()
        assert isinstance(query.plan.query, plan.EventQuery)
        condition, name = query.plan.query.condition, rule.rule_id or rule.name
        reference = ReferenceBackend().predicate(condition, name=name)
        return cls(name, query, query.predicate, reference)

    def differing(self, document: dict[str, Any]) -> dict[str, bool]:
        """Return what both say of a document; nothing where they agree."""
        found = {"python": self.python(document, Faults()), "reference": self.reference(document, Faults())}
        return found if len(set(found.values())) > 1 else {}


@pytest.fixture(scope="module")
def rules(shared: Path) -> list[Evaluated]:
    """Return the example rule, and every eighth event rule of the pack by rule id."""
    pack = sorted(eqlite.load_rules(shared / "corpus" / "rules.tar.gz"), key=lambda rule: rule.rule_id or "")
    event_rules = [rule for rule in pack if not rule.query.lstrip().startswith(("sequence", "sample"))]
    chosen = [eqlite.load_rule(shared / "corpus" / "seed_rule.txt"), *event_rules[::EVERY]][:RULES]
    return [Evaluated.of(rule) for rule in chosen]


def check_file(path: Path, rules: list[Evaluated], *, step: int) -> int:
    """Compare the answers over every `step`th document; return how many documents there were."""
    documents = 0
    for line in itertools.islice(lines_of(path), 0, None, step):
        document, *_ = unwrap(decode_object(line))[0]
        documents += 1
        for rule in rules:
            assert rule.differing(document) == {}, (rule.name, document)
    return documents


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_both_backends_agree_on_real_documents(shared: Path, rules: list[Evaluated], name: str) -> None:
    path = shared / "events" / f"{name}.ndjson.gz"
    count = sum(1 for _ in lines_of(path))
    assert check_file(path, rules, step=max(1, count // SAMPLE)) >= min(count, SAMPLE)


@pytest.mark.fuzz
@pytest.mark.parametrize("name", FILES)
def test_both_backends_agree_on_all_real_documents(shared: Path, rules: list[Evaluated], name: str) -> None:
    check_file(shared / "events" / f"{name}.ndjson.gz", rules, step=1)


@pytest.fixture(scope="module")
def strategies_of_rules(rules: list[Evaluated]) -> list[tuple[Evaluated, Any]]:
    return [(rule, strategies.events(rule.query, hostile=True)) for rule in rules]


@pytest.mark.slow
@settings(max_examples=400)
@given(data=st.data())
def test_both_backends_agree_on_hostile_documents(
    strategies_of_rules: list[tuple[Evaluated, Any]], data: st.DataObject
) -> None:
    rule, events = data.draw(st.sampled_from(strategies_of_rules))
    check_document(rule, data.draw(events))


@pytest.mark.fuzz
@given(data=st.data())
def test_both_backends_agree_on_many_hostile_documents(
    strategies_of_rules: list[tuple[Evaluated, Any]], data: st.DataObject
) -> None:
    rule, events = data.draw(st.sampled_from(strategies_of_rules))
    check_document(rule, data.draw(events))


def check_document(rule: Evaluated, document: dict[str, Any]) -> None:
    """Compare the answers for a document as JSON has it: raw, and with its NULs and lone surrogates escaped."""
    for line in json_lines(document):
        again, *_ = unwrap(decode_object(line))[0]
        assert rule.differing(again) == {}, (rule.name, document)
    wrapped = json.dumps({"_index": "logs", "_id": "1", "_source": document}).encode()
    inner, index, _ = unwrap(decode_object(wrapped))[0]
    assert index == "logs"
    assert rule.differing(inner) == {}, (rule.name, document)
