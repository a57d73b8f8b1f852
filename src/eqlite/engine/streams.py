"""A query over a stream that does not end: events go in one by one, matches come out as soon as they are certain.

The clock is that of the events. `allowed_lateness` says how far an event may be behind the newest one: events wait that
long and are then taken in order. What is later is counted and left out.
"""

from __future__ import annotations

import heapq
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from eqlite.engine.faults import Faults, Predicate
from eqlite.engine.match import Event, Match, match_maker
from eqlite.engine.order import NO_TIME, no_time_message, order_problem, ordinal, precision_ns
from eqlite.engine.pipes import Window, folded
from eqlite.engine.search import Result, Search, StageTests
from eqlite.engine.sequence_search import in_result_order, result_order, sequence_matcher
from eqlite.engine.sequences import EventHits, Found, Link, SequenceMatcher, StageKeys
from eqlite.engine.snapshot_form import Saved, SavedSample, checked
from eqlite.engine.snapshots import (
    EventTable,
    dump_hits,
    dump_matcher,
    event_of,
    link_of,
    load_hits,
    load_matcher,
    ordinal_of,
    pack,
    unpack,
)
from eqlite.engine.stages import idle_stages
from eqlite.engine.stats import StreamStats
from eqlite.errors import SearchFailure, SnapshotError
from eqlite.events.document import document_of
from eqlite.plan import Plan, SampleQuery, SequenceQuery
from eqlite.values.dates.instants import parse_timestamp

_Clock = tuple[int, int, Any]
"""Time, kind and value of a tiebreaker: what comes before is late."""
_SPARE = 1_000


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """How a stream runs: see `Query.stream`. `fingerprint` tells queries apart."""

    fingerprint: str
    lateness_ns: int = 0
    max_open: int = 1_000_000
    max_samples_per_key: int = 1
    strict: bool = False


