"""Both backends, the typed reader of lines and `evaluate` agree: mappings, shapes, negations, searches, long lists.

Covers `execution/rule_matcher.py`, `predicates/value_tests.py`, `predicates/raw_values.py`.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.property.evaluators import Evaluators
from tests.property.obvious import like_tokens, tokens_match

import eqlite
from eqlite import Schema, plan, strategies
from eqlite.language.quoting import string_text
from eqlite.strategies.patterns import ALPHABET

MAPPING = Schema.from_mapping(
    {
        "properties": {
            "name": {"type": "text", "fields": {"raw": {"type": "keyword", "ignore_above": 4}}},
            "status": {"type": "keyword", "null_value": "a"},
            "short": {"type": "keyword", "ignore_above": 2},
            "count": {"type": "integer", "null_value": 1, "fields": {"text": {"type": "keyword"}}},
            "small": {"type": "byte"},
            "big": {"type": "unsigned_long"},
            "rate": {"type": "scaled_float", "scaling_factor": 10},
            "half": {"type": "half_float"},
            "flag": {"type": "boolean", "null_value": True},
            "address": {"type": "ip", "null_value": "10.0.0.1"},
            "day": {"type": "date", "format": "yyyy-MM-dd||epoch_millis"},
            "instant": {"type": "date_nanos"},
            "release": {"type": "version"},
            "other": {"type": "alias", "path": "status"},
            "wild": {"type": "wildcard"},
            "fixed": {"type": "constant_keyword", "value": "a"},
            "copied": {"type": "keyword", "copy_to": ["all", "text"]},
            "all": {"type": "keyword", "ignore_above": 3},
            "text": {"type": "text", "fields": {"raw": {"type": "keyword", "ignore_above": 2}}},
            "labels": {"type": "passthrough", "properties": {"tag": {"type": "keyword", "copy_to": "all"}}},
        },
        "runtime": {"computed": {"type": "long"}},
    }
)
SCHEMAS = {"none": None, "typed": Schema.from_fields(strategies.FIELDS), "mapping": MAPPING}

# Made once: making a strategy takes longer than drawing from it.
CONDITIONS = {name: strategies.conditions(schema) for name, schema in SCHEMAS.items()}
QUERIES = strategies.queries()
TWO_FIELDS = strategies.conditions(fields={"process.parent.name": "keyword", "process.parent.pid": "long"})


@given(st.data(), st.booleans())
def test_conditions_over_a_mapping_with_conversions(data: st.DataObject, hostile: bool) -> None:
    evaluators = Evaluators(f"any where {data.draw(CONDITIONS['mapping'])}", schema=MAPPING)
    for event in data.draw(st.lists(strategies.events(evaluators.python, hostile=hostile), min_size=1, max_size=4)):
        evaluators.check(event)


@given(st.data(), st.sampled_from(["head", "tail"]), st.none() | st.integers(0, 4))
def test_both_backends_search_alike(data: st.DataObject, position: Any, size: int | None) -> None:
    text = data.draw(QUERIES)
    query = eqlite.compile(text)
    events = data.draw(st.lists(strategies.events(query), max_size=6))
    found = query.search(events, size=size, result_position=position)
    expected = eqlite.compile(text, backend="reference").search(events, size=size, result_position=position)
    assert [[id(event) for event in match.events] for match in found] == [
        [id(event) for event in match.events] for match in expected
    ]


@given(st.data())
def test_a_negation_holds_where_the_condition_does_not(data: st.DataObject) -> None:
    condition = data.draw(CONDITIONS["none"])
    query, negated = eqlite.compile(f"any where {condition}"), eqlite.compile(f"any where not ({condition})")
    for compiled in (query, negated):  # what is known beforehand is three-valued: there `not` of null is null
        assert isinstance(compiled.plan.query, plan.EventQuery)
        assume(not isinstance(compiled.plan.query.condition, plan.Always))
    event = data.draw(strategies.events(query))
    assert query.matches(event) is not negated.matches(event)


@given(st.data())
def test_evaluate_says_of_a_condition_what_the_query_says(data: st.DataObject) -> None:
    condition = data.draw(CONDITIONS["none"])
    evaluators = Evaluators(f"any where {condition}")
    event = data.draw(strategies.events(evaluators.python))
    assert (eqlite.evaluate(f"({condition}) == true", event) is True) is evaluators.check(event)


# --- shapes ----------------------------------------------------------------------------------------------------------


def shapes(path: str, values: list[Any]) -> list[dict[str, Any]]:
    """Return documents that hold the same values under a name of three parts."""
    first, second, third = path.split(".")
    forms: list[dict[str, Any]] = [
        {first: {second: {third: values}}},
        {path: values},
        {f"{first}.{second}": {third: values}},
        {first: {f"{second}.{third}": values}},
        {first: [{second: {third: value}} for value in values]},
        {first: {second: [{third: value} for value in values]}},
        {first: [{second: [{third: value}]} for value in values]},
        {first: {second: {third: [[value] for value in values]}}},
        {first: {second: {third: values[:1], "other": 1}, f"{second}.{third}": values[1:]}},
        {path: values[:1], first: {second: {third: values[1:]}}},
        {first: [{second: {third: values}}, None, "no object", {second: None}, {second: {"other": 1}}]},
        {first: {second: {third: [*values, None, {}, []]}}},
    ]
    if len(values) == 1:
        forms += [{first: {second: {third: values[0]}}}, {path: values[0]}]
    return forms


scalars = st.one_of(st.text(alphabet=ALPHABET, max_size=3), st.integers(-2, 12), st.booleans(), st.floats(0, 3))


@given(TWO_FIELDS, st.sampled_from(["process.parent.name", "process.parent.pid"]), st.lists(scalars, max_size=3))
def test_shape_of_documents_and_order_of_values_do_not_matter(condition: str, path: str, values: list[Any]) -> None:
    evaluators = Evaluators(f"any where {condition}")
    arrangements = (values, values[::-1], [*values, *values])
    events = itertools.chain.from_iterable(shapes(path, arrangement) for arrangement in arrangements)
    assert len({evaluators.check(event) for event in events}) == 1


# --- long lists of patterns, which are looked for together -----------------------------------------------------------


@st.composite
def lists_and_values(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Return many patterns with some values, most of them near one of the patterns."""
    patterns = draw(st.lists(strategies.wildcard_patterns(max_size=5), min_size=2, max_size=16))
    one = draw(st.sampled_from(patterns))
    near = st.one_of(
        strategies.matching_values(one, insensitive=True),
        strategies.matching_values(one).map(lambda text: text[1:]),
        st.text(alphabet=ALPHABET, max_size=6),
    )
    return patterns, draw(st.lists(near, min_size=1, max_size=3))


@pytest.mark.parametrize("operator", [":", "like", "like~"])
@given(found=lists_and_values())
def test_of_a_list_of_patterns_any_may_match_any_value(operator: str, found: tuple[list[str], list[str]]) -> None:
    patterns, values = found
    evaluators = Evaluators(f"any where f {operator} ({', '.join(map(string_text, patterns))})")
    tokens = [like_tokens(pattern, insensitive=operator != "like") for pattern in patterns]
    expected = any(tokens_match(pattern, value) for pattern in tokens for value in values)
    assert evaluators.check({"f": values}) is expected
    if len(values) == 1:
        assert evaluators.check({"f": values[0]}) is expected


# --- long runs -------------------------------------------------------------------------------------------------------


@pytest.mark.fuzz
@pytest.mark.parametrize("name", SCHEMAS)
@given(data=st.data())
def test_long_search_for_a_difference(name: str, data: st.DataObject) -> None:
    evaluators = Evaluators(f"any where {data.draw(CONDITIONS[name])}", schema=SCHEMAS[name])
    hostile = data.draw(st.booleans())
    for event in data.draw(st.lists(strategies.events(evaluators.python, hostile=hostile), min_size=1, max_size=8)):
        evaluators.check(event)
