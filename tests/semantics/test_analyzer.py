"""Phases together: what is collected, in which order, and what comes out."""

from __future__ import annotations

import pytest

import eqlite
from eqlite import plan
from eqlite.datatypes import DataType
from eqlite.semantics.analyzer import analyze_text
from eqlite.semantics.settings import Settings


def ids(text: str, schema: eqlite.Schema | None = None) -> list[str]:
    return [problem.id for problem in eqlite.analyze(text, schema)]


def test_all_problems_are_reported_in_order_of_place():
    text = 'process where lenght(a) > 1 and b == c and substring(d) == "x" | heads 3'
    assert ids(text) == ["unknown-function", "field-comparison", "wrong-argument-count", "unknown-pipe"]


def test_one_mistake_gives_one_message():
    schema = eqlite.Schema.from_fields({"event.category": "keyword", "process.name": "keyword"})
    assert ids('process where nosuch.field : "x*" and length(nosuch.other) > 3', schema) == ["unknown-field"] * 2
    assert ids('process where nosuch(process.name) : "x*"', schema) == ["unknown-function"]


def test_there_is_no_plan_after_an_error_and_one_after_warnings():
    made, found = analyze_text("any where nosuch(1)")
    assert made is None
    assert found
    made, found = analyze_text('any where endsWith(f, "*")')
    assert made is not None
    assert [problem.id for problem in found] == ["wildcard-in-constant"]


def test_a_hundred_problems_are_enough():
    text = "any where " + " and ".join(f"a{number} == b{number}" for number in range(300))
    assert len(eqlite.analyze(text)) == 100


def test_without_a_schema_only_the_timestamp_has_a_type():
    made, _ = analyze_text('any where @timestamp > "2026" and event.created > "2026"')
    assert made is not None
    kinds = {field.name: field.type for field in plan.condition_fields(made.stages[0].condition)}
    assert kinds == {"@timestamp": DataType.DATETIME, "event.created": DataType.UNKNOWN}
    assert made.timestamp is not None
    assert made.timestamp.type is DataType.DATETIME


def test_settings_name_the_fields_of_category_time_and_order():
    settings = Settings(event_category_field="kind", timestamp_field="when", tiebreaker_field="order")
    made, _ = analyze_text('process where when > "2026"', None, settings)
    assert made is not None
    fields = plan.condition_fields(made.stages[0].condition)
    assert [(field.name, field.type) for field in fields] == [("kind", DataType.UNKNOWN), ("when", DataType.DATETIME)]
    assert (made.timestamp.name, made.tiebreaker.name) == ("when", "order")  # type: ignore[union-attr]


def test_an_unmapped_category_field_is_an_error_except_for_any():
    schema = eqlite.Schema.from_fields({"a": "long"})
    assert ids("process where a == 1", schema) == ["unknown-field"]
    assert ids("any where a == 1", schema) == []


def test_runs_are_stages_and_until_is_no_stage():
    made = eqlite.compile(
        "sequence by k with maxspan=2m [a where true] with runs=3 ![b where true] until [c where true]"
    ).plan
    assert isinstance(made.query, plan.SequenceQuery)
    assert [stage.missing for stage in made.query.stages] == [False, False, False, True]
    assert made.query.maxspan_ms == 120_000
    assert made.query.until is not None
    assert len(made.stages) == 5


def test_keys_of_a_stage_are_the_shared_ones_and_then_its_own():
    made = eqlite.compile("sequence by a, ?b [x where true] by c [y where true] by d").plan
    assert [[key.name for key in stage.keys if key] for stage in made.stages] == [["a", "b", "c"], ["a", "b", "d"]]
    assert [key.optional for key in made.stages[0].keys if key] == [False, True, False]


def test_an_optional_key_that_no_index_has_is_always_null():
    schema = eqlite.Schema.from_fields({"event.category": "keyword", "a": "keyword"})
    made = eqlite.compile("sequence by a, ?b [x where true] [y where true]", schema=schema).plan
    assert [key and key.name for key in made.stages[0].keys] == ["a", None]


def test_pipes_become_limits_in_order():
    made = eqlite.compile("any where true | head 2 + 3 | tail 4").plan
    assert made.limits == (plan.Limit("head", 5), plan.Limit("tail", 4))


@pytest.mark.parametrize(
    "text", ["", "   ", "// nothing\n", "process", "where", "any where", "(", '"', "`", "|", "\0", "\ud800"]
)
def test_what_is_no_query_gets_a_message_and_nothing_breaks(text: str):
    found = eqlite.analyze(text)
    assert found
    assert all(problem.render() for problem in found)
    with pytest.raises(eqlite.EqlSyntaxError):
        eqlite.compile(text)
