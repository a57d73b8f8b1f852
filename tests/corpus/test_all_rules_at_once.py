"""Real documents and the whole pack: all rules asked at once say what each of them says alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.documents import FILES, json_lines, lines_of

import eqlite
from eqlite import strategies
from eqlite.engine.faults import Faults
from eqlite.events.batches import given_batch
from eqlite.events.envelopes import unwrap
from eqlite.events.intake import Intake
from eqlite.events.json_decoding import decode_object
from eqlite.execution.rule_matcher import PredicateMatcher

SAMPLE = 150
"""About how many documents of each file are looked at, spread over the file."""


@pytest.fixture(scope="module")
def queries(shared: Path) -> list[eqlite.Query]:
    return [rule.compile() for rule in eqlite.load_rules(shared / "corpus" / "rules.tar.gz")]


@pytest.fixture(scope="module")
def matcher(queries: list[eqlite.Query]) -> PredicateMatcher:
    return PredicateMatcher(queries)


def met_together(documents: Sequence[Any], queries: list[eqlite.Query], matcher: PredicateMatcher) -> list[set[Any]]:
    """Return for each document the pairs of rule and stage that it meets."""
    met: list[set[Any]] = [set() for _ in documents]
    faults = [Faults() for _ in queries]
    for event, hits in matcher.match(given_batch(documents, Intake(), 0), faults).events():
        met[event.row] = {(rule, 0) for rule in hits.event_rules}
        met[event.row] |= {(rule, stage) for rule, stages in hits.stage_hits for stage in stages}
    return met


def check_lines(lines: Iterable[bytes], queries: list[eqlite.Query], matcher: PredicateMatcher) -> int:
    documents = [unwrap(decode_object(line))[0][0] for line in lines]
    forms = [documents, [dotted(document) for document in documents]]
    for document, *met in zip(documents, *(met_together(form, queries, matcher) for form in forms), strict=True):
        expected = {
            (number, stage)
            for number, query in enumerate(queries)
            for stage, holds in enumerate(query.stage_predicates)
            if holds(document, Faults())
        }
        assert met == [expected] * len(forms), document
    return len(documents)


def dotted(document: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a document with dotted keys, as it is where a field would come twice."""
    found: dict[str, Any] = {}
    for key, value in document.items():
        below = dotted(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
        if found.keys() & below.keys():
            return document
        found |= below
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_all_rules_at_once_on_real_documents(
    shared: Path, queries: list[eqlite.Query], matcher: PredicateMatcher, name: str
) -> None:
    path = shared / "events" / f"{name}.ndjson.gz"
    count = sum(1 for _ in lines_of(path))
    lines = list(itertools.islice(lines_of(path), 0, None, max(1, count // SAMPLE)))
    assert check_lines(lines, queries, matcher) >= min(count, SAMPLE)


@pytest.mark.fuzz
@pytest.mark.parametrize("name", FILES)
def test_all_rules_at_once_on_all_real_documents(shared: Path, queries: list[eqlite.Query], name: str) -> None:
    path = shared / "events" / f"{name}.ndjson.gz"
    check_lines(lines_of(path), queries, PredicateMatcher(queries))


@pytest.fixture(scope="module")
def documents_for_rules(queries: list[eqlite.Query]) -> list[st.SearchStrategy[dict[str, object]]]:
    return [strategies.events(query, hostile=number % 2 == 0) for number, query in enumerate(queries[::7])]


@pytest.mark.slow
@settings(max_examples=200)
@given(data=st.data())
def test_all_rules_at_once_on_documents_made_for_them(
    documents_for_rules: list[st.SearchStrategy[dict[str, object]]],
    queries: list[eqlite.Query],
    matcher: PredicateMatcher,
    data: st.DataObject,
) -> None:
    document = data.draw(data.draw(st.sampled_from(documents_for_rules)))
    check_lines(json_lines(document), queries, matcher)
