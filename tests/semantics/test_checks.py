"""Each check has a query that it must let pass, next to those that it complains of in `tests/diagnostics`."""

from __future__ import annotations

import pytest

import eqlite

FIELDS = eqlite.Schema.from_fields(
    {
        "event.category": "keyword",
        "f": "keyword",
        "g": "keyword",
        "n": "long",
        "d": "double",
        "b": "boolean",
        "ip": "ip",
    }
)
NEAR = {
    "too-few-stages": "sequence [a where true] with runs=2",
    "too-many-stages": "sequence [a where true] with runs=100 [b where true] with runs=100 [c where true] with runs=56",
    "until-without-sequence": "sequence [a where true] [b where true] until [c where true]",
    "missing-maxspan": "sequence with maxspan=1s [a where true] ![b where true]",
    "no-positive-stage": "sequence with maxspan=1s ![a where true] [b where true]",
    "missing-event-in-sample": "sample by f [a where true] [b where true]",
    "sample-without-key": "sample [a where true] by f [b where true] by g",
    "inconsistent-keys": "sequence by f [a where true] by g [b where true] by f until [c where true] by g",
    "bad-join-key": "sequence by f, ?g [a where true] [b where true]",
    "repeated-key": "sequence by f, f [a where true] [b where true]",
    "unequal-key-types": "sample [a where true] by n [b where true] by d",
    "bad-timestamp-field": "any where f == null",
    "incompatible-keys": "sequence [a where true] by n [b where true] by d",
    "unsupported-pipe": "any where true | head 1 | tail 1",
    "bad-pipe-argument": "any where true | head 0 | tail 2 * 3",
    "sample-pipe": "sequence by f [a where true] [b where true] | tail 1",
    "bad-regex": r'any where f regex "[(] \\( ~x & <1-9> @ #"',
    "regex-too-large": f'any where f regex "{"x" * 1_000}"',
    "range-in-insensitive-regex": 'any where f regex~ "[a-zA-Z0-9]+" or f regex "[a-z]"',
    "wildcard-in-constant": r'any where endsWith(f, ".exe") and startsWith(f, "C:\\*") and stringContains(f, g)',
    "literal-out-of-type": 'any where n == "7" and b == "true" and ip == "10.0.0.0/8" and n == 99999999999',
    "constant-fault": 'any where n == 1 / 2 and d == 1 / 0.0 and n == number("0x1f")',
    "field-comparison": 'any where concat(f, g) == "x" and f == concat("a", "b")',
    "not-a-constant": 'any where between(f, g, "x", true) == "" and f in ("a", concat("b", "c"))',
    "type-mismatch": 'any where n in (1, 2.5, null) and f in ("x", null) and d + n > 1',
    "not-boolean": "any where b and not b or null",
    "unknown-field": "any where ?nothing == 1 and f == null",
    "bad-cidr": 'any where cidrMatch(ip, "10.0.0.1/8", "::/0", "10.0.0.1")',
    "unknown-function": 'any where ENDSWITH(f, "x") and IndexOf(f, "y") > 0',
    "wrong-argument-count": 'any where indexOf(f, "x", 1) == 1 and concat(f) == "x" and cidrMatch(ip, "::/0", "::1")',
    "no-case-insensitive-form": 'any where indexOf~(f, "x") == 1 and between~(f, "a", "b") == "x"',
}


@pytest.mark.parametrize(("id", "text"), NEAR.items(), ids=NEAR)
def test_a_query_that_is_nearly_wrong_gets_no_message(id: str, text: str):
    assert [problem.render() for problem in eqlite.analyze(text, FIELDS) if problem.id == id] == []
    assert [problem.render() for problem in eqlite.analyze(text, FIELDS) if problem.is_error] == []


def test_a_repeated_stage_counts_as_often_as_it_is_repeated():
    found = eqlite.analyze(
        "sequence [any where true] with runs=100 [any where true] with runs=100 [any where true] with runs=57"
    )
    assert [problem.id for problem in found] == ["too-many-stages"]


def test_every_regular_expression_is_looked_at():
    found = eqlite.analyze('any where f regex "(" or not (g == 1 and substring(h, 1) regex~ "[")')
    assert [problem.id for problem in found] == ["bad-regex", "bad-regex"]


def test_a_range_is_reported_at_the_pattern_that_has_it():
    (found,) = eqlite.analyze('any where f regex~ ("abc", "[a-f]")')
    assert found.source is not None
    assert found.source.text[found.span.start : found.span.end] == '"[a-f]"'


def test_checks_look_into_stages():
    found = eqlite.analyze('sequence [any where f regex "("] [any where true] until [any where endsWith(f, "*")]')
    assert [problem.id for problem in found] == ["bad-regex", "wildcard-in-constant"]


@pytest.mark.parametrize(
    "query", ["process where true", "any where true", 'sequence [file where true] ["info" where true]']
)
def test_known_category_is_not_spoken_of(query):
    assert eqlite.analyze(query) == []


def test_category_of_another_field_is_not_judged():
    assert eqlite.analyze("pizza where true", event_category_field="kind") == []
    assert [problem.is_error for problem in eqlite.analyze("pizza where true")] == [False]


def test_a_text_in_a_call_is_named_by_its_place() -> None:
    schema = eqlite.Schema.from_mapping({"properties": {"t": {"type": "text"}, "k": {"type": "keyword"}}})
    with pytest.raises(eqlite.EqlError) as caught:
        eqlite.compile('any where indexOf(k, t) == 1 or concat(k, t) == "x"', schema=schema)
    places = [found.elasticsearch.partition(" cannot operate on ")[2] for found in caught.value.diagnostics]
    assert [place.partition("of data type")[0] for place in places] == ["second argument field ", "field "]
