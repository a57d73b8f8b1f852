"""Queries and events made to hurt: each gets an answer or a clear error, soon, and nothing in them is run.

No clock on the wall decides: what must be linear is measured by the CPU time of twice the input.
"""

from __future__ import annotations

import datetime
import re
import subprocess
import sys
from typing import Any

import pytest
from tests.hostile.growth import assert_linear

import eqlite
from eqlite.backends.python import PythonBackend
from eqlite.events.json_decoding import BadJson, decode
from eqlite.plan import EventQuery

BACKENDS = ("python", "reference")


def matches(query: str, event: Any) -> bool:
    """Ask both backends, which must agree."""
    found = {eqlite.compile(query, backend=backend).matches(event) for backend in BACKENDS}
    assert len(found) == 1
    return found.pop()


# --- queries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "id"),
    [
        (f"any where {'(' * 10_000}a == 1{')' * 10_000}", "nesting-too-deep"),
        ("any where " + "not " * 1_001 + "a == 1", "nesting-too-deep"),
        ("any where a == " + "-" * 1_001 + "1", "nesting-too-deep"),
        ("(" * 1_000_000, "nesting-too-deep"),
        (f'any where a == "{"x" * 5_000_000}"', "query-too-long"),
        ("any where a in (" + ",".join(["1"] * 100_000) + ")", "list-too-long"),
        (f'any where a regex "{"a" * 1_001}"', "regex-too-large"),
    ],
)
def test_beyond_a_limit_there_is_one_clear_error(query: str, id: str) -> None:
    with pytest.raises(eqlite.LimitError) as caught:
        eqlite.compile(query)
    assert [found.id for found in caught.value.diagnostics] == [id]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"any where {'(' * 990}a == 1{')' * 990}", True),
        ("any where " + "not " * 990 + "a == 1", True),
        ("any where " + "not " * 991 + "a == 1", False),
        ("any where " + "(" * 900 + "a == 1" + " and a != 2)" * 900, True),
        ("any where " + "".join(f"(b == {n} or " for n in range(900)) + "a == 1" + ")" * 900, True),
        ("any where " + "string(" * 900 + "a" + ")" * 900 + ' == "1"', True),
        ("any where a == " + "-" * 990 + "1", True),
        ("any where a" + " + 1" * 900 + " == 901", True),
        ("any where " + " or ".join(f"a{n} == 1" for n in range(5_000)) + " or a == 1", True),
        ("any where a in (" + ",".join(map(str, range(60_000))) + ")", True),
    ],
)
def test_queries_within_the_limits_run_and_print(query: str, expected: bool) -> None:
    assert matches(query, {"a": 1}) is expected
    assert eqlite.parse(eqlite.format(query)) == eqlite.parse(query)


def test_a_sum_of_thousands_is_a_loop_and_no_nesting() -> None:
    query = "any where a" + " + 1" * 5_000 + " == 5001"
    assert matches(query, {"a": 1})
    # The trees themselves are too deep for Python 3.13 to compare.
    assert eqlite.format(eqlite.format(query)) == eqlite.format(query)


