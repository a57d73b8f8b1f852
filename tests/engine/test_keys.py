"""Join keys: which values join, and what becomes of too many of them."""

import eqlite
from eqlite.engine.keys import join_keys
from eqlite.fields import Field
from eqlite.limits import MAX_COMBINATIONS

FIELDS = [Field("a", "a"), Field("b", "b")]


def test_several_arrays_give_all_combinations() -> None:
    assert list(join_keys({"a": [1, 2], "b": ["x", "y"]}, FIELDS)) == [("1", "x"), ("1", "y"), ("2", "x"), ("2", "y")]


def test_keys_beyond_the_limit_are_reported_and_the_first_ones_count() -> None:
    messages: list[str] = []
    wide = [str(number) for number in range(400)]
    assert len(join_keys({"a": wide, "b": wide}, FIELDS, report=messages.append)) == MAX_COMBINATIONS
    assert len(messages) == 1
    assert "100,000 combinations" in messages[0]


def test_a_search_counts_cut_keys_as_a_fault() -> None:
    query = eqlite.compile("sequence by a, b [any where true] [any where true]")
    wide = [str(number) for number in range(400)]
    query.search([{"@timestamp": 1, "a": wide, "b": wide}])
    assert query.faults.count == 2  # one for each stage
