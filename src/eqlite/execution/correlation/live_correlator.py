"""The correlator of a stream: takes hits as they come and gives detections as soon as they are certain.

All rules with the same timestamp and tiebreaker share a clock. A search moves on where an event concerns it, where the
watermark reaches what it waits for, and now and then, to drop what is too old.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import Any

from eqlite.engine.event_clock import EventClock, Watermark
from eqlite.engine.keys import KeyBudget
from eqlite.engine.live_search import LiveSearch
from eqlite.engine.order import NO_TIME, precision_ns
from eqlite.engine.search import Result
from eqlite.engine.sequences import UNTIL, EventHits, Link, StageKeys
from eqlite.engine.snapshots import EventTable, dump_stages
from eqlite.engine.stages import always_relevant_stages
from eqlite.events.document import AnyEvent
from eqlite.execution.correlation.keyed_state import KeyedState, StateKey
from eqlite.execution.correlation.live_rules import LiveRule, SharedClock
from eqlite.execution.correlation.row_events import RowEvent, event_of
from eqlite.execution.detection import Detection
from eqlite.execution.detections import detection_maker
from eqlite.execution.extractors import Extractors, OrderExtractor
from eqlite.execution.hit_batch import HitEvent
from eqlite.execution.hit_rows import HitRow, check_row, from_arrow, no_hit
from eqlite.execution.hits import Hits
from eqlite.execution.tuning import Tuning
from eqlite.fields import NANOS_PER_MILLI
from eqlite.plan import SequenceQuery
from eqlite.rules.compiled import Compiled
from eqlite.values.dates.instants import parse_timestamp
from eqlite.values.durations import duration_ms

NO_HITS = Hits((), ())

Concerned = Iterable[tuple[LiveRule, tuple[int, ...]]]
"""The rules that an event concerns, and the stages that it meets."""


class LiveCorrelator:
    """The state of many rules by join key: hits in, detections out. Made by `RuleSet.correlator`.

    It belongs to one thread at a time. Several correlators can share the work, if all rows with the same `rule` and
    `key` go to the same one.

    Attributes:
        late: the number of events left out because they came too late.

    >>> import eqlite
    >>> rules = eqlite.load_rules("examples/rules")
    >>> matcher, correlator = rules.matcher(), rules.correlator()
    >>> hits = matcher.match(eqlite.read_events("examples/incident.ndjson"))
    >>> [found.rule.name for found in correlator.add(hits) + correlator.flush()]
    ['Office Application Starts a Shell', 'Script Downloads and Runs a Program', 'Password Guessed']

    Internal: `rules`, `clocks`, `faults`, `settings`, `add_event`, `schedule_all`, `dump`.
    """

    def __init__(
        self,
        compiled: Compiled,
        *,
        allowed_lateness: Any = "0s",
        max_open: int = 100_000,
        max_ahead: Any = "1d",
        tuning: Tuning = Tuning(),
    ) -> None:
        """Start with nothing open. The settings are those of `RuleSet.stream`."""
        if max_open < 1:
            raise ValueError("max_open must be 1 or more")
        lateness_ns = duration_ms(allowed_lateness) * NANOS_PER_MILLI
        ahead_ns = None if max_ahead is None else duration_ms(max_ahead) * NANOS_PER_MILLI
        self.late: int = 0
        self.settings = (lateness_ns, max_open, ahead_ns)  # max_open of each rule
        self._extractors = Extractors()
        self._budget = KeyBudget()
        self._events_between_sweeps = self._until_sweep = tuning.events_between_sweeps
        self.clocks: dict[OrderExtractor, SharedClock] = {}
        self._makers = [detection_maker(rule, query) for rule, query in compiled]
        self.rules: list[LiveRule] = []
        for index, (_, query) in enumerate(compiled):
            extractor = self._extractors.order(query.plan)
            if extractor not in self.clocks:
                precision = precision_ns(query.plan.timestamp)
                self.clocks[extractor] = SharedClock(extractor, EventClock(lateness_ns, ahead_ns), precision)
            live = LiveRule(
                index,
                query,
                LiveSearch(
                    query.plan,
                    max_open=max_open,
                    max_samples_per_key=query.options.max_samples_per_key,
                    strict=query.options.strict,
                ),
                self.clocks[extractor],
                query.new_faults(),
                always_relevant_stages(query.plan),
            )
            live.clock.rules.append(live)
            self.rules.append(live)
        self.faults = [rule.faults for rule in self.rules]
        self._by_name: dict[str, list[LiveRule]] = {}
        for (rule, _), made in zip(compiled, self.rules, strict=True):
            self._by_name.setdefault(rule.rule_id or rule.query, []).append(made)
        self._last_origin: str | None = None
        self._position = 0
        self._keyed_state: KeyedState | None = None

    def add(self, hits: Iterable[HitRow] | Any) -> list[Detection]:
        """Take hits and return the detections that are certain by now.

        Events come in the order of time, but for the allowed lateness; those of equal time in the order of the rows.
        Rows of rules that are not here are left out.

        Raises:
            EventError: something is no row of hits. The rows before it were taken.
        """
        rows = from_arrow(hits) if hasattr(hits, "to_pylist") else hits
        found: list[Detection] = []
        for row in rows:
            if not isinstance(row, HitRow) or not isinstance(row.rule, str):
                raise no_hit(row)
            for rule in self._by_name.get(row.rule, ()):
                plan = rule.query.plan
                check_row(row, len(plan.stages), len(plan.stages[0].keys))
            if row.origin != self._last_origin:
                self._last_origin = row.origin
                self._position += 1
            for rule in self._by_name.get(row.rule, ()):
                concerned = Hits((), ((rule.index, row.stages),))
                found += self.add_event(RowEvent(row, self._position), concerned)
        return found

    def add_event(self, event: HitEvent, hits: Hits) -> list[Detection]:
        """Take the next event. One that meets nothing moves the clocks."""
        found: list[Detection] = []
        met = [*((rule, (0,)) for rule in hits.event_rules), *hits.stage_hits]
        for clock in self.clocks.values():
            concerned = [(self.rules[rule], stages) for rule, stages in met if self.rules[rule].clock is clock]
            ordinal, _ = event.order(clock.extractor)
            if ordinal[0] == NO_TIME:
                for rule, stages in concerned:
                    hit = EventHits(ordinal, event.reference()(), self._stage_keys(rule, stages, event))
                    found += self._detections(rule, rule.search.take_untimed(hit))
            elif clock.clock.is_ahead(ordinal[0]):
                found += self._set_aside(clock, event, concerned)
            else:
                for due in clock.clock.take_due(ordinal):
                    found += self._take_aside(clock, due)
                found += self._take(clock, event, concerned)
        self._until_sweep -= 1
        if not self._until_sweep:
            self._until_sweep = self._events_between_sweeps
            found += self._sweep()
        return found

    def _set_aside(self, clock: SharedClock, event: HitEvent, concerned: Concerned) -> list[Detection]:
        """Hold an event aside for the rules to which order matters. The others take it at once.

        Its keys are read now: faults belong to the push of the event, and its batch can go.
        """
        ordinal, problem = event.order(clock.extractor)
        found: list[Detection] = []
        waiting: list[tuple[LiveRule, StageKeys]] = []
        for rule, stages in concerned:
            if problem is not None and isinstance(rule.query.plan.query, SequenceQuery):
                rule.faults.record(problem)
                continue
            keys = self._stage_keys(rule, stages, event)
            if keys and rule.search.is_ordered:
                waiting.append((rule, keys))
            elif keys:
                found += self._detections(rule, rule.search.take(EventHits(ordinal, event.reference()(), keys)))
        given = event.reference()() if waiting else None
        all_keys = tuple([pair for _, keys in waiting for pair in keys])
        for due in clock.clock.set_aside(EventHits(ordinal, (given, waiting), all_keys)):
            found += self._take_aside(clock, due)
        return found

    def _take_aside(self, clock: SharedClock, due: EventHits[Any]) -> list[Detection]:
        given, waiting = due.reference
        found = self._move(clock, clock.clock.move(due.ordinal))
        assert clock.watermark is not None
        is_late = False
        for rule, keys in waiting:
            found += self._detections(rule, rule.search.advance(clock.watermark))
            if rule.search.leave_out_late(due.ordinal):
                is_late = True
                continue
            found += self._detections(rule, rule.search.take(EventHits(due.ordinal, given, keys)))
            self._schedule(rule)
        self.late += is_late
        return found

    def _take(self, clock: SharedClock, event: HitEvent, concerned: Concerned) -> list[Detection]:
        ordinal, problem = event.order(clock.extractor)
        found = self._move(clock, clock.clock.move(ordinal))
        assert clock.watermark is not None
        is_late = False
        for rule, stages in concerned:
            search = rule.search
            if isinstance(rule.query.plan.query, SequenceQuery):
                if problem is not None:
                    rule.faults.record(problem)
                    continue
                # Under a lateness, an event may still come that begins what this one continues.
                if not clock.clock.lateness_ns and search.is_idle and rule.always_relevant_stages.isdisjoint(stages):
                    continue
            if search.is_ordered:
                found += self._detections(rule, search.advance(clock.watermark))
                if search.leave_out_late(ordinal):
                    is_late = True
                    continue
            keys = self._stage_keys(rule, stages, event)
            if keys:
                found += self._detections(rule, search.take(EventHits(ordinal, event.reference()(), keys)))
                self._schedule(rule)
        self.late += is_late
        return found

    def _move(self, clock: SharedClock, watermark: Watermark) -> list[Detection]:
        """Move a clock's watermark, and the searches that have something to decide by then."""
        if clock.watermark is None or watermark > clock.watermark:
            clock.watermark = watermark
        due: list[LiveRule] = []
        while clock.due and clock.due[0][0] <= clock.watermark[0]:
            rule = self.rules[heapq.heappop(clock.due)[1]]
            rule.due_ns = None
            due.append(rule)
        found: list[Detection] = []
        for rule in due:
            found += self._detections(rule, rule.search.advance(clock.watermark))
            self._schedule(rule)
        return found

    def _schedule(self, rule: LiveRule) -> None:
        due_ns = rule.search.due_ns
        if due_ns is not None and (rule.due_ns is None or due_ns < rule.due_ns):
            rule.due_ns = due_ns
            heapq.heappush(rule.clock.due, (due_ns, rule.index))

    def schedule_all(self) -> None:
        """Set the times of the next decisions, after the states of searches were loaded."""
        for rule in self.rules:
            self._schedule(rule)

    def _sweep(self) -> list[Detection]:
        """Move all searches, which drops expired sequences."""
        found: list[Detection] = []
        for clock in self.clocks.values():
            if clock.watermark is not None:
                for rule in clock.rules:
                    if rule.search.waits:
                        found += self._detections(rule, rule.search.advance(clock.watermark))
        return found

    def _stage_keys(self, rule: LiveRule, stages: tuple[int, ...], event: HitEvent) -> StageKeys:
        extractors = rule.extractors.get(stages)
        if extractors is None:
            plan = rule.query.plan
            until = len(plan.query.stages) if isinstance(plan.query, SequenceQuery) else None
            ordered = sorted(stages, key=lambda stage: (stage == until, -stage))
            pairs = [(stage, self._extractors.keys(plan.stages[stage].keys)) for stage in ordered]
            extractors = [(UNTIL if stage == until else stage, extractor) for stage, extractor in pairs]
            rule.extractors[stages] = extractors
        self._budget.spent = rule.search.keys + rule.clock.clock.keys
        found = [(stage, event.keys(extractor, self._budget, rule.faults.record)) for stage, extractor in extractors]
        return tuple([pair for pair in found if pair[1]])

    def _detections(self, rule: LiveRule, results: Sequence[Result[AnyEvent]]) -> list[Detection]:
        make = self._makers[rule.index]
        return [make(tuple(map(event_of, result.events)), result) for result in results]

    def advance(self, time: object) -> list[Detection]:
        """Move the clocks without an event, so that a quiet stream comes to decisions: see `Stream.advance`.

        Raises:
            ValueError: it is no time.
        """
        now_ns = parse_timestamp(time)
        if now_ns is None:
            raise ValueError(f"no time that can be read: {time!r}")
        found: list[Detection] = []
        for clock in self.clocks.values():
            due, watermark = clock.clock.advance(now_ns - now_ns % clock.precision_ns)
            for each in due:
                found += self._take_aside(clock, each)
            found += self._move(clock, watermark)
        return found

    def flush(self) -> list[Detection]:
        """Return the detections that the end of the stream makes certain. The next event starts anew."""
        found: list[Detection] = []
        for clock in self.clocks.values():
            for each in clock.clock.finish():
                found += self._take_aside(clock, each)
            clock.clock.finish()
            clock.watermark = None
            clock.due.clear()
            for rule in clock.rules:
                rule.due_ns = None
        for rule in self.rules:
            found += self._detections(rule, rule.search.flush())
        return found

    def dump_changed(self) -> list[tuple[StateKey, bytes | None]]:
        """Return the states that have changed since the last call or `load`. The first call returns all.

        A state is named by the rule (`HitRow.rule`) and the text of the join key: see `key_text`. None in the place of
        the bytes says that nothing is open there any more. Under `(rule, None)` is what pipes hold back, under
        `(None, None)` the clock. To write all pairs over those of the same name saves the correlator.

        >>> import eqlite
        >>> rules = eqlite.load_rules("examples/rules")
        >>> events = list(eqlite.read_events("examples/incident.ndjson"))
        >>> correlator, store = rules.correlator(), {}
        >>> found = correlator.add(rules.matcher().match(events[:6]))
        >>> store.update(correlator.dump_changed())
        >>> correlator = rules.correlator()
        >>> correlator.load(store.items())
        []
        >>> rest = correlator.add(rules.matcher().match(events[6:])) + correlator.flush()
        >>> [detection.rule.name for detection in rest]
        ['Script Downloads and Runs a Program', 'Password Guessed']

        Raises:
            SnapshotError: an event that is still needed holds something that no JSON document could.
            ValueError: several rules have the same id.
        """
        return self._keyed().dump_changed(self._position)

    def load(self, items: Iterable[tuple[StateKey, bytes | None]]) -> list[StateKey]:
        """Add states of `dump_changed`, and return the names of those left out.

        They may come in any order, and be those of some rules and keys. A state is left out if its rule is not here, or
        if its query or options have changed.

        Raises:
            SnapshotError: one is damaged, of another version, under a wrong name, or there already. Nothing is added.
            ValueError: several rules have the same id.
        """
        left_out, position = self._keyed().load(items)
        self._position = max(self._position, position)
        self._last_origin = None
        self.schedule_all()
        return left_out

    def _keyed(self) -> KeyedState:
        if self._keyed_state is None:
            self._keyed_state = KeyedState(self._by_name, list(self.clocks.values()))
        return self._keyed_state

    def dump(self, table: EventTable) -> dict[str, Any]:
        """Return the state as plain data. Its events go into the table."""
        return {
            "clocks": [_dump_clock(clock, table) for clock in self.clocks.values()],
            "late": self.late,
            "faults": [[rule.faults.count, rule.faults.examples] for rule in self.rules],
            "searches": [rule.search.dump(table) for rule in self.rules],
        }


def _dump_clock(shared: SharedClock, table: EventTable) -> dict[str, Any]:
    clock = shared.clock
    return {
        "rules": [rule.index for rule in shared.rules],
        "newest_ns": clock.newest_ns,
        "ahead": [_dump_ahead(hits, table) for hits in clock.ahead],
        "left_out": clock.left_out,
        "votes": clock.votes,
        "watermark": shared.watermark,
    }


def _dump_ahead(hits: EventHits[Any], table: EventTable) -> list[Any]:
    """Return an event set aside as plain data: ordinal, number in the table, and its keys by rule."""
    given, waiting = hits.reference
    number = table.link(Link(hits.ordinal, given))[1] if waiting else None
    return [list(hits.ordinal), number, [[rule.index, dump_stages(keys)] for rule, keys in waiting]]
