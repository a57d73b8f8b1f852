"""One query over an endless stream: events with stages and keys go in, results come out once certain.

No document is read here, so several queries may share what reads them, and one clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any, Generic

from eqlite.engine.event_clock import Watermark, count_keys
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
    load_hits,
    load_matcher,
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
        self._held: list[EventHits[Reference]] = []
        self._held_keys = 0
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
        held = [self._held[0].ordinal[0]] if self._held else []
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
        while self._held and self._held[0].ordinal[:3] <= watermark:
            found += self._release()
        if self._matcher is not None and self._matcher.states:
            self._matcher.advance(watermark[0], found)
        return self._give(found) if found else []

    def flush(self) -> list[Result[Reference]]:
        """Return the results that the end of the stream makes certain. The next event starts anew."""
        if self._sample is not None:
            results = self._sample.results()
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
        return results

    def _take_unordered(self, hits: EventHits[Reference]) -> list[Result[Reference]]:
        if self._sample is None:
            self.matches += 1
            return [Result((hits.reference,), (hits.ordinal,), ())]
        if self._sample.needs(hits.stages):
            self._sample.add_stage_hits(hits)
        return []

    def _hold(self, hits: EventHits[Reference]) -> list[Result[Reference]]:
        """Hold an event until the watermark reaches it. Beyond `max_open` the earliest moves the watermark."""
        heapq.heappush(self._held, hits)
        self._held_keys += count_keys(hits.stages)
        if len(self._held) <= self._max_open:
            return []
        return self.advance((self._held[0].ordinal[0] + 1, -1, 0))

    def _release(self) -> list[Found[Reference]]:
        hits = heapq.heappop(self._held)
        self._held_keys -= count_keys(hits.stages)
        return self._match(hits)

    def _match(self, hits: EventHits[Reference]) -> list[Found[Reference]]:
        if self._matcher is None:
            return [Found((Link(hits.ordinal, hits.reference),), ())]
        return self._matcher.take(hits)

    def _give(self, found: list[Found[Reference]]) -> list[Result[Reference]]:
        return self._results(self._pipes.give(found))

    def _results(self, found: Sequence[Found[Reference]]) -> list[Result[Reference]]:
        self.matches += len(found)
        return [Result(each.events, each.ordinals, each.key) for each in found]

    def _new_sample(self) -> Search[Reference]:
        return Search(self.plan, tuple, self._max_samples_per_key)

    # --- snapshots ---------------------------------------------------------------------------------------------------

    def dump(self, table: EventTable) -> dict[str, Any]:
        """Return the state as plain data. Its events go into a table, which several searches may share."""
        return {
            "counts": [self.matches, self.late, self.untimed],
            "watermark": None if self._watermark is None else list(self._watermark),
            "held": [dump_hits(hits, table) for hits in self._held],
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
        self._held = [load_hits(parts, events) for parts in saved["held"]]
        heapq.heapify(self._held)
        self._held_keys = sum(count_keys(hits.stages) for hits in self._held)
        self._untimed = [decode_link(parts, events) for parts in saved["untimed"]]
        self._pipes.load(saved["pipes"], events)
        if self._matcher is not None and saved["matcher"] is not None:
            load_matcher(self._matcher, saved["matcher"], events)
        if self._sample is not None and saved["sample"] is not None:
            _load_sample(self._sample, saved["sample"], events)


def _dump_sample(search: Search[Any], table: EventTable) -> dict[str, Any]:
    links = [Link(search.ordinals[position], reference) for position, reference in search.references.items()]
    items = [[[list(key), positions] for key, positions in item.items()] for item in search.items]
    return {"links": [table.link(link) for link in links], "items": items}


def _load_sample(search: Search[Reference], saved: SavedSample, events: Sequence[Reference]) -> None:
    for where, number in saved["links"]:
        search.ordinals[where[-1]] = decode_ordinal(where)
        search.references[where[-1]] = events[number]
    search.items = [{tuple(key): positions for key, positions in item} for item in saved["items"]]
