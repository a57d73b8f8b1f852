"""Profiles: what is counted, which text stands for a clause, what is said about it, and what is kept in memory."""

from __future__ import annotations

import gc
import io
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eqlite
from eqlite import plan, strategies
from eqlite.backends.reference import holds
from eqlite.engine.faults import Faults
from eqlite.predicates.complexity import conjuncts
from eqlite.profiling import advice
from eqlite.profiling.model import ClauseProfile, Profile, RuleProfile
from eqlite.profiling.profiler import BATCH_EVENTS, ProfileStats, profile_files
from eqlite.rules.model import Rule
from eqlite.ruleset import RuleSet
from eqlite.source import Source


def rule(query: str, name: str = "a rule") -> Rule:
    return Rule(name=name, query=query, source=Source(query, "rule.eql"))


def profiled(query: str, events: list[dict[str, Any]]) -> RuleProfile:
    (found,) = RuleSet([rule(query)]).profile(events).rules
    return found


def clauses(query: str, events: list[dict[str, Any]]) -> list[ClauseProfile]:
    return [clause for stage in profiled(query, events).stages for clause in stage.clauses]


def texts(query: str) -> list[str]:
    return [clause.text for clause in clauses(query, [{"a": 1}])]


def said(query: str, events: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the ids of what is said about each clause, by its text; whatever time it took this once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(advice, "_NOTABLE_SHARE", -1)
        return {clause.text: [found.id for found in clause.findings] for clause in clauses(query, events)}


def process(**fields: Any) -> dict[str, Any]:
    return {"event": {"category": "process"}, **fields}


# --- counts -----------------------------------------------------------------------------------------------------------


def test_a_clause_is_tested_if_all_before_it_held() -> None:
    events = [process(n=number, name="abc"[number % 3] * 2) for number in range(600)] + [{"n": 1, "name": "aa"}] * 50
    found = clauses('process where name : ("a*", "?b") and n >= 100 and not name == "bb"', events)
    counted = [(clause.text, clause.evaluated, clause.held) for clause in found]
    of_processes = [event for event in events if "event" in event and event["n"] >= 100]
    wild = [event for event in of_processes if event["name"][0] == "a" or event["name"][1] == "b"]
    assert counted == [
        ("n >= 100", 650, 500),
        ("process where", 500, 500),
        ('name : ("a*", "?b")', len(of_processes), len(wild)),
        ('not name == "bb"', len(wild), sum(event["name"] != "bb" for event in wild)),
    ]
    assert found[0].selectivity == 500 / 650


QUERIES = strategies.conditions().map(lambda condition: f"any where {condition}")


@given(QUERIES.flatmap(lambda query: st.tuples(st.just(query), st.lists(strategies.events(query), max_size=8))))
@settings(max_examples=60, deadline=None)
def test_the_counts_are_those_of_the_plain_interpreter(drawn: tuple[str, list[dict[str, Any]]]) -> None:
    query, events = drawn
    if any(problem.is_error for problem in eqlite.analyze(query)):
        return
    made = eqlite.compile(query).plan.query
    assert isinstance(made, plan.EventQuery)
    alive, expected = events, []
    for term in conjuncts(made.condition):
        kept = [event for event in alive if holds(term, event, Faults())]
        expected.append((len(alive), len(kept)))
        alive = kept
    assert [(clause.evaluated, clause.held) for clause in clauses(query, events)] == expected


def test_clauses_are_in_the_order_of_generated_code() -> None:
    query = eqlite.compile('any where z regex "a[0-9]+b" and y : "a*" and x == 1')
    assert texts(query.text) == ["x == 1", 'y : "a*"', 'z regex "a[0-9]+b"']
    source = query.backend.source(query.plan.stages[0].condition)  # type: ignore[attr-defined]
    assert [source.index(f".get('{name}')") for name in "xyz"] == sorted(
        source.index(f".get('{name}')") for name in "xyz"
    )


def test_every_stage_is_tested_once_for_every_event() -> None:
    events = [process(n=number % 4) for number in range(300)]
    query = """sequence with maxspan=1m
      [process where n == 1] with runs=3
      ![process where n == 2]
      [process where n == 9]
      until [any where n == 0]"""
    stages = profiled(query, events).stages
    assert [(stage.name, stage.evaluated, stage.held) for stage in stages] == [
        ("stages 1 to 3", 300, 75),
        ("stage 4, missing", 300, 75),
        ("stage 5", 300, 0),
        ("until", 300, 75),
    ]


def test_a_condition_too_deep_for_code_is_measured_as_written() -> None:
    deep = "a == 1"
    for number in range(60):
        deep = f"({deep} and b{number} == 1) or c == 2"
    found = clauses(f"any where ({deep}) and d == 1", [{"c": 2, "d": 1}, {}])
    assert [(clause.evaluated, clause.held) for clause in found] == [(2, 1), (1, 1)]


# --- time -------------------------------------------------------------------------------------------------------------


def test_the_times_add_up() -> None:
    rules = RuleSet(
        [rule('process where n > 5 and name : "*a*b*"', "one"), rule("sequence [any where a] [any where b]")]
    )
    profile = rules.profile([process(n=number, name="xaybz", a=True) for number in range(600)])
    assert profile.events == 600
    for of_rule in profile.rules:
        assert of_rule.seconds == pytest.approx(sum(stage.seconds for stage in of_rule.stages))
        for stage in of_rule.stages:
            assert stage.seconds == pytest.approx(sum(clause.seconds for clause in stage.clauses))
    assert sum(profile.share(of_rule.seconds) for of_rule in profile.rules) == pytest.approx(1)
    assert [of_rule.seconds for of_rule in profile.rules] == sorted((r.seconds for r in profile.rules), reverse=True)


def test_an_expensive_clause_takes_more_time_than_a_cheap_one() -> None:
    events = [{"a": "x" * 500, "b": 1} for _ in range(BATCH_EVENTS)]
    cheap, expensive = clauses("any where b == 1 and length(concat(a, a)) > 3", events)
    assert expensive.seconds > 3 * cheap.seconds


# --- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("a == 1", ["a == 1"]),
        ("not (b == 1 or c == 2)", ["not (b == 1 or c == 2)"]),
        ("(a == 1 and b == 2)", ["a == 1", "b == 2"]),
        ("a == 1 or b == 2 or a == 3", ["a == 1 or b == 2 or a == 3"]),
        ("((a == 1 or b == 2) and c == 3) or d == 4", ["((a == 1 or b == 2) and c == 3) or d == 4"]),
        ('a == 1 or b == ")"', ['a == 1 or b == ")"']),
        ("d == 4 or (a == 1 and (b == 2 or c == 3))", ["d == 4 or (a == 1 and (b == 2 or c == 3))"]),
        ("((a == 1 and b == 2) or false)", ["a == 1", "b == 2"]),
        ("true", ["true"]),
        ("a == 1 and (\n // why )\n b == 2 or c == 3)", ["a == 1", "b == 2 or c == 3"]),
    ],
)
def test_a_clause_is_shown_as_it_stands_in_the_query(condition: str, expected: list[str]) -> None:
    assert sorted(texts(f"any where {condition}")) == sorted(expected)


