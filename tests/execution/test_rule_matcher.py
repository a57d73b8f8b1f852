"""What is expected of documents is learned from those that came, and learned again where others come."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

import eqlite
from eqlite.events.projection import CannotDecode
from eqlite.execution.rule_matcher import Together


def line(number: int, **fields: object) -> bytes:
    return json.dumps({"a": {"b": number}, **fields}).encode()


def together() -> Together:
    queries = [eqlite.compile("any where a.b == 1"), eqlite.compile("any where a.c == 2 or d == 3")]
    return Together(queries, [query.new_faults() for query in queries])


def unlike(asked: Together, lines: Iterable[bytes]) -> int:
    """Look at lines and decode them, as a block; return how many were not as expected."""
    lines = list(lines)
    asked.look_at(lines)
    before = asked.structs.unlike
    for given in lines:
        document = json.loads(given)
        assert asked.structs.getter("a.b")(asked.decode(given)) == document.get("_source", document)["a"]["b"]
    return asked.structs.unlike - before


def test_other_keys_are_learned_where_many_documents_have_them() -> None:
    asked = together()
    assert unlike(asked, (line(number) for number in range(1_000))) == 0
    assert unlike(asked, (line(number, new=number) for number in range(1_000))) == 1_000
    assert unlike(asked, (line(number, new=number) for number in range(1_000))) == 0
    assert unlike(asked, (line(number) for number in range(1_000))) == 0


def test_few_documents_with_other_keys_change_nothing() -> None:
    asked = together()
    assert unlike(asked, map(line, range(1_000))) == 0
    for _ in range(3):
        few = (line(number, new=1) if number % 20 == 0 else line(number) for number in range(1_000))
        assert unlike(asked, few) == 50


def test_where_keys_never_come_again_nothing_is_expected_in_the_end() -> None:
    asked = together()
    counts = [
        unlike(asked, (line(number, **{f"k{block}-{number}": 1}) for number in range(1_000))) for block in range(20)
    ]
    assert counts[2] == 1_000
    assert counts[-1] == 0


def hit(number: int, **fields: object) -> bytes:
    return b'{"_index": "logs", "_source": %s, "sort": [%d]}' % (line(number, **fields), number)


def test_hits_are_as_expected_where_most_lines_are_hits() -> None:
    asked = together()
    assert unlike(asked, map(hit, range(1_000))) == 0
    assert asked.structs.absent == {"a.c", "d"}
    few = (line(number) if number % 20 == 0 else hit(number) for number in range(1_000))
    assert unlike(asked, few) == 50
    others = [hit(number, d=number % 5) for number in range(1_000)]
    assert unlike(asked, others) == 1_000
    assert [bool(asked.walk(asked.decode(given), -1).state.held) for given in others[:5]] == [
        False,
        True,
        False,
        True,
        False,
    ]


def test_where_lines_turn_into_hits_that_is_learned() -> None:
    asked = together()
    assert unlike(asked, map(line, range(1_000))) == 0
    counts = [unlike(asked, map(hit, range(1_000))) for _ in range(3)]
    assert counts[0] == 1_000
    assert counts[-1] == 0


def test_what_only_looks_like_a_hit_is_decoded_as_any_line_is() -> None:
    asked = together()
    assert unlike(asked, map(hit, range(1_000))) == 0
    structs = asked.structs
    assert structs.getter("a.b")(structs.decode(b'{"_source": null, "a": {"b": 7}}')) == 7
    with pytest.raises(CannotDecode):
        structs.decode(b'{"_source": "x", "a": {"b": 7}}')
