"""A query over an endless stream: events go in one by one, matches come out once they are certain.

A stream reads the stages, keys and ordinal of each event. An `EventClock` decides which events are late or too far
ahead, and a `LiveSearch` matches them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eqlite.engine.event_clock import EventClock
from eqlite.engine.faults import Faults, Predicate
from eqlite.engine.live_search import LiveSearch
from eqlite.engine.match import Event, Match, match_maker
from eqlite.engine.order import NO_TIME, order_problem, ordinal, precision_ns
from eqlite.engine.search import Result, StageMatcher
from eqlite.engine.sequences import EventHits
from eqlite.engine.snapshot_form import Saved, checked
from eqlite.engine.snapshots import EventTable, decode_event, pack, unpack
from eqlite.engine.stages import always_relevant_stages
from eqlite.engine.stats import StreamStats
from eqlite.errors import SnapshotError
from eqlite.events.document import document_of
from eqlite.plan import EventQuery, Plan, SequenceQuery
from eqlite.values.dates.instants import parse_timestamp


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Settings of a stream: see `Query.stream`. `fingerprint` distinguishes queries."""

    fingerprint: str
    lateness_ns: int = 0
    max_open: int = 1_000_000
    max_ahead_ns: int | None = None
    max_samples_per_key: int = 1
    strict: bool = False