@pytest.mark.slow
@pytest.mark.parametrize("character", ['"', "`", "/*", ";", "\\", "'", '"""', "\n", "@", "?", "\ud800", "\0"])
def test_a_million_stray_characters_are_refused(character: str) -> None:
    diagnostics = eqlite.analyze("any where a == " + character * (900_000 // len(character)))
    assert any(diagnostic.is_error for diagnostic in diagnostics)
    assert len(diagnostics) <= 100


NASTY = [
    "__class__", "__import__('os').system('x')", "{0.__class__}", "%s%n", "'''", "`", '"', "a\nb", "\u2028", "\0",
    "\ud800", "\\N{DASH}", "}}{{", "a'b", "e", "irregular", "EMPTY", "matches",
]  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
def test_names_and_texts_are_data_in_generated_code(name: str) -> None:
    field = "`" + name.replace("`", "``") + "`"
    text = eqlite.format(f'any where {field} : "x*"').partition("where ")[2]
    literal = "".join(f"\\u{{{ord(character):04x}}}" if character != "\ud800" else character for character in name)
    query = f'any where {text.strip()} or {field} == "{literal}" or {field} : "*{literal}?"'
    assert matches(query, {name: name})
    assert matches(query, {name: ["XY", 1]})
    assert not matches(query, {"other": name})
    plan = eqlite.compile(query).plan.query
    assert isinstance(plan, EventQuery)
    source = PythonBackend().source(plan.condition)
    bare = re.sub(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"", "", source)
    assert set(re.findall(r"[A-Za-z_]\w*", bare)) <= ALLOWED | set(re.findall(r"\b[acefjklopv]\d+\b", bare))


ALLOWED = {
    *("faults", "def", "if", "or", "and", "not", "in", "is", "return", "else", "None", "True", "False", "class"),
    *("str", "list", "dict", "int", "bool", "len", "get", "lower", "isascii", "startswith", "__class__"),
    *("matches", "e", "x0", "EMPTY", "irregular", "exists", "joined", "fold_ascii"),
    *("any_in", "any_folded_in", "any_text", "any_number", "any_boolean", "any_address"),
}
"""All words that generated code may hold outside of its strings, besides numbered variables and constants."""


# --- events -----------------------------------------------------------------------------------------------------------


MEGABYTE = "a" * 1_000_000


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        (f'f : "*{"a*" * 200}b"', MEGABYTE, False),
        (f'f : "*{"a*" * 200}b*"', MEGABYTE, False),
        (f'f : "*{"a?" * 200}b"', MEGABYTE, False),
        (f'f : "*{"a?" * 200}b*"', MEGABYTE, False),
        (f'f : "*{"a?" * 200}b*"', MEGABYTE + "ab", True),
        ('f regex "(a|a)*b"', MEGABYTE, False),
        ('f regex "(.*a){20}"', MEGABYTE, True),
        ('f regex "(.*a){20}b"', MEGABYTE, False),
        ('f regex~ ".*[ab]a[ab]{20}c.*"', MEGABYTE, False),
        ('startsWith~(f, "aab")', MEGABYTE, False),
        ('stringContains~(f, "aaab")', MEGABYTE, False),
        ("length(f) == 1000000", MEGABYTE, True),
        ('between(f, "a", "b") == ""', MEGABYTE, True),
        ('indexOf(f, "aaab") == null', MEGABYTE, True),
        ('substring(f, 1) like "*b"', MEGABYTE + "\nb", False),
        ('string(f) regex "(a|a)*b"', MEGABYTE, False),
        ("number(f) == 1", "1" * 1_000_000, False),
        ("f == 1", "1" * 1_000_000, False),
        ("f > 1", 10**400, True),
        ('cidrMatch(f, "10.0.0.0/8")', "1." * 500_000, False),
        ('f in~ ("A\\u{0000}b")', "a\0B", True),
        ('f : "?"', "\ud800", True),
        ('f : "a*b"', "a\0b", True),
        ('f == "b"', "a\0b", False),
        ('f == "x"', [[[["x"]]]], True),
        ('f == "x"', ("x",), True),
        ('f == "x"', {"x", "y"}, True),
        ('f == "2026-01-02"', datetime.date(2026, 1, 2), True),
        ("f > 1", float("nan"), False),
        ("f > 1", float("inf"), True),
    ],
)
def test_values_of_every_kind_and_size(condition: str, value: Any, expected: bool) -> None:
    assert matches(f"any where {condition}", {"f": value}) is expected