def test_the_place_of_a_clause_is_that_in_the_file() -> None:
    found = {clause.text: (clause.line, clause.column) for clause in clauses("process where\n  a == 1", [{}])}
    assert found == {"process where": (1, 1), "a == 1": (2, 3)}
    (of_file,) = eqlite.load_rules("examples/rules/office_starts_a_shell.toml").profile([{}]).rules
    first = of_file.stages[0].clauses[0]
    assert of_file.rule.source.document is not None
    assert of_file.rule.source.document.splitlines()[first.line - 1][first.column - 1 :].startswith(
        first.text.split()[0]
    )


# --- what is said -----------------------------------------------------------------------------------------------------

MANY = [process(n=number, name=f"name {number}", event_type="start") for number in range(400)]


def test_a_field_that_no_event_has_is_told() -> None:
    found = said("process where nowhere.at_all == 1 and n == 1", MANY)
    assert found["nowhere.at_all == 1"] == ["field-absent"]
    assert said('process where not nowhere == 1 and name : "x*"', MANY)["not nowhere == 1"] == []
    assert said("process where nowhere == 1 or n == -1", MANY)["nowhere == 1 or n == -1"] != ["field-absent"]


def test_a_field_counts_as_there_in_any_shape() -> None:
    events: list[dict[str, Any]] = [{"process.name": "a"}, {"process": [{"args": ["x", None]}]}]
    found = said('any where process.name == "z" or process.args == "z"', events)
    assert all("field-absent" not in ids for ids in found.values())


def test_an_absent_field_comes_before_what_costs_more() -> None:
    profile = RuleSet([rule("any where nowhere == 1"), rule('any where name regex ".*[0-9]+x"', "expensive")]).profile(
        MANY
    )
    by_name = {each.rule.name: each.worst for each in profile.rules}
    assert by_name["a rule"] is not None
    assert by_name["a rule"][1].id == "field-absent"
    assert profile.top_finding is not None
    assert profile.top_finding[0].rule.name == "expensive"


def test_what_holds_for_nearly_everything_and_costs_much_is_told() -> None:
    found = said('process where name : "*n*m*"', MANY)
    assert found['name : "*n*m*"'] == ["holds-for-most"]


