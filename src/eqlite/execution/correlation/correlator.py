"""The correlator of a run: takes hits, holds the events of sequences and samples, and gives results at the end.

While events come in order, sequences are matched as they come, and expired ones are dropped. An event of a later stage
is skipped if its rule has nothing open. Once events turn out not to be sorted, the run reads the input again, collects
the events that meet stages, and sorts them.
"""

from __future__ import annotations

from collections.abc import Sequence

from eqlite.engine.faults import Faults
from eqlite.engine.keys import Key, KeyBudget
from eqlite.engine.order import NO_TIME
from eqlite.engine.search import Search
from eqlite.engine.sequences import UNTIL, EventHits, Link, StageKeys, make_tuple
from eqlite.engine.stages import starting_stages
from eqlite.events.references import EventReference, History
from eqlite.execution.correlation.order_tracker import OrderTracker
from eqlite.execution.correlation.rule_state import CorrelationState, RuleHit, StageExtractors
from eqlite.execution.extractors import Extractors, OrderExtractor
from eqlite.execution.hit_batch import HitBatch, HitEvent
from eqlite.execution.hits import Hits
from eqlite.execution.tuning import Tuning
from eqlite.plan import Plan, SequenceQuery
from eqlite.query import Query

_MOST_ACTIONS = 20_000


