"""The index of candidates leaves out no condition that a document meets, and most of the others.

Covers `candidates/field_index.py`, `candidates/requirements.py`, `candidates/terms.py`.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.harness import condition

import eqlite
from eqlite import strategies
from eqlite.backends.reference import holds
from eqlite.candidates import field_index
from eqlite.candidates.field_index import MAX_VALUES
from eqlite.candidates.index import MAX_SHAPES, CandidateIndex
from eqlite.candidates.requirements import certain_terms, requirements_of
from eqlite.candidates.terms import TermReader, Terms
from eqlite.engine.faults import Faults
from eqlite.predicates.complexity import MAX_LEAVES


def candidates(conditions: list[str], document: dict[str, Any]) -> list[int]:
    """Return the numbers of the candidates, which are the same field by field."""
    made = CandidateIndex([condition(text) for text in conditions])
    mask = made.candidates(document)
    by_field = made.candidates_by_field(document)
    assert mask is None or mask == by_field
    return [number for number in range(len(conditions)) if by_field >> number & 1]


@given(st.lists(strategies.conditions(), min_size=1, max_size=6), st.data())
def test_what_a_document_meets_is_a_candidate(texts: list[str], data: st.DataObject) -> None:
    queries = []
    for text in texts:
        try:
            queries.append(eqlite.compile(f"any where {text}"))
        except eqlite.EqlError:
            continue
    conditions = [query.plan.stages[0].condition for query in queries]
    made = CandidateIndex(conditions)
    for query in queries:
        event = data.draw(strategies.events(query, hostile=data.draw(st.booleans())))
        expected = sum(1 << n for n, each in enumerate(conditions) if holds(each, event, Faults()))
        for mask in (made.candidates(event), made.candidates_by_field(event)):
            assert mask is None or mask & expected == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"a": "x"}, [0, 1, 3, 6]),
        ({"a": "X"}, [1, 3, 6]),
        ({"a": ["y", "x"]}, [0, 1, 3, 6]),
        ({"a": "some middle text"}, [2, 3, 6]),
        ({"a": None}, []),
        ({}, []),
        ({"a": {"b": 1}}, []),
        ({"a": 7}, [3, 4, 6]),
        ({"a": [7, None, [9]]}, [3, 4, 6]),
        ({"a": True}, [3, 5, 6]),
    ],
)
def test_a_value_tells_candidates(document: dict[str, Any], expected: list[int]) -> None:
    texts = ['a == "x"', 'a : "x"', 'a : "*middle*"', "a != null", "a > 5", "a == true", 'not a == "q" and a != null']
    assert candidates(texts, document) == expected


def test_an_alternative_without_the_field_requires_nothing_of_it() -> None:
    assert list(requirements_of(certain_terms(condition('a == "x" or b == "y"')))) == []
    assert list(requirements_of(certain_terms(condition('(a == "x" or a == "z") and b == "y"')))) == ["a", "b"]


def test_what_stands_behind_a_script_requires_nothing() -> None:
    """Each rule counts the faults of its scripts; its predicate gets as far as that wherever earlier tests hold."""
    assert set(requirements_of(certain_terms(condition('a == "x" and length(b) > 3')))) == {"a"}
    texts = ['length(b) > 3 or a == "x"', 'a == "x" and add(b, c) > 3']
    assert candidates(texts, {"a": "y", "b": "c"}) == [0]


def test_patterns_are_found_by_their_longest_text() -> None:
    required = requirements_of(certain_terms(condition('a : ("*abc?def*", "C:\\\\x")')))["a"]
    assert TermReader().terms_of(required) == Terms(folded=frozenset({"c:\\x"}), parts=frozenset({"abc"}))
    assert TermReader().terms_of(requirements_of(certain_terms(condition('a : "*?*"')))["a"]) is None


def test_dotted_keys_and_arrays_of_objects_are_read_by_field() -> None:
    made = CandidateIndex([condition('p.name == "x"'), condition('p.name == "y"')])
    for document in ({"p.name": "x"}, {"p": [{"name": "x"}, {"id": 1}]}, {"q": 1, "p": {"a.b": 1}, "p.name": ["x"]}):
        assert made.candidates(document) is None
        assert made.candidates_by_field(document) == 1


def test_values_and_shapes_that_are_remembered_are_bounded() -> None:
    made = CandidateIndex([condition(f'a == "{n}"') for n in range(20)])
    for number in range(max(MAX_VALUES, MAX_SHAPES) + 20):
        assert made.candidates({f"k{number}": 1, "a": str(number)}) == (1 << number if number < 20 else 0)
    (field,) = [field for _, field in made._root.fields()]
    assert 0 < len(field._masks) <= MAX_VALUES
    assert 0 < len(made._root._shapes) <= MAX_SHAPES


def test_long_values_are_not_remembered() -> None:
    made = CandidateIndex([condition('a == "x"'), condition('a regex "x.*[0-9]"')])
    (field,) = [field for _, field in made._root.fields()]
    for length, count in [(200, 1), (201, 1)]:
        made.candidates_by_field({"a": "y" * length})
        assert len(field._masks) == count


def test_after_many_values_costly_tests_rule_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(field_index, "MAX_TESTED_VALUES", 2)
    made = CandidateIndex([condition('a == "x3"'), condition('a regex "x[0-9]"')])
    masks = [made.candidates_by_field({"a": value}) for value in ("y1", "x1", "x2", "x3", "y4")]
    assert masks == [0b00, 0b10, 0b10, 0b11, 0b10]


def test_of_a_condition_too_complex_for_code_nothing_is_required() -> None:
    many = " or ".join(f"f{number} == 1" for number in range(MAX_LEAVES + 1))
    assert requirements_of(certain_terms(condition(f'a == "x" and ({many})'))) == {}
    assert candidates([f'a == "x" and ({many})'], {"a": "y"}) == [0]


def test_an_object_knows_the_conditions_that_require_it() -> None:
    made = CandidateIndex([condition('a == "x"'), condition('b.c == "y"'), condition('a == "x" and b.d.e == "z"')])
    assert made._root.required == 0b111
    assert made._root._objects["b"].required == 0b110
    assert made._root._objects["b"]._objects["d"].required == 0b100


@pytest.mark.parametrize("text", ['a == "x" or b == "y"', 'not (a != "x" and b != "y")'])
def test_of_an_or_over_fields_one_side_must_be_met(text: str) -> None:
    for document, expected in [({"a": "x"}, [0]), ({"b": "y"}, [0]), ({"a": "y", "b": "x"}, []), ({}, [])]:
        assert candidates([text], document) == expected
