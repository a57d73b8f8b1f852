"""What `eqlite.strategies` promises: queries that compile, patterns with values that match, events that come near."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.obvious import like_tokens, tokens_match

import eqlite
from eqlite import Schema, strategies
from eqlite.plan import Always, EventQuery
from eqlite.strategies.patterns import regexes
from eqlite.values.regex.compile import compile_regex

TYPED = Schema.from_fields(strategies.FIELDS)
ECS_CONDITIONS = strategies.conditions(Schema.ecs())


@given(strategies.queries(kinds=("event", "sequence", "sample")))
def test_every_query_compiles_with_and_without_its_schema(text: str) -> None:
    assert eqlite.compile(text, schema=TYPED).kind == eqlite.compile(text).kind


@given(ECS_CONDITIONS)
def test_conditions_over_a_schema_compile_with_it(condition: str) -> None:
    eqlite.compile(f"any where {condition}", schema=Schema.ecs())


@given(strategies.conditions(fields={"a": "keyword"}))
def test_conditions_read_the_given_fields_alone(condition: str) -> None:
    assert eqlite.compile(f"any where {condition}").fields <= {"a"}


@given(strategies.queries(fields={"a": "long"}))
def test_without_a_category_field_queries_are_about_any_event(text: str) -> None:
    assert text.startswith("any where")


@given(strategies.wildcard_patterns(), st.booleans(), st.data())
def test_matching_values_match(pattern: str, insensitive: bool, data: st.DataObject) -> None:
    value = data.draw(strategies.matching_values(pattern, insensitive=insensitive))
    assert tokens_match(like_tokens(pattern, insensitive=insensitive), value)


@given(regexes(), st.booleans())
def test_regular_expressions_are_those_of_lucene_and_of_java(pattern: str, insensitive: bool) -> None:
    compile_regex(pattern, insensitive=insensitive)
    compile_regex(pattern, insensitive=insensitive, flavour="java")


def share_of_matches(query: eqlite.Query, examples: int = 200) -> float:
    found: list[bool] = []

    @settings(
        max_examples=examples, database=None, derandomize=True, suppress_health_check=list(HealthCheck), deadline=None
    )
    @given(strategies.events(query))
    def look(event: dict[str, Any]) -> None:
        found.append(query.matches(event))

    look()
    return sum(found) / len(found)


@pytest.mark.parametrize(
    "text",
    [
        'process where process.name : ("cmd*", "p?wsh.exe") and process.args == "-enc" and not user.id == "S-1"',
        'any where a regex "(x|yy)+[0-9]{2}" and b > 5 and c == null',
        'any where cidrMatch(source.ip, "10.0.0.0/8", "2001:db8::/32") and stringContains~(d, "Needle") and e',
        'any where @timestamp >= "2026-01-01" and @timestamp < "2026-02-01" and n == 4.5',
    ],
)
def test_about_half_of_the_events_match_and_about_half_do_not(text: str) -> None:
    assert 0.25 < share_of_matches(eqlite.compile(text)) < 0.85


def test_events_of_a_shipped_rule_match_it_often() -> None:
    rule = eqlite.load_rule("examples/suspicious_interactive_interpreter.txt")
    assert share_of_matches(rule.compile()) > 0.2


@given(strategies.events(eqlite.load_rule("examples/suspicious_interactive_interpreter.txt"), hostile=True))
def test_hostile_events_are_documents_all_the_same(event: dict[str, Any]) -> None:
    assert all(isinstance(key, str) for key in event)


@given(strategies.events({"a.b": "keyword", "c": "long"}))
def test_events_of_fields_hold_nothing_else(event: dict[str, Any]) -> None:
    assert event.keys() <= {"a", "a.b", "c"}


@given(strategies.events(["x.y"], hostile=True))
def test_events_of_names_alone(event: dict[str, Any]) -> None:
    assert event.keys() <= {"x", "x.y"}


@given(strategies.events('sequence [a where x == "1"] [b where y == "2"]'))
def test_events_of_a_sequence_are_those_of_its_stages(event: dict[str, Any]) -> None:
    assert event.keys() <= {"event", "event.category", "x", "y", "@timestamp"}


@given(strategies.conditions().map(lambda condition: eqlite.compile(f"any where {condition}")))
def test_conditions_are_seldom_decided_beforehand(query: eqlite.Query) -> None:
    assert isinstance(query.plan.query, EventQuery)
    if isinstance(query.plan.query.condition, Always):
        return
    assert query.fields


def test_without_hypothesis_the_import_says_what_to_install() -> None:
    program = "import sys; sys.modules['hypothesis'] = None; import eqlite.strategies"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.strip().splitlines()[-1].endswith("pip install hypothesis")
