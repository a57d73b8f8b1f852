"""What is expected of documents is learned from those that came, and learned again where others come."""

from __future__ import annotations

import json
from collections.abc import Iterable

import eqlite
from eqlite.rules.together import Together


def line(number: int, **fields: object) -> bytes:
    return json.dumps({"a": {"b": number}, **fields}).encode()


def together() -> Together:
    return Together([eqlite.compile("any where a.b == 1"), eqlite.compile("any where a.c == 2 or d == 3")])


def unlike(asked: Together, lines: Iterable[bytes]) -> int:
    """Look at lines and decode them, as a block; return how many were not as expected."""
    lines = list(lines)
    asked.look_at(lines)
    before = asked.structs.unlike
    for given in lines:
        assert asked.structs.getter("a.b")(asked.decode(given)) == json.loads(given)["a"]["b"]
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
