"""Join keys: which values join, and what becomes of too many of them."""

import eqlite
from eqlite.engine.keys import KeyBudget, join_keys
from eqlite.fields import Field
from eqlite.limits import FREE_KEYS_PER_EVENT, MAX_KEYS_PER_EVENT, MAX_KEYS_PER_RUN

FIELDS = [Field("a", "a"), Field("b", "b")]


def test_several_arrays_give_all_combinations() -> None:
    assert list(join_keys({"a": [1, 2], "b": ["x", "y"]}, FIELDS)) == [("1", "x"), ("1", "y"), ("2", "x"), ("2", "y")]


def test_keys_beyond_the_limit_are_reported() -> None:
    messages: list[str] = []
    wide = [str(number) for number in range(400)]
    assert len(join_keys({"a": wide, "b": wide}, FIELDS, report=messages.append)) == MAX_KEYS_PER_EVENT
    assert len(join_keys({"a": [*wide] * 2, "b": "x"}, FIELDS, report=messages.append)) == len(wide)
    assert len(join_keys({"a": list(range(20_000))}, FIELDS[:1], report=messages.append)) == MAX_KEYS_PER_EVENT
    assert len(messages) == 2
    assert all("more than 10,000; the rest is left out" in message for message in messages)


def test_events_with_many_keys_alone_use_up_those_of_a_run() -> None:
    messages: list[str] = []
    budget = KeyBudget()
    wide = {"a": list(range(100)), "b": list(range(100))}
    for _ in range(MAX_KEYS_PER_RUN // MAX_KEYS_PER_EVENT + 2):
        join_keys(wide, FIELDS, budget=budget, report=messages.append)
    assert budget.spent == MAX_KEYS_PER_RUN
    assert "more than 1,000,000 in all" in messages[0]
    narrow = {"a": list(range(4)), "b": list(range(4))}
    assert len(join_keys(narrow, FIELDS, budget=budget)) == FREE_KEYS_PER_EVENT
    assert len(join_keys(wide, FIELDS, budget=budget)) == FREE_KEYS_PER_EVENT


def test_a_search_counts_cut_keys_as_a_fault() -> None:
    query = eqlite.compile("sequence by a, b [any where true] [any where true]")
    wide = [str(number) for number in range(400)]
    stats = eqlite.SearchStats()
    query.search([{"@timestamp": 1, "a": wide, "b": wide}], stats=stats)
    assert stats.faults == 1  # its stages have the same keys
