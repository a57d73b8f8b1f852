"""All rules over a stream that does not end: events in, detections out as soon as they are certain."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypedDict

import msgspec

from eqlite.engine.event_clock import count_keys
from eqlite.engine.sequences import EventHits
from eqlite.engine.snapshot_form import (
    SavedOrdinal,
    SavedSearch,
    SavedStages,
    is_placed,
    problems_of_hits,
    problems_of_search,
)
from eqlite.engine.snapshots import EventTable, decode_event, decode_ordinal, load_stages, pack, unpack
from eqlite.engine.stats import OpenStats
from eqlite.errors import SnapshotError
from eqlite.events.batches import Batch, given_batch
from eqlite.events.document import AnyEvent, iterate_events
from eqlite.events.intake import Intake, ReadStats
from eqlite.execution.correlation.live_correlator import NO_HITS, LiveCorrelator
from eqlite.execution.correlation.live_rules import LiveRule, SharedClock
from eqlite.execution.detection import Detection
from eqlite.execution.hit_batch import DocumentHit
from eqlite.execution.rule_matcher import make_matcher
from eqlite.execution.tuning import Tuning
from eqlite.limits import MAX_AHEAD
from eqlite.rules.compiled import Compiled

_FINGERPRINT = "rules"


@dataclass(slots=True, kw_only=True)
class RuleStreamStats(OpenStats):
    """Counts of a stream of rules.

    Attributes:
        reading: the number of events pushed (`read`), and of those rejected for values without a form in JSON.
        detections: the number of detections returned.
        unrouted: with `by_index`, the number of events that no rule's index patterns cover.

    >>> import eqlite
    >>> stream = eqlite.load_rules("examples/rules").stream()
    >>> found = stream.push_many(eqlite.read_events("examples/incident.ndjson")) + stream.flush()
    >>> stream.stats.reading.read, stream.stats.detections == len(found), stream.stats.open
    (20, True, 0)
    """

    reading: ReadStats = field(default_factory=ReadStats)
    detections: int = 0
    unrouted: int = 0


class SavedAhead(TypedDict):
    """A clock of a stream of rules. Events set aside have the keys of each rule that needs them."""

    rules: list[int]
    newest_ns: int | None
    ahead: list[tuple[SavedOrdinal, int | None, list[tuple[int, SavedStages]]]]
    left_out: int
    votes: int
    watermark: tuple[int, int, int | float | str] | None


class SavedStream(TypedDict):
    """The snapshot of a stream of rules."""

    rules: list[str]
    settings: tuple[int, int, int | None]
    counts: tuple[int, int, int]
    clocks: list[SavedAhead]
    late: int
    faults: list[tuple[int, list[str]]]
    searches: list[SavedSearch]
    events: list[Any]


class RuleStream:
    """The state of many rules over a stream: made by `RuleSet.stream` and `RuleSet.resume`.

    It belongs to one thread at a time.

    >>> import eqlite
    >>> rules, events = eqlite.load_rules("examples/rules"), list(eqlite.read_events("examples/incident.ndjson"))
    >>> stream = rules.stream()
    >>> [found.rule.name for event in events[:6] for found in stream.push(event)]
    ['Office Application Starts a Shell']
    >>> stream = rules.resume(stream.snapshot())
    >>> [found.rule.name for found in stream.push_many(events[stream.stats.reading.read :]) + stream.flush()]
    ['Script Downloads and Runs a Program', 'Password Guessed']

    Internal: `push_batch`.
    """

    def __init__(
        self,
        compiled: Compiled,
        *,
        allowed_lateness: str | timedelta = "0s",
        max_open: int = 100_000,
        max_ahead: str | timedelta | None = MAX_AHEAD,
        by_index: bool = False,
        tuning: Tuning = Tuning(),
    ) -> None:
        """Start with nothing open: see `RuleSet.stream`."""
        self._compiled = compiled
        self._matcher = make_matcher(compiled, by_index=by_index)
        self._correlator = LiveCorrelator(
            compiled, allowed_lateness=allowed_lateness, max_open=max_open, max_ahead=max_ahead, tuning=tuning
        )
        self._intake = Intake()
        self._detections = self._unrouted = 0

    @property
    def stats(self) -> RuleStreamStats:
        """Return the counts as they are now."""
        correlator = self._correlator
        searches = [rule.search for rule in correlator.rules]
        clocks = [each.clock for each in correlator.clocks.values()]
        return RuleStreamStats(
            reading=self._intake.stats,
            detections=self._detections,
            late=correlator.late,
            ahead=sum(len(clock.ahead) + clock.left_out for clock in clocks),
            untimed=sum(search.untimed for search in searches),
            dropped=sum(search.dropped for search in searches),
            open=sum(search.open for search in searches),
            held=sum(search.held for search in searches),
            unrouted=self._unrouted,
            faults=sum(each.count for each in correlator.faults),
            fault_examples=list(dict.fromkeys(text for each in correlator.faults for text in each.examples)),
        )

    def push(self, event: AnyEvent) -> list[Detection]:
        """Take the next event and return the detections that are certain by now.

        Raises:
            EventError: it is no mapping; or, under `strict=True`, an expression fails on it.
        """
        return self.push_many([event])

    def push_many(self, events: Iterable[AnyEvent]) -> list[Detection]:
        """Take the next events and return the detections that are certain by now, as `push` would one by one.

        Raises:
            EventError: as for `push`, or one event alone is given.
        """
        stats = self._intake.stats
        batch = given_batch(list(iterate_events(events)), self._intake, stats.read + 1)
        found = self.push_batch(batch)
        stats.read += len(batch.documents)
        return found

    def push_batch(self, batch: Batch) -> list[Detection]:
        """Take the documents of a batch as `push_many` does. The caller counts them."""
        hits = self._matcher.match(batch, self._correlator.faults)
        self._unrouted += hits.unrouted
        met = {row: (each, document) for row, each, document in hits.rows}
        found: list[Detection] = []
        for row, document in enumerate(batch.documents):
            each, read = met.get(row, (NO_HITS, document))
            found += self._correlator.add_event(DocumentHit(batch, row, read), each)
        self._detections += len(found)
        return found

    def advance(self, time: object) -> list[Detection]:
        """Move the clock without an event, so that a quiet stream comes to decisions: see `Stream.advance`."""
        found = self._correlator.advance(time)
        self._detections += len(found)
        return found

    def flush(self) -> list[Detection]:
        """Return the detections that the end of the stream makes certain. The next event pushed starts anew."""
        found = self._correlator.flush()
        self._detections += len(found)
        return found

    async def follow(self, events: AsyncIterable[AnyEvent]) -> AsyncIterator[Detection]:
        """Yield the detections of an asynchronous source as they become certain, and at its end the rest.

        >>> import asyncio, eqlite
        >>> async def source():
        ...     for event in eqlite.read_events("examples/incident.ndjson"):
        ...         yield event
        >>> async def run():
        ...     stream = eqlite.load_rules("examples/rules").stream()
        ...     return [detection.rule.name async for detection in stream.follow(source())]
        >>> len(asyncio.run(run()))
        3
        """
        async for event in events:
            for detection in self.push(event):
                yield detection
        for detection in self.flush():
            yield detection

    # --- snapshots ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """Return the open state as bytes. `RuleSet.resume` goes on from there, in another process too.

        Raises:
            SnapshotError: an event that is still needed holds something that no JSON document could.
        """
        table, stats = EventTable(), self._intake.stats
        payload = self._correlator.dump(table)
        payload["rules"] = rule_fingerprints(self._compiled)
        payload["settings"] = list(self._correlator.settings)
        payload["counts"] = [stats.read, stats.rejected, self._detections]
        payload["events"] = table.rows  # last: the others fill it
        return pack(payload, _FINGERPRINT)

    def _load(self, saved: SavedStream) -> None:
        events = [decode_event(row) for row in saved["events"]]
        stats = self._intake.stats
        stats.read, stats.rejected, self._detections = saved["counts"]
        if min(saved["counts"]) < 0 or not len(saved["rules"]) == len(saved["searches"]) == len(saved["faults"]):
            raise ValueError("its parts do not fit together")
        own = {name: index for index, name in enumerate(rule_fingerprints(self._compiled))}
        found = {old: own[name] for old, name in enumerate(saved["rules"]) if name in own}
        correlator = self._correlator
        correlator.late = saved["late"]
        for old, new in found.items():
            rule = correlator.rules[new]
            for problem in problems_of_search(saved["searches"][old], rule.query.plan, events=len(events)):
                raise ValueError(problem)
            rule.search.load(saved["searches"][old], events)
            rule.faults.add(*saved["faults"][old])
        rules = {old: correlator.rules[new] for old, new in found.items()}
        for state in saved["clocks"]:
            own_rules = [rules[old] for old in state["rules"] if old in rules]
            if own_rules:
                _load_clock(own_rules[0].clock, state, events, rules)
        correlator.schedule_all()


def resume_stream(
    snapshot: bytes, compiled: Compiled, *, by_index: bool = False, tuning: Tuning = Tuning()
) -> RuleStream:
    """Return the stream of a snapshot: see `RuleSet.resume`."""
    try:
        saved = msgspec.convert(unpack(snapshot, _FINGERPRINT), SavedStream)
        lateness_ns, max_open, ahead_ns = saved["settings"]
        stream = RuleStream(
            compiled,
            allowed_lateness=timedelta(microseconds=lateness_ns / 1_000),
            max_open=max_open,
            max_ahead=None if ahead_ns is None else timedelta(microseconds=ahead_ns / 1_000),
            by_index=by_index,
            tuning=tuning,
        )
        stream._load(saved)
    except (msgspec.MsgspecError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
        raise SnapshotError(f"the snapshot cannot be read: {error}") from None
    return stream


def _load_clock(shared: SharedClock, saved: SavedAhead, events: list[AnyEvent], rules: dict[int, LiveRule]) -> None:
    """Restore a clock. `rules` has those of the snapshot that are still there, by their number in it."""
    clock = shared.clock
    clock.newest_ns, clock.left_out, clock.votes = saved["newest_ns"], saved["left_out"], saved["votes"]
    watermark = saved["watermark"]
    shared.watermark = None if watermark is None else (watermark[0], watermark[1], watermark[2])
    if min(clock.left_out, clock.votes) < 0:
        raise ValueError("a count is none")
    for where, number, by_rule in saved["ahead"]:
        if not is_placed(where[1], where[2]):
            raise ValueError("an event has no place in the order")
        waiting = []
        for rule, stages in ((rules[old], stages) for old, stages in by_rule if old in rules):
            link = (where, -1 if number is None else number)
            for problem in problems_of_hits([(link, stages)], rule.query.plan, events=len(events)):
                raise ValueError(problem)
            waiting.append((rule, load_stages(stages)))
        given = None if number is None or not waiting else events[number]
        all_keys = tuple([pair for _, keys in waiting for pair in keys])
        clock.ahead.append(EventHits(decode_ordinal(where), (given, waiting), all_keys))
        clock.keys += count_keys(all_keys)
    clock.ahead.sort(key=lambda hits: hits.ordinal)


def rule_fingerprints(compiled: Compiled) -> list[str]:
    """Return the fingerprints of rules for snapshots: the id or name, the query and its options."""
    counts: dict[str, int] = {}
    found = []
    for rule, query in compiled:
        text = repr((rule.rule_id or rule.name, query.fingerprint))
        counts[text] = counts.get(text, -1) + 1
        found.append(hashlib.sha256(f"{text} {counts[text]}".encode("utf-8", "surrogatepass")).hexdigest())
    return found
