"""Real documents and the whole pack: all rules asked at once say what each of them says alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.test_documents import FILES, json_lines, lines_of

import eqlite
from eqlite import strategies
from eqlite.decision_graph.nodes import Node
from eqlite.engine.faults import Faults
from eqlite.events.envelopes import unwrap
from eqlite.events.json_decoding import decode_object
from eqlite.events.projection import CannotDecode
from eqlite.execution.event_cursor import Reading
from eqlite.execution.rule_matcher import Together

SAMPLE = 150
"""About how many documents of each file are looked at, spread over the file."""


@pytest.fixture(scope="module")
def queries(shared: Path) -> list[eqlite.Query]:
    return [rule.compile() for rule in eqlite.load_rules(shared / "corpus" / "rules.tar.gz")]


@pytest.fixture(scope="module")
def together(queries: list[eqlite.Query]) -> Together:
    return Together(queries, [query.new_faults() for query in queries])


def conditions_met(together: Together, node: Node, document: dict[str, Any]) -> set[tuple[int, int]]:
    """Return the numbers of queries and of their stages."""
    hits = together.hits(node, Reading(1, document=document))
    return {(query, 0) for query in hits.events} | {(query, stage) for query, met in hits.stages for stage in met}


def check_lines(lines: Iterable[bytes], queries: list[eqlite.Query], together: Together) -> int:
    count = 0
    for line in lines:
        count += 1
        document, *_ = unwrap(decode_object(line))[0]
        expected = {
            (number, stage)
            for number, query in enumerate(queries)
            for stage, holds in enumerate(query.stage_predicates)
            if holds(document, Faults())
        }
        assert conditions_met(together, together.ask_document(document), document) == expected, document
        if (struct := together.structs.of_document(document)) is not None:
            assert conditions_met(together, together.ask_document(document, struct), document) == expected, document
        with suppress(*CannotDecode):
            node = together.walk(together.decode(line), -1)
            assert conditions_met(together, node, document) == expected, document
    return count


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_all_rules_at_once_on_real_documents(shared: Path, queries: list[eqlite.Query], name: str) -> None:
    path = shared / "events" / f"{name}.ndjson.gz"
    count = sum(1 for _ in lines_of(path))
    lines = list(itertools.islice(lines_of(path), 0, None, max(1, count // SAMPLE)))
    together = Together(queries, [query.new_faults() for query in queries])
    together.look_at(lines)
    for _ in range(2):  # the first time nearly all is asked directly
        assert check_lines(lines, queries, together) >= min(count, SAMPLE)


@pytest.mark.fuzz
@pytest.mark.parametrize("name", FILES)
def test_all_rules_at_once_on_all_real_documents(shared: Path, queries: list[eqlite.Query], name: str) -> None:
    path = shared / "events" / f"{name}.ndjson.gz"
    together = Together(queries, [query.new_faults() for query in queries])
    together.look_at(list(itertools.islice(lines_of(path), 500)))
    check_lines(lines_of(path), queries, together)


@pytest.fixture(scope="module")
def documents_for_rules(queries: list[eqlite.Query]) -> list[st.SearchStrategy[dict[str, object]]]:
    return [strategies.events(query, hostile=number % 2 == 0) for number, query in enumerate(queries[::7])]


@pytest.mark.slow
@settings(max_examples=200)
@given(data=st.data())
def test_all_rules_at_once_on_documents_made_for_them(
    documents_for_rules: list[st.SearchStrategy[dict[str, object]]],
    queries: list[eqlite.Query],
    together: Together,
    data: st.DataObject,
) -> None:
    document = data.draw(data.draw(st.sampled_from(documents_for_rules)))
    check_lines(json_lines(document), queries, together)
