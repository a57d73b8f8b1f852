"""The fast backend and the reference give one answer, whatever the query and the event."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import eqlite
from eqlite import strategies
from eqlite.backends.reference import holds
from eqlite.engine.faults import Faults
from eqlite.plan import EventQuery


def compiled(text: str, schema: eqlite.Schema | None = None) -> eqlite.Query | None:
    """Return the query, None for a generated one that is refused (over a limit, a fault among constants)."""
    try:
        return eqlite.compile(text, schema=schema)
    except eqlite.EqlError:
        return None


def answers(query: eqlite.Query, event: dict[str, Any]) -> dict[str, bool]:
    assert isinstance(query.plan.query, EventQuery)
    condition = query.plan.query.condition
    return {"reference": holds(condition, event, Faults()), "python": query.matches(event)}


@given(st.data())
def test_generated_conditions_and_events(data: st.DataObject) -> None:
    text = data.draw(strategies.conditions().map(lambda condition: f"any where {condition}"))
    query = compiled(text)
    if query is None:
        return
    for _ in range(3):
        event = data.draw(strategies.events(query, hostile=data.draw(st.booleans())))
        found = answers(query, event)
        assert len(set(found.values())) == 1, (text, event, found)


@given(st.data())
def test_generated_conditions_with_a_schema(data: st.DataObject) -> None:
    schema = eqlite.Schema.from_fields(strategies.FIELDS)
    text = data.draw(strategies.conditions(schema=schema).map(lambda condition: f"any where {condition}"))
    query = compiled(text, schema)
    if query is None:
        return
    event = data.draw(strategies.events(query, schema=schema, hostile=data.draw(st.booleans())))
    found = answers(query, event)
    assert len(set(found.values())) == 1, (text, event, found)


@given(st.data())
def test_the_example_rule_on_events_near_to_it(data: st.DataObject) -> None:
    query = eqlite.load_rule("examples/suspicious_interactive_interpreter.txt").compile()
    event = data.draw(strategies.events(query, hostile=data.draw(st.booleans())))
    found = answers(query, event)
    assert len(set(found.values())) == 1, (event, found)


def test_eight_threads_get_the_same_answers() -> None:
    query = eqlite.load_rule("examples/suspicious_interactive_interpreter.txt").compile()
    events = [event.document for event in eqlite.read_events("examples/cloud_defend_events.ndjson")] * 200
    expected = [query.matches(event) for event in events]
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: [query.matches(event) for event in events], range(16)):
            assert found == expected


def test_queries_matches_and_errors_survive_pickling() -> None:
    query = eqlite.compile('process where process.name : "a*"', timestamp_field="time", name="rule")
    event = {"event": {"category": "process"}, "process": {"name": "ABC"}}
    again = pickle.loads(pickle.dumps(query))
    assert again.matches(event)
    assert again.plan == query.plan
    assert pickle.loads(pickle.dumps(query.search([event]))) == query.search([event])
    with pytest.raises(eqlite.EqlSyntaxError) as caught:
        eqlite.compile("process where")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy)) == (eqlite.EqlSyntaxError, str(caught.value))