class Correlator:
    """The state of a run's rules.

    Attributes:
        extractors: read times and keys.
        searches: one for each rule.
        faults: for each rule, the operations on which Elasticsearch would have failed.
    """

    def __init__(
        self, queries: Sequence[Query], *, in_order: bool, history: History | None = None, tuning: Tuning = Tuning()
    ) -> None:
        """Start with nothing open.

        Args:
            queries: the rules' queries.
            in_order: match sequences while events come, until `is_out_of_order`; otherwise sort them at the end.
            history: gets the events that meet stages; None for input that can be read again.
            tuning: says how often expired sequences are dropped.
        """
        self.extractors = Extractors()
        self._history = history
        self._budget = KeyBudget()
        self._trackers: dict[OrderExtractor, OrderTracker] = {}
        self._actions: dict[Hits, tuple[list[OrderTracker], list[RuleHit]]] = {}
        self._events_between_sweeps = self._until_sweep = tuning.events_between_sweeps
        self.faults = [Faults(strict=query.options.strict) for query in queries]
        self.searches = [query.new_search(faults) for query, faults in zip(queries, self.faults, strict=True)]
        self._orders = [self.extractors.order(query.plan) for query in queries]
        in_order = in_order and all(query.backend.is_incremental for query in queries)
        self._states = {
            rule: self._state(query.plan, self.searches[rule], in_order=in_order)
            for rule, query in enumerate(queries)
            if query.kind != "event"
        }
        self.is_out_of_order = False

    def _state(self, plan: Plan, search: Search[EventReference], *, in_order: bool) -> CorrelationState:
        extractor = self.extractors.order(plan)
        tracker = self._trackers.setdefault(extractor, OrderTracker(extractor))
        state = CorrelationState(search, tracker, starting_stages(plan), search.faults.record)
        if in_order and isinstance(plan.query, SequenceQuery):
            state.matcher, state.found = search.match_in_order()
        return state

    def add(self, hits: HitBatch) -> None:
        """Take the hits of the next batch."""
        for event, met in hits.events():
            self.add_event(event, met)

    def add_event(self, event: HitEvent, hits: Hits) -> None:
        """Take the hits of the next event."""
        for rule in hits.event_rules:
            self.searches[rule].add_match(event.order(self._orders[rule])[0], event.reference())
        if hits.stage_hits:
            self._correlate(event, hits)

    def _correlate(self, event: HitEvent, hits: Hits) -> None:
        if self._history is not None:
            self._history.append(event.position, event.reference())
        actions = self._actions.get(hits)
        if actions is None:
            actions = self._actions_of(hits)
        trackers, rule_hits = actions
        unplaced = [tracker for tracker in trackers if not tracker.observe(event)]
        for tracker in trackers:
            if not tracker.is_sorted:
                self.is_out_of_order = True
        for hit in rule_hits:
            state = hit.state
            matcher = state.matcher
            if matcher is None:
                self._collect(hit, event)
            elif unplaced and state.order in unplaced:
                ordinal, problem = event.order(state.order.extractor)
                state.search.leave_out(ordinal[0], problem)
            elif hit.starts or matcher.states:
                self._match(hit, event)
        self._until_sweep -= 1
        if not self._until_sweep:
            self._sweep()

    def _match(self, hit: RuleHit, event: HitEvent) -> None:
        """Feed an event, which came in order, to the matcher of its rule."""
        state = hit.state
        matcher = state.matcher
        assert matcher is not None
        if self.is_out_of_order:
            return
        if len(hit.stages) == 1:
            stage, extractor = hit.stages[0]
            keys = event.keys(extractor, self._budget, state.report)
            if not keys or not (hit.starts or _is_any_open(keys, state)):
                return
            ordinal, _ = event.order(state.order.extractor)
            if stage == 0:
                state.found += matcher.begin(make_tuple(Link, (ordinal, event.reference())), keys)
            else:
                state.found += matcher.take((ordinal, event.reference(), ((stage, keys),)))
            return
        stages = self._stage_keys(hit.stages, event, state)
        if stages:
            ordinal, _ = event.order(state.order.extractor)
            state.found += matcher.take((ordinal, event.reference(), stages))

    def _collect(self, hit: RuleHit, event: HitEvent) -> None:
        """Hold an event of a sample, or one to be sorted for a sequence."""
        search = hit.state.search
        ordinal, problem = event.order(hit.state.order.extractor)
        if isinstance(search.plan.query, SequenceQuery) and (ordinal[0] == NO_TIME or problem is not None):
            search.leave_out(ordinal[0], problem)
            return
        stages = self._stage_keys(hit.stages, event, hit.state)
        if stages and search.needs(stages):
            search.add_stage_hits(EventHits(ordinal, event.reference(), stages))

    def _stage_keys(self, stages: StageExtractors, event: HitEvent, state: CorrelationState) -> StageKeys:
        pairs = [(stage, event.keys(extractor, self._budget, state.report)) for stage, extractor in stages]
        return tuple([pair for pair in pairs if pair[1]])

    def _actions_of(self, hits: Hits) -> tuple[list[OrderTracker], list[RuleHit]]:
        rule_hits = []
        for rule, stages in hits.stage_hits:
            state = self._states[rule]
            extractors = self._stage_extractors(state.search.plan, stages)
            rule_hits.append(RuleHit(state, extractors, not state.starting_stages.isdisjoint(stages)))
        if len(self._actions) >= _MOST_ACTIONS:
            self._actions.clear()
        actions = (list(dict.fromkeys(hit.state.order for hit in rule_hits)), rule_hits)
        self._actions[hits] = actions
        return actions

    def _stage_extractors(self, plan: Plan, stages: tuple[int, ...]) -> StageExtractors:
        until = len(plan.query.stages) if isinstance(plan.query, SequenceQuery) else None
        pairs = [(stage, self.extractors.keys(plan.stages[stage].keys)) for stage in sorted(stages, reverse=True)]
        last = [(UNTIL, extractor) for stage, extractor in pairs if stage == until]
        return (*(pair for pair in pairs if pair[0] != until), *last)

    def _sweep(self) -> None:
        """Drop expired sequences of all rules, also of those that get no more events."""
        self._until_sweep = self._events_between_sweeps
        for state in self._states.values():
            state.drop_expired()

    def adopt(self, rules: Sequence[int], other: Correlator) -> None:
        """Take over the state of another correlator, which had only these rules."""
        for rule, search, faults in zip(rules, other.searches, other.faults, strict=True):
            self.searches[rule], self.faults[rule] = search, faults


def _is_any_open(keys: tuple[Key, ...], state: CorrelationState) -> bool:
    assert state.matcher is not None
    states = state.matcher.states
    return keys[0] in states if len(keys) == 1 else any(key in states for key in keys)