def test_a_value_without_a_form_in_json_is_refused_by_name() -> None:
    for backend in BACKENDS:
        query = eqlite.compile('any where f == "x"', backend=backend)
        for value in (b"x", object(), 1j, ["y", bytearray(b"x")]):
            with pytest.raises(eqlite.EventError, match="JSON has no form"):
                query.matches({"f": value})


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (f'f : "*{"a*" * 50}b"', "a"),
        (f'f : "*{"a?" * 50}b*"', "a"),
        ('f regex "(a|a)*b"', "a"),
        ('f regex "(.*a){20}b"', "a"),
        ('f regex~ ".*[ab]a[ab]{10}c.*"', "ab"),
        ('f : ("*aab", "*aac*", "a*ad")', "a"),
        ('startsWith~(f, "aab")', "a"),
        ('stringContains~(f, "aaab")', "a"),
        ('between(f, "a", "b") == ""', "a"),
        ('indexOf(f, "aaab") == 0', "a"),
        ('substring(f, 1) like "*b"', "a\n"),
        ('string(f) regex "(a|a)*b"', "a"),
        ('concat(f, f) regex "(a|b|ab)*c"', "ab"),
        ("number(f) == 1", "1"),
        ("f == 1", "1"),
        ('cidrMatch(f, "10.0.0.0/8")', "1."),
        ('f > "a"', "a"),
        ('f in~ ("aaa", "aab")', "A"),
    ],
)
def test_cpu_grows_as_the_length_of_a_value(condition: str, text: str) -> None:
    query = eqlite.compile(f"any where {condition}")
    assert_linear(lambda size: query.matches({"f": text * size}), 5_000)


def test_the_combinations_of_two_arrays_are_bounded_and_counted() -> None:
    values = [str(number) for number in range(1_000)]
    for backend in BACKENDS:
        query = eqlite.compile('any where concat(f, g) == "x"', backend=backend)
        stats = eqlite.SearchStats()
        assert not query.search([{"f": values, "g": values}], stats=stats)
        assert "combinations" in stats.fault_examples[0]


def test_events_that_hold_themselves_are_gone_through_once() -> None:
    array: list[Any] = ["x"]
    array.append(array)
    event: dict[str, Any] = {"f": array}
    event["f.f"] = event
    assert matches('any where f == "x" and f.f.f : "X"', event)
    assert not matches('any where f == "z"', event)


def test_arrays_ten_thousand_deep() -> None:
    value: Any = "x"
    for _ in range(10_000):
        value = [value]
    assert matches('any where f == "x" and f : "X*"', {"f": value})


@pytest.mark.parametrize("event", [None, 1, "text", ["list"]])
def test_what_is_no_mapping_is_refused_by_name(event: Any) -> None:
    with pytest.raises(eqlite.EventError, match="an event is a mapping"):
        eqlite.compile("any where true").matches(event)


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000])
def test_json_nested_a_hundred_thousand_deep_is_rejected(data: bytes) -> None:
    with pytest.raises(BadJson):
        decode(data)


DEEP_THEN_HOSTILE = """
import io, sys
import eqlite
from eqlite.events.intake import ReadStats
query = eqlite.compile("any where " + "not (" * 400 + "a == 1" + ")" * 400)
sys.setrecursionlimit(max(sys.getrecursionlimit(), 200_000))  # as somebody else may do
lines = [b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"[" * 100_000, b'{"b": "' + b'[{' * 5_000 + b'", "a": 1}']
lines.append(b'{"b":' + b"[[]," * 5_000 + b"1" + b"]" * 5_000 + b', "a": 1}')
lines.append(b'{"b":[' + b"[{}]," * 5_000 + b'1], "a": 1}')
stats = ReadStats()
events = list(eqlite.read_events(io.BytesIO(b"\\n".join(lines)), stats=stats))
print(len(events), stats.rejected, [query.matches(event) for event in events])
"""


def test_deep_json_ends_no_process_with_a_raised_recursion_limit() -> None:
    """A deeply nested query raises it, for one."""
    done = subprocess.run([sys.executable, "-c", DEEP_THEN_HOSTILE], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("2 3 [True, True]\n", 0), done.stderr
