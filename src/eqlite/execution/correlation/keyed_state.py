"""The state of a correlator by rule and join key, of which only the changes are dumped.

By key are the open sequences, the events of samples, and the events held for the lateness or set aside because they are
too far ahead. Not by key are the results that pipes hold back, under the rule alone, and the clock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from eqlite.engine.keys import Key
from eqlite.engine.sequences import EventHits
from eqlite.engine.snapshot_form import (
    SavedHits,
    SavedKey,
    SavedLink,
    SavedMatcher,
    SavedPending,
    SavedPipes,
    SavedSample,
    SavedSearch,
    is_watermark,
    keys_of,
    links_of,
    problems_of_hits,
    problems_of_search,
)
from eqlite.engine.snapshots import EventTable, Form, dump_hits, fingerprint_of, load_hits, pack, unpack
from eqlite.errors import SnapshotError
from eqlite.execution.correlation.live_rules import LiveRule, SharedClock
from eqlite.execution.correlation.row_events import reference_parts, row_reference
from eqlite.execution.hit_rows import key_of_text, key_text
from eqlite.plan import Plan, SampleQuery, SequenceQuery

StateKey = tuple[str | None, str | None]
"""The name of a state: rule and text of a join key. Without key it is of the pipes, without both of the clock."""

STATE_VERSION = 1
_KEY = Form("eqlite-key", STATE_VERSION, "state", "a correlator's key", "delete the states of the rule")
_CLOCK = Form("eqlite-clock", STATE_VERSION, "state", "a correlator's clock", "delete it")
_CLOCK_NAME: StateKey = (None, None)

Aside = dict[tuple[str, Key], list[EventHits[Any]]]


class SavedState(msgspec.Struct, array_like=True):
    """The state under one key."""

    events: list[tuple[dict[str, Any] | None, str]]
    states: list[tuple[SavedKey, int, list[SavedPending | None], list[tuple[int, int, int | None]]]] = []
    waiting: list[tuple[SavedPending, SavedKey, int, int]] = []
    held: list[SavedHits] = []
    ahead: list[SavedHits] = []
    sample: SavedSample | None = None
    untimed: list[SavedLink] = []
    pipes: SavedPipes | None = None


class SavedClock(msgspec.Struct, array_like=True):
    """The state of a clock, which is named by the timestamp and tiebreaker."""

    name: str
    newest_ns: int | None
    votes: int
    watermark: tuple[int, int, int | float | str] | None


class SavedClocks(msgspec.Struct, array_like=True):
    """The states of all clocks, and the number of events so far."""

    position: int
    clocks: list[SavedClock]


class KeyedState:
    """Dumps and loads the state of a correlator by key. It observes which keys change."""

    def __init__(self, rules: Mapping[str, Sequence[LiveRule]], clocks: Sequence[SharedClock]) -> None:
        """Start with all that is open as changed.

        Args:
            rules: the rules, by the name that rows of hits have for them.
            clocks: the clocks of the rules.

        Raises:
            ValueError: two rules have the same name.
        """
        if double := next((name for name, found in rules.items() if len(found) > 1), None):
            raise ValueError(f"state by key needs rules with ids of their own, and several have {double!r}")
        self._rules = {name: rule for name, (rule,) in rules.items()}
        self._names = {rule.index: name for name, rule in self._rules.items()}
        self._fingerprints = {
            name: hashlib.sha256(rule.query.fingerprint.encode("utf-8", "surrogatepass")).hexdigest()[:16]
            for name, rule in self._rules.items()
        }
        self._changed = {name: rule.search.track_changes() for name, rule in self._rules.items()}
        self._clocks = {_clock_name(clock): clock for clock in clocks}
        self._aside: Aside = {}
        self._clock: bytes | None = None

    # --- out ---------------------------------------------------------------------------------------------------------

    def dump_changed(self, position: int) -> list[tuple[StateKey, bytes | None]]:
        """Return the states that have changed. `position` is the number of events so far."""
        aside = self._events_aside()
        for name, key in aside.keys() | self._aside.keys():
            if aside.get((name, key)) != self._aside.get((name, key)):
                self._changed[name].touch([key])
        self._aside = aside
        found: list[tuple[StateKey, bytes | None]] = []
        for name, changed in self._changed.items():
            found += [((name, _text(key)), self._dump(name, key)) for key in changed.take()]
        clock = self._dump_clock(position)
        if clock != self._clock:
            found.append((_CLOCK_NAME, clock))
            self._clock = clock
        return found

    def _events_aside(self) -> Aside:
        """Return the events set aside, of which there are at most `MAX_EVENTS_AHEAD`."""
        found: Aside = {}
        for clock in self._clocks.values():
            for hits in clock.clock.ahead:
                given, waiting = hits.reference
                for rule, stages in waiting:  # of a row, which has one key
                    key = stages[0][1][0]
                    found.setdefault((self._names[rule.index], key), []).append(
                        hits._replace(reference=given, stages=stages)
                    )
        return found

    def _dump(self, name: str, key: Key | None) -> bytes | None:
        table = EventTable(reference_parts)
        parts = self._rules[name].search.dump_key(key, table)
        matcher = parts.get("matcher") or {}
        sample, pipes = parts.get("sample"), parts.get("pipes")
        ahead = [] if key is None else self._aside.get((name, key), ())
        values = [
            table.rows,
            matcher.get("states", []),
            matcher.get("waiting", []),
            parts.get("held", []),
            [dump_hits(hits, table) for hits in ahead],
            sample if sample is not None and sample["links"] else None,
            parts.get("untimed", []),
            pipes if pipes is not None and (pipes["given"] or pipes["limited"]) else None,
        ]
        while values and not values[-1]:
            values.pop()
        return pack(values, self._fingerprints[name], _KEY) if values else None

    def _dump_clock(self, position: int) -> bytes | None:
        clocks = [
            [name, each.clock.newest_ns, each.clock.votes, each.watermark]
            for name, each in self._clocks.items()
            if each.clock.newest_ns is not None or each.watermark is not None
        ]
        return pack([position, clocks], "-", _CLOCK) if clocks else None

    # --- in ----------------------------------------------------------------------------------------------------------

    def load(self, items: Iterable[tuple[StateKey, bytes | None]]) -> tuple[list[StateKey], int]:
        """Add states. Return the names of those left out, and the number of the last event in the others."""
        left_out: list[StateKey] = []
        states: list[tuple[str, Key | None, SavedState, SavedSearch]] = []
        clocks: list[SavedClocks] = []
        for state_key, data in items:
            if data is None:
                continue
            try:
                name, text = state_key
                if name is None:
                    clocks.append(_decode_clocks(data))
                elif self._is_foreign(name, data):
                    left_out.append(state_key)
                else:
                    states.append((name, *self._decode(name, text, data)))
            except SnapshotError as error:
                raise SnapshotError(f"the state under {state_key!r}: {error}") from None
            except (msgspec.MsgspecError, ValueError, TypeError, RecursionError) as error:
                raise SnapshotError(f"the state under {state_key!r} cannot be read: {error}") from None
        self._refuse_those_there(states)
        for name, key, saved, search in states:
            self._add(name, key, saved, search)
        for rule in self._rules.values():
            rule.search.settle()
        is_first = self._clock is None and len(clocks) == 1
        for each in clocks:
            self._add_clocks(each)
        positions = [link[0][-1] for *_, saved, search in states for link in _links(saved, search)]
        position = max([*positions, *(each.position for each in clocks)], default=0)
        if is_first:
            self._clock = self._dump_clock(position)
        return left_out, position

    def _is_foreign(self, name: str, data: bytes) -> bool:
        """Return whether a state is of a rule that is not here, or has changed."""
        found = fingerprint_of(data)
        return name not in self._rules or (found is not None and found != self._fingerprints[name])

    def _decode(self, name: str, text: str | None, data: bytes) -> tuple[Key | None, SavedState, SavedSearch]:
        """Return the key and the state of an item.

        Raises:
            ValueError: its parts do not fit together, the key or the rule.
        """
        saved = msgspec.convert(unpack(data, self._fingerprints[name], _KEY), SavedState)
        key = None if text is None else key_of_text(text)
        plan = self._rules[name].query.plan
        search = _search_of(saved, plan)
        for problem in problems_of_search(search, plan, events=len(saved.events)):
            raise ValueError(problem)
        for problem in problems_of_hits(saved.ahead, plan, events=len(saved.events)):
            raise ValueError(problem)
        if key is None and (saved.states or saved.held or saved.ahead or saved.sample):
            raise ValueError("it stands under no key")
        if key is not None and (saved.untimed or saved.pipes):
            raise ValueError("it stands under a key")
        stages = [pair for _, pairs in (*saved.held, *saved.ahead) for pair in pairs]
        keys = [*keys_of(search), *(each for _, several in stages for each in several)]
        if len(saved.states) > 1 or (key is not None and any(each != key for each in keys)):
            raise ValueError("it is of another key")
        return key, saved, search

    def _refuse_those_there(self, states: Iterable[tuple[str, Key | None, SavedState, SavedSearch]]) -> None:
        seen: set[tuple[str, Key | None]] = set()
        for name, key, *_ in states:
            if (name, key) in seen or self._rules[name].search.has(key) or (name, key) in self._aside:
                raise SnapshotError(f"the state of rule {name!r} under {key!r} is there already")
            seen.add((name, key))

    def _add(self, name: str, key: Key | None, saved: SavedState, search: SavedSearch) -> None:
        rule = self._rules[name]
        events = [row_reference(*parts) for parts in saved.events]
        rule.search.add_keys(search, events)
        for parts in saved.ahead:
            hits: EventHits[Any] = load_hits(parts, events)
            assert key is not None
            rule.clock.clock.restore(hits._replace(reference=(hits.reference, [(rule, hits.stages)])))
            self._aside.setdefault((name, key), []).append(hits)
        self._changed[name].keys.discard(key)

    def _add_clocks(self, saved: SavedClocks) -> None:
        """Set the clocks to the earliest watermark of those there, behind which no event is late."""
        for each in saved.clocks:
            clock = self._clocks.get(each.name)
            if clock is None:
                continue
            newest = [time for time in (clock.clock.newest_ns, each.newest_ns) if time is not None]
            clock.clock.newest_ns = max(newest, default=None)
            clock.clock.votes = max(clock.clock.votes, each.votes)
            watermarks = [mark for mark in (clock.watermark, each.watermark) if mark is not None]
            clock.watermark = min(watermarks, default=None)


def _decode_clocks(data: bytes) -> SavedClocks:
    saved = msgspec.convert(unpack(data, "-", _CLOCK), SavedClocks)
    if any(each.watermark is not None and not is_watermark(each.watermark) for each in saved.clocks):
        raise ValueError("the clock has no place in the order")
    return saved


def _search_of(saved: SavedState, plan: Plan) -> SavedSearch:
    """Return the state as the state of a search."""
    is_sequence, is_sample = isinstance(plan.query, SequenceQuery), isinstance(plan.query, SampleQuery)
    has_matcher = is_sequence or saved.states or saved.waiting
    matcher: SavedMatcher = {
        "dropped": 0,
        "next_sweep_ns": None,
        "states": saved.states,
        "waiting": saved.waiting,
    }
    return {
        "counts": (0, 0, 0),
        "watermark": None,
        "held": saved.held,
        "untimed": saved.untimed,
        "pipes": saved.pipes or {"given": 0, "limited": []},
        "matcher": matcher if has_matcher else None,
        "sample": saved.sample or ({"links": [], "items": []} if is_sample else None),
    }


def _links(saved: SavedState, search: SavedSearch) -> Iterator[SavedLink]:
    yield from links_of(search)
    yield from (link for link, _ in (*saved.held, *saved.ahead))


def _text(key: Key | None) -> str | None:
    return None if key is None else key_text(key)


def _clock_name(clock: SharedClock) -> str:
    """Return the names of the timestamp and tiebreaker as text."""
    plan = clock.rules[0].query.plan
    fields = (plan.timestamp, plan.tiebreaker)
    return json.dumps([None if field is None else field.name for field in fields])