def test_a_dear_test_that_is_the_first_to_rule_out_much_is_told() -> None:
    assert "expensive-first-test" in said('process where name : ("*x*y*", "*z*w*")', MANY)['name : ("*x*y*", "*z*w*")']
    assert "expensive-first-test" not in said('process where n == 3 and name : ("*x*y*")', MANY)['name : ("*x*y*")']


@pytest.mark.parametrize(
    "clause", ['name regex "[a-z]+[0-9]+"', 'name regex~ "[a-z ]*[0-9]"', 'name : "?*n?"', 'name : "??*"']
)
def test_a_pattern_without_a_text_to_look_for_is_told(clause: str) -> None:
    found = said(f"any where {clause}", MANY)
    is_length_only = clause.startswith("name :")
    assert ("no-literal" in found[clause]) is not is_length_only


def test_ignoring_the_case_of_what_has_none_is_told() -> None:
    events = [{"event": {"type": ["start", "info"]}} for _ in range(300)]
    assert said('any where event.type : "start"', events)['event.type : "start"'][0] == "ignores-case"
    assert "ignores-case" not in said('any where event.type == "start"', events)['event.type == "start"']


def test_a_wide_or_is_told() -> None:
    tests = " or ".join(f'(name : "*x{number}*" and n == -{number})' for number in range(5))
    assert said(f"process where {tests}", MANY)[tests][0] == "many-alternatives"


def test_a_script_is_told() -> None:
    assert said("process where length(name) > 99", MANY)["length(name) > 99"][0] == "script"


def test_what_never_held_is_told() -> None:
    assert said('process where name == "no"', MANY)['name == "no"'] == ["never-held"]


def test_what_costs_next_to_nothing_is_not_worth_a_word() -> None:
    condition = eqlite.compile('any where name : "*x*?"').plan.stages[0].condition
    of_little, of_all = (
        advice.findings([advice.MeasuredClause(condition, 100, 40, share)], [], 100)[0] for share in (0.0, 1.0)
    )
    assert of_little == ()
    assert [finding.id for finding in of_all] == ["expensive-first-test"]


def test_nothing_is_said_about_what_was_never_reached() -> None:
    assert said('process where n == -1 and name : "*x*y*"', MANY)['name : "*x*y*"'] == []


# --- the input --------------------------------------------------------------------------------------------------------


class Weak(dict):  # type: ignore[type-arg]
    """A dict that can be watched."""


@pytest.mark.slow
def test_no_event_is_kept_beyond_its_batch() -> None:
    watched: list[weakref.ref[Any]] = []

    def events() -> Iterator[dict[str, Any]]:
        for number in range(10 * BATCH_EVENTS):
            event = Weak(n=number)
            watched.append(weakref.ref(event))
            yield event
            if number % BATCH_EVENTS == 0:
                gc.collect()
                assert sum(ref() is not None for ref in watched) <= 2 * BATCH_EVENTS

    assert RuleSet([rule("any where n == 3")]).profile(events()).rules[0].stages[0].held == 1


def test_ctrl_c_leaves_what_was_measured_so_far() -> None:
    def events() -> Iterator[dict[str, Any]]:
        yield from ({"n": number} for number in range(2 * BATCH_EVENTS + 7))
        raise KeyboardInterrupt

    profile = RuleSet([rule("any where n == 3")]).profile(events())
    assert (profile.interrupted, profile.events) == (True, 2 * BATCH_EVENTS)
    assert (profile.rules[0].stages[0].evaluated, profile.rules[0].stages[0].held) == (2 * BATCH_EVENTS, 1)


def of_lines(text: bytes, limit: int) -> tuple[Profile, ProfileStats]:
    stats = ProfileStats()
    compiled = RuleSet([rule("any where n >= 0")]).compile()
    return profile_files(compiled, [io.BytesIO(text)], limit=limit, stats=stats), stats


def test_lines_without_an_event_count_in_the_sample() -> None:
    profile, stats = of_lines(b'{"n": 1}\noops\n\n{"n": 2}\n', 10)
    assert (profile.events, stats.lines, stats.reading.read, stats.reading.rejected) == (2, 3, 3, 1)


def test_a_line_with_many_hits_is_many_events() -> None:
    hits = b",".join(b'{"_source": {"n": %d}}' % number for number in range(5))
    profile, _ = of_lines(b'{"hits": {"hits": [' + hits + b"]}}\n", 10)
    assert profile.events == 5


def test_an_empty_set_of_events_gives_an_empty_profile() -> None:
    profile = RuleSet([rule("any where n == 3")]).profile([])
    assert (profile.events, profile.seconds, profile.share(0.0), profile.top_finding) == (0, 0, 0, None)