class Stream:
    """The state of a query over a stream: made by `Query.stream` and `Query.resume`. Not for several threads at once.

    >>> import eqlite
    >>> query = eqlite.compile("sequence by user with maxspan=10s [any where a == 1] ![any where a == 2]")
    >>> stream = query.stream()
    >>> stream.push({"@timestamp": 1_000, "user": "ann", "a": 1})  # too early to tell
    []
    >>> [match.join_keys for match in stream.push({"@timestamp": 12_000, "user": "bob", "a": 3})]
    [('ann',)]
    """

    def __init__(self, plan: Plan, predicates: Sequence[Predicate], settings: StreamSettings) -> None:
        self._plan = plan
        self._settings = settings
        self._faults = Faults(settings.strict)
        self._make_match = match_maker(plan)
        self._stats = StreamStats()
        self._tests = StageTests(plan, predicates, self._faults)
        self._first_tests = self._tests
        self._matcher: SequenceMatcher[Event] | None = None
        self._search: Search[Event] | None = None
        self._clock: _Clock | None = None
        self._buffer: list[EventHits[Event]] = []
        self._held_keys = 0  # of the events in the buffer
        self._untimed: list[Link[Event]] = []
        self._limited: list[Found[Event]] = []
        self._window = folded(plan.limits, None, "tail")
        self._order = result_order(plan)
        self._has_missing = any(stage.missing for stage in plan.stages)
        self._given = 0
        self._has_warned = False
        self._take: Callable[[Event, dict[str, Any], int], list[Found[Event]]] = self._take_in_order
        if isinstance(plan.query, SequenceQuery):
            self._matcher = sequence_matcher(plan.query, settings.max_open)
            self._first_tests = self._tests.only(idle_stages(plan))
        elif isinstance(plan.query, SampleQuery):
            self._new_search = partial(
                Search[Event], plan, lambda: predicates, settings.max_samples_per_key, self._faults
            )
            self._search = self._new_search()
            self._take = self._take_sample
        elif not plan.limits:
            self._take = self._take_any

    @property
    def stats(self) -> StreamStats:
        """Return the counts as they are now."""
        matcher = self._matcher
        is_open, dropped = (matcher.open, matcher.dropped) if matcher is not None else (0, 0)
        return replace(
            self._stats,
            open=is_open,
            dropped=dropped,
            held=len(self._buffer),
            faults=self._faults.count,
            fault_examples=list(self._faults.examples),
        )

    def push(self, event: Event) -> list[Match]:
        """Take the next event and return the matches that are certain by now; those of one event in the order of keys.

        Raises:
            EventError: it is no mapping; or, under `strict=True`, an expression fails on it.
        """
        document = document_of(event)
        found = self._take(event, document, self._stats.events)
        self._stats.events += 1
        if self._matcher is not None and self._matcher.dropped and not self._has_warned:
            self._has_warned = True
            message = "more is open than max_open allows: the sequences begun longest ago are given up (stats.dropped)"
            warnings.warn(message, RuntimeWarning, stacklevel=2)
        return self._give(found) if found else []

    def advance(self, time: object) -> list[Match]:
        """Move the clock without an event, so that a quiet stream comes to decisions.

        Args:
            time: as in an event: ISO 8601, epoch milliseconds, a `datetime`. Events to come are taken not to be older,
                but for `allowed_lateness`. A time that has passed changes nothing.

        Raises:
            ValueError: it is no time.
        """
        now_ns = parse_timestamp(time)
        if now_ns is None:
            raise ValueError(f"no time that can be read: {time!r}")
        now_ns -= now_ns % precision_ns(self._plan.timestamp)
        return self._give(self._move_clock((now_ns - self._settings.lateness_ns, -1, 0)))

    def flush(self) -> list[Match]:
        """Return what is certain because the stream ends here. What is pushed afterwards begins anew."""
        found = self._release(None)
        if self._matcher is not None:
            found += self._matcher.finish()
        found += [Found((link,), ()) for link in self._untimed]
        matches = self._give(found)
        if self._search is not None:
            matches = self._matches(self._search.results())
            self._search = self._new_search()
        elif self._limited and self._window is not None:
            matches += self._matches(self._limited_results(self._window))
        self._untimed, self._limited, self._clock, self._given = [], [], None, 0
        return matches

    def _take_any(self, event: Event, document: dict[str, Any], place: int) -> list[Found[Event]]:
        """Take an event of which nothing is asked but whether it meets the condition."""
        return [Found((Link((0, 0, 0, place), event),), ())] if self._tests.met(document) else []

    def _take_sample(self, event: Event, document: dict[str, Any], place: int) -> list[Found[Event]]:
        assert self._search is not None
        self._search.take(document, place, event)
        return []

    def _take_in_order(self, event: Event, document: dict[str, Any], place: int) -> list[Found[Event]]:
        where = ordinal(document, place, self._plan)
        if where[0] == NO_TIME:
            self._take_untimed(document, Link(where, event))
            return []
        if self._clock is not None and where[:3] < self._clock:
            self._stats.late += 1
            return []
        lateness_ns = self._settings.lateness_ns
        is_idle = self._matcher is not None and not self._matcher.states and not lateness_ns
        tests = self._first_tests if is_idle else self._tests
        met = tests.met(document)
        if met and self._matcher is not None:
            if problem := order_problem(document, self._plan):
                self._faults.record(problem)
                return []
            # What is certain is given away: only what is held now counts.
            self._tests.budget.spent = self._matcher.open + self._held_keys
        stages = tests.with_keys(document, met) if met else ()
        if lateness_ns:
            if stages:
                heapq.heappush(self._buffer, EventHits(where, event, stages))
                self._held_keys += _count_keys(stages)
                if len(self._buffer) > self._settings.max_open:
                    return self._move_clock((self._buffer[0].ordinal[0] + 1, -1, 0))
            return self._move_clock((where[0] - lateness_ns, -1, 0))
        if not stages:
            return self._move_clock(where[:3])
        self._clock = where[:3]
        return self._match(EventHits(where, event, stages))

    def _take_untimed(self, document: dict[str, Any], link: Link[Event]) -> None:
        """An event query finds what has no time, and puts it last; a sequence does not."""
        if self._tests.met(document):
            if self._matcher is None:
                self._untimed.append(link)
            else:
                self._stats.untimed += 1
                if self._settings.strict:
                    raise SearchFailure(no_time_message(self._plan))

    def _move_clock(self, clock: _Clock) -> list[Found[Event]]:
        found: list[Found[Event]] = []
        if self._clock is None or clock > self._clock:
            self._clock = clock
            if self._buffer:
                found += self._release(clock[0])
            if self._matcher is not None:
                self._matcher.advance(clock[0], found)
        return found

    def _release(self, before_ns: int | None) -> list[Found[Event]]:
        """Take the waiting events that nothing can come before any more; all of them for None."""
        found: list[Found[Event]] = []
        while self._buffer and (before_ns is None or self._buffer[0].ordinal[0] < before_ns):
            hits = heapq.heappop(self._buffer)
            self._held_keys -= _count_keys(hits.stages)
            found += self._match(hits)
        return found

    def _match(self, hits: EventHits[Event]) -> list[Found[Event]]:
        if self._matcher is None:
            return [Found((Link(hits.ordinal, hits.kept),), ())]
        return self._matcher.take(hits)

    def _give(self, found: list[Found[Event]]) -> list[Match]:
        """Return matches, as far as the query's pipes let them through by now."""
        window = self._window
        if window is None:
            return self._matches(self._sorted(found))
        if self._gives_heads(window):
            found = self._sorted(found) if self._has_missing else found  # `head` stops before it sorts
            found = found[: max(0, window.count - self._given)]
            self._given += len(found)
            return self._matches(self._sorted(found))
        self._limited += found
        if len(self._limited) > 2 * window.total + _SPARE:
            is_sorted = window.end == "tail" or self._has_missing
            self._limited = self._sorted(self._limited) if is_sorted else self._limited
            self._limited = Window(window.end, window.total).of_events(self._limited)
        return []

    def _sorted(self, found: list[Found[Event]]) -> list[Found[Event]]:
        return sorted(found, key=self._order) if len(found) > 1 else found

    def _limited_results(self, window: Window) -> Sequence[Found[Event]]:
        if isinstance(self._plan.query, SequenceQuery):
            return in_result_order(self._plan, self._limited, window)
        return window.of_events(self._sorted(self._limited))

    def _gives_heads(self, window: Window) -> bool:
        """Return whether the pipes ask for the first results only, and results become certain in order."""
        query = self._plan.query
        trails = isinstance(query, SequenceQuery) and query.stages[-1].missing
        return not trails and window.end == "head" and not window.offset

    def _matches(self, found: Sequence[Found[Event] | Result[Event]]) -> list[Match]:
        self._stats.matches += len(found)
        return [self._make_match(each.events, each.key) for each in found]

    # --- snapshots ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """Return all that is open as bytes; `Query.resume` goes on from there, in another process too.

        Events come back as plain documents, or as `Event` where they were given as that.

        Raises:
            SnapshotError: an event that is still needed holds something that no JSON document could.
        """
        table = EventTable()
        payload: dict[str, Any] = {
            "settings": {"lateness_ns": self._settings.lateness_ns, "max_open": self._settings.max_open},
            "stats": asdict(self.stats),
            "clock": None if self._clock is None else list(self._clock),
            "given": self._given,
            "buffer": [dump_hits(hits, table) for hits in self._buffer],
            "untimed": [table.link(link) for link in self._untimed],
            "limited": [
                [[None if link is None else table.link(link) for link in found.links], list(found.key)]
                for found in self._limited
            ],
            "matcher": None if self._matcher is None else dump_matcher(self._matcher, table),
            "sample": None if self._search is None else _dump_search(self._search, table),
            "events": table.rows,  # last: the others fill it
        }
        return pack(payload, self._settings.fingerprint)

    @classmethod
    def resume(cls, snapshot: bytes, plan: Plan, predicates: Sequence[Predicate], settings: StreamSettings) -> Stream:
        """Return the stream that a snapshot was taken of; see `Query.resume`."""
        saved = checked(unpack(snapshot, settings.fingerprint), plan)
        try:
            own = saved["settings"]
            settings = replace(settings, lateness_ns=own["lateness_ns"], max_open=own["max_open"])
            stream = cls(plan, predicates, settings)
            stream._load(saved)
        except (TypeError, ValueError, ArithmeticError) as error:
            raise SnapshotError(f"the snapshot cannot be read: {error!r}") from None
        return stream

    def _load(self, saved: Saved) -> None:
        events = [event_of(row) for row in saved["events"]]
        self._stats = saved["stats"]
        self._faults.add(self._stats.faults, self._stats.fault_examples)
        clock = saved["clock"]
        self._clock = None if clock is None else (clock[0], clock[1], clock[2])
        self._given = saved["given"]
        self._buffer = [load_hits(parts, events) for parts in saved["buffer"]]
        heapq.heapify(self._buffer)
        self._held_keys = sum(_count_keys(hits.stages) for hits in self._buffer)
        self._untimed = [link_of(parts, events) for parts in saved["untimed"]]
        for links, key in saved["limited"]:
            self._limited.append(Found(tuple(parts and link_of(parts, events) for parts in links), tuple(key)))
        if self._matcher is not None and saved["matcher"] is not None:
            load_matcher(self._matcher, saved["matcher"], events)
        if self._search is not None and saved["sample"] is not None:
            _load_search(self._search, saved["sample"], events)


def _count_keys(stages: StageKeys) -> int:
    return sum(len(keys) for _, keys in stages)


def _dump_search(search: Search[Event], table: EventTable) -> dict[str, Any]:
    links = [Link(search.ordinals[place], kept) for place, kept in search.kept.items()]
    items = [[[list(key), places] for key, places in item.items()] for item in search.items]
    return {"links": [table.link(link) for link in links], "items": items}


def _load_search(search: Search[Event], saved: SavedSample, events: list[Event]) -> None:
    for where, number in saved["links"]:
        search.ordinals[where[-1]] = ordinal_of(where)
        search.kept[where[-1]] = events[number]
    search.items = [{tuple(key): places for key, places in item} for item in saved["items"]]