class Stream:
    """The state of a query over a stream: made by `Query.stream` and `Query.resume`.

    It belongs to one thread at a time.

    >>> import eqlite
    >>> query = eqlite.compile("sequence by user with maxspan=10s [any where a == 1] ![any where a == 2]")
    >>> stream = query.stream()
    >>> stream.push({"@timestamp": 1_000, "user": "ann", "a": 1})  # not certain yet
    []
    >>> stream = query.resume(stream.snapshot())
    >>> [match.join_keys for match in stream.push({"@timestamp": 12_000, "user": "bob", "a": 3})]
    [('ann',)]

    Internal: `resume`.
    """

    def __init__(self, plan: Plan, predicates: Sequence[Predicate], settings: StreamSettings) -> None:
        self._plan = plan
        self._settings = settings
        self._faults = Faults(settings.strict)
        self._make_match = match_maker(plan)
        self._events = 0
        self._stage_matcher = StageMatcher(plan, predicates, self._faults)
        self._always_relevant = self._stage_matcher.restricted(always_relevant_stages(plan))
        self._is_sequence = isinstance(plan.query, SequenceQuery)
        self._is_event_query = isinstance(plan.query, EventQuery)
        self._clock: EventClock[Event] = EventClock(settings.lateness_ns, settings.max_ahead_ns)
        self._search: LiveSearch[Event] = LiveSearch(
            plan,
            max_open=settings.max_open,
            max_samples_per_key=settings.max_samples_per_key,
            strict=settings.strict,
        )
        self._has_warned = False

    @property
    def stats(self) -> StreamStats:
        """Return the counts as they are now."""
        search, clock = self._search, self._clock
        return StreamStats(
            events=self._events,
            matches=search.matches,
            late=search.late,
            ahead=len(clock.ahead) + clock.left_out,
            untimed=search.untimed,
            dropped=search.dropped,
            open=search.open,
            held=search.held,
            faults=self._faults.count,
            fault_examples=list(self._faults.examples),
        )

    def push(self, event: Event) -> list[Match]:
        """Take the next event and return the matches certain by now. Those of one event come by its keys.

        Raises:
            EventError: it is no mapping; or, under `strict=True`, an expression fails on it.
        """
        document = document_of(event)
        search = self._search
        results = self._take_in_order(event, document) if search.is_ordered else self._take_unordered(event, document)
        self._events += 1
        if self._is_sequence and not self._has_warned and search.dropped:
            self._has_warned = True
            message = "more is open than max_open allows: the sequences begun longest ago are dropped (stats.dropped)"
            warnings.warn(message, RuntimeWarning, stacklevel=2)
        return self._matches(results) if results else []

    def advance(self, time: object) -> list[Match]:
        """Move the clock without an event, so that sequences are decided in a quiet stream.

        Args:
            time: as in an event: ISO 8601, epoch milliseconds or a `datetime`. Later events are not expected to be
                older than `allowed_lateness` allows. A time that has passed changes nothing.

        Raises:
            ValueError: it is no time.
        """
        now_ns = parse_timestamp(time)
        if now_ns is None:
            raise ValueError(f"no time that can be read: {time!r}")
        now_ns -= now_ns % precision_ns(self._plan.timestamp)
        due, watermark = self._clock.advance(now_ns)
        results = self._take_all(due)
        return self._matches(results + self._search.advance(watermark))

    def flush(self) -> list[Match]:
        """Return the matches that the end of the stream makes certain. The next event pushed starts a new stream."""
        results = self._take_all(self._clock.finish())
        results += self._search.flush()
        self._clock.finish()  # the last events have moved it
        return self._matches(results)

    def _take_unordered(self, event: Event, document: dict[str, Any]) -> list[Result[Event]]:
        met = self._stage_matcher.matching(document)
        if not met:
            return []
        if self._is_event_query:  # matches have no ordinals; reading them would take a third of the time
            return self._search.take(EventHits((0, 0, 0, self._events), event, ((0, ((),)),)))
        stages = self._stage_matcher.with_keys(document, met)
        event_ordinal = ordinal(document, self._events, self._plan)
        return self._search.take(EventHits(event_ordinal, event, stages)) if stages else []

    def _take_in_order(self, event: Event, document: dict[str, Any]) -> list[Result[Event]]:
        clock, search = self._clock, self._search
        event_ordinal = ordinal(document, self._events, self._plan)
        if event_ordinal[0] == NO_TIME:
            is_met = bool(self._stage_matcher.matching(document))
            return search.take_untimed(EventHits(event_ordinal, event, ())) if is_met else []
        if search.leave_out_late(event_ordinal):
            return []
        is_ahead = clock.is_ahead(event_ordinal[0])
        results = self._take_all(clock.take_due(event_ordinal)) if clock.ahead and not is_ahead else []
        is_idle = not (clock.lateness_ns or is_ahead) and search.is_idle
        tests = self._always_relevant if is_idle else self._stage_matcher
        met = tests.matching(document)
        if met and self._is_sequence:
            if problem := order_problem(document, self._plan):
                self._faults.record(problem)
                return results
            # Returned results hold no keys: only those in memory count towards the budget.
            tests.budget.spent = search.keys + clock.keys
        hits = EventHits(event_ordinal, event, tests.with_keys(document, met) if met else ())
        if is_ahead:
            return self._take_all(clock.set_aside(hits))
        found = self._take(hits)
        return results + found if results else found

    def _take(self, hits: EventHits[Event]) -> list[Result[Event]]:
        results = self._search.advance(self._clock.move(hits.ordinal))
        if hits.stages:
            results += self._search.take(hits)
        return results

    def _take_all(self, events: Iterable[EventHits[Event]]) -> list[Result[Event]]:
        return [result for hits in events for result in self._take(hits)]

    def _matches(self, results: Sequence[Result[Event]]) -> list[Match]:
        return [self._make_match(result.events, result.key) for result in results]

    # --- snapshots ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """Return the open state as bytes. `Query.resume` continues from it, also in another process.

        Events come back as plain documents, or as `Event` where they were given as that.

        Raises:
            SnapshotError: an event that is still needed holds something that no JSON document could.
        """
        table, settings = EventTable(), self._settings
        payload: dict[str, Any] = {
            "settings": {
                "lateness_ns": settings.lateness_ns,
                "max_open": settings.max_open,
                "max_ahead_ns": settings.max_ahead_ns,
            },
            "count": self._events,
            "faults": [self._faults.count, self._faults.examples],
            "clock": self._clock.dump(table),
            "search": self._search.dump(table),
            "events": table.rows,  # last, since the entries above fill it
        }
        return pack(payload, settings.fingerprint)

    @classmethod
    def resume(cls, snapshot: bytes, plan: Plan, predicates: Sequence[Predicate], settings: StreamSettings) -> Stream:
        """Return the stream of a snapshot: see `Query.resume`."""
        saved = checked(unpack(snapshot, settings.fingerprint), plan)
        try:
            stream = cls(plan, predicates, replace(settings, **saved["settings"]))
            stream._load(saved)
        except (TypeError, ValueError, ArithmeticError) as error:
            raise SnapshotError(f"the snapshot cannot be read: {error!r}") from None
        return stream

    def _load(self, saved: Saved) -> None:
        events = [decode_event(row) for row in saved["events"]]
        self._events = saved["count"]
        self._faults.add(*saved["faults"])
        self._clock.load(saved["clock"], events)
        self._search.load(saved["search"], events)
