"""State by key: dumps of what changed, loaded anywhere, find what a correlator finds that was never interrupted.

Covers `engine/changed_keys.py`, `execution/correlation/live_rules.py`, `execution/correlation/row_events.py`.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.sequence_strategies import inputs, queries
from tests.execution.stream_events import OPTIONS, event, ids, numbered, with_ids
from tests.hostile.forgery import mutate

import eqlite
from eqlite.engine.snapshots import pack
from eqlite.execution.correlation import keyed_state
from eqlite.execution.correlation.keyed_state import StateKey
from eqlite.execution.correlation.live_correlator import LiveCorrelator
from eqlite.execution.hit_rows import HitRow, key_of_text, key_text
from eqlite.ruleset import RuleSet

Store = dict[StateKey, bytes]

SAMPLE = 'sample by k [any where true] [any where kind == "B"]'
PIPES = [
    "any where true | tail 2",
    'any where kind == "A" | head 2',
    'sequence [any where kind == "A"] [any where true] | tail 1',
]
PAIR = 'sequence by k with maxspan=10s [any where kind == "A"] [any where kind == "B"]'
FOLLOWED = 'sequence by k with maxspan=10s [any where kind == "A"] ![any where kind == "B"]'


def rows_of(rules: RuleSet, events: list[dict[str, Any]], **options: Any) -> list[HitRow]:
    return list(rules.matcher(**options).match(events, origin="topic"))


def write(store: Store, correlator: LiveCorrelator) -> int:
    """Write the changes into a store, and return how many there are."""
    changed = correlator.dump_changed()
    for state_key, data in changed:
        if data is None:
            store.pop(state_key, None)
        else:
            store[state_key] = data
    return len(changed)


def shuffled(store: Store, chance: random.Random) -> list[tuple[StateKey, bytes]]:
    items = list(store.items())
    chance.shuffle(items)
    return items


def found_at_once(rules: RuleSet, rows: list[HitRow], settings: dict[str, Any]) -> Counter[str]:
    correlator = rules.correlator(**settings)
    return ids(correlator.add(rows) + correlator.flush())


SETTINGS = [{}, {"allowed_lateness": "2s"}, {"max_ahead": "3s"}]


@pytest.mark.parametrize("settings", SETTINGS, ids=["in order", "late", "ahead"])
@pytest.mark.parametrize("options", OPTIONS)
@given(texts=st.lists(queries(), min_size=1, max_size=3), events=inputs(), chance=st.randoms(use_true_random=False))
def test_states_loaded_anywhere_lose_and_repeat_nothing(options, settings, texts, events, chance) -> None:
    rules = with_ids([*texts, SAMPLE, *PIPES])
    rows = rows_of(rules, numbered(events, with_tiebreaker=bool(options)), **options)
    settings = {**settings, **options}
    store: Store = {}
    correlator = rules.correlator(**settings)
    found: list[eqlite.Detection] = []
    for row in rows:
        found += correlator.add([row])
        if chance.random() < 0.3:
            write(store, correlator)
            if chance.random() < 0.7:
                correlator = rules.correlator(**settings)
                assert correlator.load(shuffled(store, chance)) == []
                assert write({}, correlator) == 0
    found += correlator.flush()
    write(store, correlator)
    assert ids(found) == found_at_once(rules, rows, settings)
    assert store == {}


@given(st.lists(queries(), min_size=1, max_size=3), inputs(), st.randoms(use_true_random=False))
def test_correlators_that_share_the_keys_find_the_same(texts, events, chance) -> None:
    rules = with_ids([*(text.split(" | ")[0] for text in texts), SAMPLE])  # pipes need all keys
    rows = rows_of(rules, numbered(events, with_tiebreaker=False))
    store: Store = {}
    found: list[eqlite.Detection] = []
    parts = [rules.correlator(), rules.correlator()]
    for row in rows:
        share = hash((row.rule, key_text(row.key))) % 2
        found += parts[share].add([row])
        if chance.random() < 0.1:  # all goes to one, or is shared anew
            items: list[dict[StateKey, bytes]] = [{}, {}]
            for part in parts:
                write(store, part)
            for (rule, text), data in store.items():
                items[hash((rule, text)) % 2][rule, text] = data
            parts = [rules.correlator(), rules.correlator()]
            for part, some in zip(parts, items, strict=True):
                part.load(shuffled({key: data for key, data in some.items() if key[0] is not None}, chance))
    for part in parts:
        found += part.flush()
    assert ids(found) == found_at_once(rules, rows, {})


def test_only_what_changed_is_dumped() -> None:
    rules = with_ids([PAIR])
    rows = rows_of(rules, [{**event(0, "A", n), "k": str(n)} for n in range(100)])
    correlator = rules.correlator()
    store: Store = {}
    correlator.add(rows)
    assert write(store, correlator) == 101  # with the clock
    assert correlator.dump_changed() == []
    (again,) = rows_of(rules, [{**event(1, "B", 100), "k": "7"}])
    assert len(correlator.add([again])) == 1
    assert [(key, data is None) for key, data in correlator.dump_changed()] == [
        (("0", '["7"]'), True),
        ((None, None), False),
    ]


def test_an_event_without_an_open_key_changes_no_state() -> None:
    rules = with_ids([PAIR])
    correlator = rules.correlator()
    correlator.add(rows_of(rules, [event(0, "A"), {**event(1, "B"), "k": "other"}]))
    assert [key for key, _ in correlator.dump_changed()] == [("0", '["x"]'), (None, None)]


def test_a_key_that_is_too_old_is_closed_in_the_store() -> None:
    rules = with_ids([PAIR, FOLLOWED])
    correlator = rules.correlator()
    store: Store = {}
    found = correlator.add(rows_of(rules, [event(0, "A"), event(0, "A", 1)]))
    write(store, correlator)
    assert len(store) == 3
    found += correlator.add(rows_of(rules, [{**event(500 + n, "A"), "k": "other"} for n in range(20)]))
    assert len(found) >= 1
    write(store, correlator)
    assert {text for _, text in store} == {None, '["other"]'}


def test_keys_beyond_max_open_are_closed_in_the_store() -> None:
    rules = with_ids([PAIR])
    rows = rows_of(rules, [{**event(n, "A", n), "k": str(n)} for n in range(9)])
    correlator = rules.correlator(max_open=4)
    store: Store = {}
    correlator.add(rows)
    write(store, correlator)
    assert len(store) == 5
    fewer = rules.correlator(max_open=2)
    fewer.load(store.items())
    write(store, fewer)
    assert {text for _, text in store} == {None, '["7"]', '["8"]'}


def test_some_keys_alone_find_what_is_theirs() -> None:
    rules = with_ids([PAIR])
    correlator = rules.correlator()
    correlator.add(rows_of(rules, [{**event(0, "A", n), "k": str(n)} for n in range(10)]))
    store: Store = {}
    write(store, correlator)
    part = rules.correlator()
    part.load((key, data) for key, data in store.items() if key in {("0", '["3"]'), ("0", '["5"]')})
    ends = rows_of(rules, [{**event(1, "B", 10 + n), "k": str(n)} for n in range(10)])
    assert [found.events[0]["n"] for found in part.add(ends) if found.events[0] is not None] == [3, 5]


def test_states_need_no_events() -> None:
    rules = with_ids([PAIR])
    rows = [row._replace(event=None) for row in rows_of(rules, [event(0, "A"), event(1, "B")])]
    correlator = rules.correlator()
    correlator.add(rows[:1])
    store: Store = {}
    write(store, correlator)
    assert len(store["0", '["x"]']) < 200
    correlator = rules.correlator()
    correlator.load(store.items())
    (found,) = correlator.add(rows[1:])
    assert ids([found]) == found_at_once(rules, rows, {})


def test_states_of_changed_and_removed_rules_are_left_out() -> None:
    rules = with_ids([PAIR, FOLLOWED])
    correlator = rules.correlator()
    correlator.add(rows_of(rules, [event(0, "A")]))
    states = correlator.dump_changed()
    changed = with_ids([PAIR.replace("10s", "9s")]).correlator()
    assert sorted(changed.load(states), key=str) == [("0", '["x"]'), ("1", '["x"]')]
    assert changed.add(rows_of(rules, [event(1, "B")])) == []


def test_the_clock_remembers_what_is_late() -> None:
    rules = with_ids([PAIR])
    correlator = rules.correlator()
    correlator.add(rows_of(rules, [event(9, "A"), event(9, "A", 1)]))
    states = correlator.dump_changed()
    correlator = rules.correlator()
    correlator.load(states)
    correlator.add(rows_of(rules, [event(5, "A")]))
    assert correlator.late == 1


def test_rules_with_one_id_have_no_state_by_key() -> None:
    rules = RuleSet([*with_ids([PAIR]), *with_ids([FOLLOWED])])
    with pytest.raises(ValueError, match="several have '0'"):
        rules.correlator().dump_changed()


@pytest.mark.parametrize(
    ("key", "text"),
    [((), "[]"), (("a", None), '["a", null]'), ((1.0, "1", True), '[1, "1", true]'), (("\ud800",), '["\\ud800"]')],
)
def test_a_key_has_one_text_and_comes_back(key, text) -> None:
    assert key_text(key) == text
    assert key_of_text(text) == key
    with pytest.raises(ValueError, match="no text of a join key"):
        key_of_text('{"a": 1}')


# --- hostile states --------------------------------------------------------------------------------------------------

THREE = "sequence by k with maxspan=1h [any where n < 9] ![any where n == 7] [any where n > 1] [any where false]"
ALL = {
    "pair": (PAIR, {}),
    "followed": (FOLLOWED, {}),
    "three": (THREE, {}),
    "late": (PAIR, {"allowed_lateness": "1h"}),
    "ahead": (PAIR, {"max_ahead": "1s"}),
    "sample": (SAMPLE, {}),
    "pipes": (PIPES[0], {}),
}  # fmt: skip


def filled(name: str) -> tuple[RuleSet, dict[str, Any], Store]:
    text, settings = ALL[name]
    rules = with_ids([text])
    correlator = rules.correlator(**settings)
    correlator.add(rows_of(rules, [event(0, "A", 0), event(3, "A", 1), event(9, "A", 2), event(4, "A", 3)]))
    store: Store = {}
    write(store, correlator)
    return rules, settings, store


@pytest.mark.parametrize("name", ALL)
def test_a_state_cut_or_changed_anywhere_is_refused(name: str) -> None:
    rules, settings, store = filled(name)
    for state_key, data in store.items():
        for place in range(0, len(data), 3):
            if state_key[0] is not None and data.rindex(b" ") < place <= data.index(b"\n"):
                continue  # the fingerprint: a state of a rule that has changed
            for forged in (data[:place], data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]):
                with pytest.raises(eqlite.SnapshotError, match="the state under"):
                    rules.correlator(**settings).load([(state_key, forged)])


def test_a_state_of_another_version_is_refused() -> None:
    rules, _, store = filled("pair")
    data = store["0", '["x"]']
    assert data.startswith(b"eqlite-key 1 msgpack ")
    with pytest.raises(eqlite.SnapshotError, match="form 2, and this eqlite reads form 1"):
        rules.correlator().load([(("0", '["x"]'), data.replace(b"key 1", b"key 2", 1))])


@pytest.mark.parametrize(
    ("state_key", "message"),
    [
        (("0", '["y"]'), "another key"),
        (("0", "[]"), "another key"),
        (("0", None), "under no key"),
        (("0", "x"), "cannot be read"),
        ((None, None), "no state of a correlator's clock"),
    ],
)
def test_a_state_under_a_wrong_name_is_refused(state_key, message) -> None:
    rules, _, store = filled("pair")
    with pytest.raises(eqlite.SnapshotError, match=message):
        rules.correlator().load([(state_key, store["0", '["x"]'])])


def test_a_state_that_is_there_already_is_refused() -> None:
    rules, _, store = filled("pair")
    correlator = rules.correlator()
    correlator.load(store.items())
    with pytest.raises(eqlite.SnapshotError, match="there already"):
        correlator.load(store.items())
    with pytest.raises(eqlite.SnapshotError, match="there already"):
        rules.correlator().load([*store.items(), *store.items()])


@pytest.mark.parametrize("name", ALL)
def test_a_forged_state_is_refused_or_harmless(name: str) -> None:
    rules, settings, store = filled(name)
    chance = random.Random(name)
    more = rows_of(rules, [event(5, "B", 4), event(20, "A", 5), event(21, "B", 6)])
    refused = 0
    for _ in range(300):
        state_key = chance.choice(sorted(store, key=str))
        head, _, data = store[state_key].partition(b"\n")
        payload = {"state": msgspec.msgpack.decode(data)}
        form = keyed_state._CLOCK if state_key[0] is None else keyed_state._KEY
        try:
            forged = pack(mutate(payload, chance).get("state"), head.decode().split(" ")[-1], form)
        except (eqlite.SnapshotError, IndexError):
            continue  # no such thing can be in one, or all of it is gone
        correlator = rules.correlator(**settings)
        try:
            correlator.load([(state_key, forged)])
        except eqlite.SnapshotError:
            refused += 1
            continue
        correlator.add(more)
        correlator.dump_changed()
        correlator.advance("2030-01-01")
        correlator.flush()
        correlator.dump_changed()
    assert refused > 30
