"""One query over an endless stream: events with stages and keys go in, results come out once certain.

No document is read here, so several queries may share what reads them, and one clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any, Generic

from eqlite.engine.changed_keys import ChangedKeys
from eqlite.engine.event_clock import Watermark, count_keys
from eqlite.engine.keys import Key
from eqlite.engine.order import Ordinal, no_time_message
from eqlite.engine.search import Result, Search
from eqlite.engine.sequence_search import sequence_matcher
from eqlite.engine.sequences import EventHits, Found, Link, Reference, SequenceMatcher
from eqlite.engine.snapshot_form import SavedSample, SavedSearch
from eqlite.engine.snapshots import (
    EventTable,
    decode_link,
    decode_ordinal,
    dump_hits,
    dump_matcher,
    dump_open_key,
    load_hits,
    load_matcher,
    load_open_keys,
)
from eqlite.engine.stream_pipes import StreamPipes
from eqlite.errors import SearchFailure
from eqlite.fields import NANOS_PER_MILLI
from eqlite.plan import Plan, SampleQuery, SequenceQuery


class LiveSearch(Generic[Reference]):
    """The state of one query over a stream. Its time is given by `advance`: see `EventClock`.

    An event before the watermark is late, and left out. One at the watermark is matched at once. One after it is held
    until the watermark reaches it, so that events may come in any order in between. An event query without pipes, and a
    sample, ask for no order: for them the watermark says nothing.

    Attributes:
        is_ordered: whether the order of events counts.
        matches: the number of results returned.
        late: events left out because they came too late.
        untimed: events left out of a sequence because they have no readable time.
    """

    def __init__(self, plan: Plan, *, max_open: int, max_samples_per_key: int = 1, strict: bool = False) -> None:
        """Start with nothing open.

        Args:
            plan: the query's plan.
            max_open: the most keys and undecided sequences that are open, and the most events held.
            max_samples_per_key: as for `compile`.
            strict: raise where an event of a sequence has no time.
        """
        self.plan = plan
        self.is_ordered = isinstance(plan.query, SequenceQuery) or bool(plan.limits)
        self.matches = self.late = self.untimed = 0
        self._max_open = max_open
        self._max_samples_per_key = max_samples_per_key
        self._strict = strict
        self._watermark: Watermark | None = None
        self._held: list[tuple[Ordinal, int, EventHits[Reference]]] = []  # with numbers: ordinals may be equal
        self._held_keys = self._held_count = 0
        self._changed: ChangedKeys[Reference] | None = None
        self._untimed: list[Link[Reference]] = []
        self._pipes: StreamPipes[Reference] = StreamPipes(plan)
        self._matcher: SequenceMatcher[Reference] | None = None
        self._sample: Search[Reference] | None = None
        if isinstance(plan.query, SequenceQuery):
            self._matcher = sequence_matcher(plan.query, max_open)
        elif isinstance(plan.query, SampleQuery):
            self._sample, self.is_ordered = self._new_sample(), False

    @property
    def open(self) -> int:
        """Return the number of open keys and undecided sequences."""
        return 0 if self._matcher is None else self._matcher.open

    @property
    def dropped(self) -> int:
        """Return the number of times that something was given up because more than `max_open` was open."""
        return 0 if self._matcher is None else self._matcher.dropped

    @property
    def held(self) -> int:
        """Return the number of events held until the watermark reaches them."""
        return len(self._held)

    @property
    def keys(self) -> int:
        """Return the number of join keys in memory: see `KeyBudget`."""
        return self.open + self._held_keys

    @property
    def is_idle(self) -> bool:
        """Return whether nothing is open: an event then counts only if it meets `always_relevant_stages`."""
        return self._matcher is not None and not self.waits

    @property
    def waits(self) -> bool:
        """Return whether moving the watermark may lead to results, or free memory."""
        return bool(self._held) or (self._matcher is not None and bool(self._matcher.states))

    @property
    def due_ns(self) -> int | None:
        """Return the time of the watermark at which the next decision falls. None if there is none."""
        held = [self._held[0][0][0]] if self._held else []
        if self._matcher is not None and self._matcher.deadlines:
            held.append((self._matcher.deadlines[0][0] + 1) * NANOS_PER_MILLI)
        return min(held, default=None)

    def leave_out_late(self, ordinal: Ordinal) -> bool:
        """Return whether an event comes too late, and count it."""
        if self._watermark is None or ordinal[:3] >= self._watermark:
            return False
        self.late += 1
        return True

    def take(self, hits: EventHits[Reference]) -> list[Result[Reference]]:
        """Take an event that meets stages, the later first and `until` last. Return the results certain by now."""
        if not self.is_ordered:
            return self._take_unordered(hits)
        if self._watermark is None or hits.ordinal[:3] > self._watermark:
            return self._hold(hits)
        if self.leave_out_late(hits.ordinal):
            return []
        found = self._match(hits)
        return self._give(found) if found else []

    def take_untimed(self, hits: EventHits[Reference]) -> list[Result[Reference]]:
        """Take an event without a time. An event query puts it last, and a sequence leaves it out.

        Raises:
            SearchFailure: for a sequence, when strict.
        """
        if not self.is_ordered:
            return self._take_unordered(hits)
        if self._matcher is None:
            self._untimed.append(Link(hits.ordinal, hits.reference))
            self._untimed = self._pipes.may_matter(self._untimed)
            self._touch_pipes()
            return []
        self.untimed += 1
        if self._strict:
            raise SearchFailure(no_time_message(self.plan))
        return []

    def advance(self, watermark: Watermark) -> list[Result[Reference]]:
        """Move the watermark, after which no earlier event is taken. Return the results certain by now."""
        if not self.is_ordered or (self._watermark is not None and watermark <= self._watermark):
            return []
        self._watermark = watermark
        found: list[Found[Reference]] = []
        while self._held and self._held[0][0][:3] <= watermark:
            found += self._release()
        if self._matcher is not None and self._matcher.states:
            self._matcher.advance(watermark[0], found)
        return self._give(found) if found else []

    def flush(self) -> list[Result[Reference]]:
        """Return the results that the end of the stream makes certain. The next event starts anew."""
        if self._sample is not None:
            results = self._sample.results()
            if self._changed is not None:
                self._changed.touch(key for item in self._sample.items for key in item)
            self._sample = self._new_sample()
            self.matches += len(results)
            return results
        found: list[Found[Reference]] = []
        while self._held:
            found += self._release()
        if self._matcher is not None:
            found += self._matcher.finish()
        found += [Found((link,), ()) for link in sorted(self._untimed, key=lambda link: link.ordinal)]
        results = self._give(found)
        results += self._results(self._pipes.flush())
        self._untimed, self._watermark = [], None
        self._touch_pipes()
        return results

    def _take_unordered(self, hits: EventHits[Reference]) -> list[Result[Reference]]:
        if self._sample is None:
            self.matches += 1
            return [Result((hits.reference,), (hits.ordinal,), ())]
        if self._sample.needs(hits.stages):
            self._sample.add_stage_hits(hits)
            if self._changed is not None:
                self._changed.touch(key for _, keys in hits.stages for key in keys)
        return []

    def _hold(self, hits: EventHits[Reference]) -> list[Result[Reference]]:
        """Hold an event until the watermark reaches it. Beyond `max_open` the earliest moves the watermark."""
        self._push_held(hits)
        if len(self._held) <= self._max_open:
            return []
        return self.advance((self._held[0][0][0] + 1, -1, 0))

    def _push_held(self, hits: EventHits[Reference]) -> None:
        self._held_count += 1
        heapq.heappush(self._held, (hits.ordinal, self._held_count, hits))
        self._held_keys += count_keys(hits.stages)
        if self._changed is not None:
            self._changed.hold(self._held_count, hits)

    def _release(self) -> list[Found[Reference]]:
        _, number, hits = heapq.heappop(self._held)
        self._held_keys -= count_keys(hits.stages)
        if self._changed is not None:
            self._changed.release(number, hits)
        return self._match(hits)

    def _match(self, hits: EventHits[Reference]) -> list[Found[Reference]]:
        if self._matcher is None:
            return [Found((Link(hits.ordinal, hits.reference),), ())]
        if self._changed is not None:
            self._changed.touch_open(hits, self._matcher.states)
        return self._matcher.take(hits)

    def _give(self, found: list[Found[Reference]]) -> list[Result[Reference]]:
        if self._changed is not None:
            self._changed.touch(each.key for each in found if self._matcher is not None)
            self._touch_pipes()
        return self._results(self._pipes.give(found))

    def _results(self, found: Sequence[Found[Reference]]) -> list[Result[Reference]]:
        self.matches += len(found)
        return [Result(each.events, each.ordinals, each.key) for each in found]

    def _touch_pipes(self) -> None:
        if self._changed is not None and self.plan.limits:
            self._changed.keys.add(None)

    def _new_sample(self) -> Search[Reference]:
        return Search(self.plan, tuple, self._max_samples_per_key)

    # --- snapshots ---------------------------------------------------------------------------------------------------

    def dump(self, table: EventTable) -> dict[str, Any]:
        """Return the state as plain data. Its events go into a table, which several searches may share."""
        return {
            "counts": [self.matches, self.late, self.untimed],
            "watermark": None if self._watermark is None else list(self._watermark),
            "held": [dump_hits(hits, table) for *_, hits in self._held],
            "untimed": [table.link(link) for link in self._untimed],
            "pipes": self._pipes.dump(table),
            "matcher": None if self._matcher is None else dump_matcher(self._matcher, table),
            "sample": None if self._sample is None else _dump_sample(self._sample, table),
        }

    def load(self, saved: SavedSearch, events: Sequence[Reference]) -> None:
        """Restore the state from plain data. `events` are those of the table."""
        self.matches, self.late, self.untimed = saved["counts"]
        watermark = saved["watermark"]
        self._watermark = None if watermark is None else (watermark[0], watermark[1], watermark[2])
        for parts in saved["held"]:
            self._push_held(load_hits(parts, events))
        self._untimed = [decode_link(parts, events) for parts in saved["untimed"]]
        self._pipes.load(saved["pipes"], events)
        if self._matcher is not None and saved["matcher"] is not None:
            load_matcher(self._matcher, saved["matcher"], events)
        if self._sample is not None and saved["sample"] is not None:
            _load_sample(self._sample, saved["sample"], events)

    # --- states by key -----------------------------------------------------------------------------------------------

    def track_changes(self) -> ChangedKeys[Reference]:
        """Record from now on which keys change. All that is open counts as changed."""
        if self._changed is None:
            changed: ChangedKeys[Reference] = ChangedKeys()
            self._changed = changed
            for _, number, hits in self._held:
                changed.hold(number, hits)
            if self._matcher is not None:
                changed.touch(self._matcher.states)
                changed.watch(self._matcher)
            if self._sample is not None:
                changed.touch(key for item in self._sample.items for key in item)
            if self.has(None):
                self._touch_pipes()
        return self._changed

    def has(self, key: Key | None) -> bool:
        """Return whether something is open under a key. None stands for the pipes."""
        if key is None:
            return bool(self._untimed) or self._pipes.waits
        assert self._changed is not None
        is_sampled = self._sample is not None and any(key in item for item in self._sample.items)
        return is_sampled or (self._matcher is not None and key in self._matcher.states) or self._changed.holds(key)

    def dump_key(self, key: Key | None, table: EventTable) -> dict[str, Any]:
        """Return the state under one key as plain data: parts of what `dump` returns. For None that of the pipes."""
        if key is None:
            return {"untimed": [table.link(link) for link in self._untimed], "pipes": self._pipes.dump(table)}
        assert self._changed is not None
        return {
            "held": [dump_hits(hits, table) for hits in self._changed.held(key)],
            "matcher": None if self._matcher is None else dump_open_key(self._matcher, key, table),
            "sample": None if self._sample is None else _dump_sample(self._sample, table, key),
        }

    def add_keys(self, saved: SavedSearch, events: Sequence[Reference]) -> None:
        """Add the states of keys, and of the pipes, to what is open. `settle` has to follow."""
        for parts in saved["held"]:
            self._push_held(load_hits(parts, events))
        self._untimed += [decode_link(parts, events) for parts in saved["untimed"]]
        self._pipes.load(saved["pipes"], events)
        if self._matcher is not None and saved["matcher"] is not None:
            load_open_keys(self._matcher, saved["matcher"], events)
        if self._sample is not None and saved["sample"] is not None:
            _load_sample(self._sample, saved["sample"], events)

    def settle(self) -> None:
        """Put keys that were added among the others, by time. The next watermark decides what is late."""
        self._watermark = None
        if self._matcher is not None and self._changed is not None:
            self._changed.settle(self._matcher)


def _dump_sample(search: Search[Any], table: EventTable, key: Key | None = None) -> dict[str, Any]:
    """Return the events of a sample, of one key or of all, as plain data."""
    items = [item if key is None else {key: item[key]} if key in item else {} for item in search.items]
    positions = dict.fromkeys(position for item in items for found in item.values() for position in found)
    links = [Link(search.ordinals[position], search.references[position]) for position in positions]
    return {
        "links": [table.link(link) for link in links],
        "items": [
            [[list(key), [search.ordinals[each][-1] for each in found]] for key, found in item.items()]
            for item in items
        ],
    }


def _load_sample(search: Search[Reference], saved: SavedSample, events: Sequence[Reference]) -> None:
    """Add the events of a sample. Positions of another correlator may be taken: those get others."""
    positions: dict[int, int] = {}
    for where, number in saved["links"]:
        position = where[-1] if where[-1] not in search.references else -1 - len(search.references)
        positions[where[-1]] = position
        search.ordinals[position] = decode_ordinal(where)
        search.references[position] = events[number]
    search.items = search.items or [{} for _ in saved["items"]]
    for item, added in zip(search.items, saved["items"], strict=False):
        item.update({tuple(key): [positions[each] for each in found] for key, found in added})
