"""Rules that join events, sequences and samples: what meets their stages is kept, or goes into the machines at once.

While events come in order of time, sequences need not be kept for sorting. And a later stage counts for nothing where
its rule waits for nothing, so it is passed by without a look at time or keys: most events meet such a stage of some
rule. What begins a sequence is only noted, until an event comes that might continue it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from eqlite.engine.keys import Key, KeyBudget
from eqlite.engine.order import NO_TIME
from eqlite.engine.search import Search
from eqlite.engine.sequences import UNTIL, EventHits, Link, SequenceMatcher, StageKeys, new_tuple
from eqlite.engine.stages import beginnings, only_begins
from eqlite.errors import EventError, SearchFailure
from eqlite.events.references import Kept, Unreadable
from eqlite.execution.correlation.deferred_starts import Noted
from eqlite.execution.correlation.interest import Wanted
from eqlite.execution.correlation.rule_state import JoiningRule
from eqlite.execution.event_cursor import Clock, Reading
from eqlite.execution.extractors import KeyReader, Readers
from eqlite.execution.hits import Hits, Stages
from eqlite.limits import FREE_KEYS_PER_EVENT
from eqlite.plan import Plan, SequenceQuery

Asked = tuple[tuple[int, KeyReader], ...]
"""Stages, `UNTIL` for that one, each with what reads its keys, in the order in which a matcher wants them."""


ORDERLY_EVENTS = 20_000
"""After so many events in order, the input is taken to be sorted."""
_EVENTS_BETWEEN_SWEEPS = 1_024


class Concerned(NamedTuple):
    """A rule of which an event meets stages.

    Attributes:
        asked: the stages.
        begins: one of them begins a sequence.
    """

    rule: JoiningRule
    asked: Asked
    begins: bool


@dataclass(slots=True, eq=False)
class _Prepared:
    """What to do for an event that meets certain stages.

    Attributes:
        clocks: the clocks of the rules.
        kept: the rules for which it is kept: those without a machine.
        begun: the rules of which it begins a sequence.
        noted: others of these, for which it may be noted instead; `noted_bits` stand for them.
        books: where.
        continued: all others, by their bits: where they have nothing open, the event counts for nothing.
        waiting: all those bits.
        version: what `JoiningRules` knew when this was prepared.
    """

    clocks: tuple[Clock, ...]
    kept: tuple[Concerned, ...]
    begun: tuple[Concerned, ...]
    noted: tuple[Concerned, ...]
    noted_bits: int
    books: tuple[Callable[[int], None], ...]
    continued: dict[int, Concerned]
    waiting: int
    version: int


class JoiningRules:
    """The joining rules of a run, by their numbers.

    Attributes:
        only_clock: the clock of all rules, if they have the same one, without a tiebreaker.
        may_trust_order: events may be taken as sorted after enough of them were: whoever says so starts over with
            False if `has_lost_order`.
        missed: what kept events from being had again: the file is not what it was, or their lines hold none after all.
    """

    def __init__(
        self,
        searches: Mapping[int, Search[Kept]],
        readers: Readers,
        bits: Mapping[int, int],
        *,
        may_trust_order: bool,
        wanted: Wanted | None = None,
    ) -> None:
        """Begin; each rule has a bit.

        Whoever asks about the events learns from `wanted` which of them to tell.
        """
        self.may_trust_order = may_trust_order
        self._is_trusting = False
        self._version = 0
        self._known: dict[tuple[int, tuple[int, ...]], Concerned] = {}
        self._noted = Noted()
        self.missed: list[EventError | Unreadable] = []
        self._readers = readers
        self._budget = KeyBudget()
        self._rules = {
            number: JoiningRule(
                search, readers.clock(search.plan), beginnings(search.plan), search.faults.record, bits[number]
            )
            for number, search in searches.items()
        }
        self._until_sweep = _EVENTS_BETWEEN_SWEEPS
        self._wanted = Wanted()  # once events go into machines, its bits are those of the rules with something open
        clocks = {rule.clock for rule in self._rules.values()}
        only = clocks.pop() if len(clocks) == 1 else None
        self.only_clock = only if only is not None and only.tiebreaker is None else None
        if wanted is not None and may_trust_order and self.only_clock is not None and self.only_clock.is_plain:
            self._wanted = wanted  # who asks can see the order of events that are not told
            wanted.clock = self.only_clock

    @property
    def has_lost_order(self) -> bool:
        """Return whether events were taken as sorted and were not."""
        return self._is_trusting and not all(rule.clock.see_order() for rule in self._rules.values())

    def take(self, hits: Hits, reading: Reading) -> None:
        """Take an event that meets stages of some rules."""
        prepared: _Prepared | None = hits.prepared
        if prepared is None or prepared.version != self._version:
            prepared = hits.prepared = self._prepare(hits.stages)
        clocks = prepared.clocks
        untimed: Sequence[Clock] = ()
        if not reading.is_noted and self.may_trust_order and (len(clocks) > 1 or not clocks[0].follows(reading)):
            untimed = self._look_at_order(prepared, reading)
        for rule, asked, _ in prepared.kept:
            self._keep(rule, asked, reading)
        if self._is_trusting and clocks[0].is_orderly:
            self._until_sweep -= 1
            if not self._until_sweep:
                self._sweep()
            concerned = prepared.begun
            if prepared.noted and (untimed or not self._note(prepared, reading)):
                concerned += prepared.noted
            waiting = prepared.waiting & self._wanted.bits
            if waiting:
                lone = prepared.continued.get(waiting)  # an event may continue many rules, and hardly one waits
                if lone is None:
                    concerned += _by_bits(prepared.continued, waiting)
                elif len(lone.asked) > 1 or not lone.rule.passes_by(reading, lone.asked[0][1]):
                    concerned += (lone,)
            if concerned:
                self._match(concerned, untimed, reading)
        elif self.may_trust_order and reading.place > ORDERLY_EVENTS:
            self._trust()

    def _note(self, prepared: _Prepared, reading: Reading) -> bool:
        """Note an event, to begin sequences with it later; False if it could not be read again then."""
        note = self._noted.note(reading, prepared.clocks[0].now_ns)
        if note is None:
            return False
        for write in prepared.books:
            write(note)
        self._wanted.bits |= prepared.noted_bits
        return True

    def _look_at_order(self, prepared: _Prepared, reading: Reading) -> list[Clock]:
        """Return the clocks by which the event has no time, and count what machines leave out for that."""
        untimed = [clock for clock in prepared.clocks if clock.follows(reading) is None]
        if untimed and self._is_trusting:
            for rule, *_ in (*prepared.begun, *prepared.noted, *prepared.continued.values()):
                if rule.clock in untimed:
                    rule.search.leave_out(reading.where(rule.clock)[0], reading.problem)
        return untimed

    def _trust(self) -> None:
        if self._is_trusting or not all(rule.clock.see_order() for rule in self._rules.values()):
            self.may_trust_order = False
            return
        self._is_trusting = True
        self._version += 1
        self._wanted.bits = 0
        for rule in self._rules.values():
            if isinstance(rule.search.plan.query, SequenceQuery):
                rule.matcher, rule.found = rule.search.match_in_order()
                self._note_open(rule, rule.matcher)

    def _note_open(self, rule: JoiningRule, matcher: SequenceMatcher[Kept]) -> None:
        is_open = bool(matcher.states or rule.book.notes)
        if is_open is not bool(self._wanted.bits & rule.bit):
            self._wanted.bits ^= rule.bit

    def _match(self, all_concerned: Iterable[Concerned], untimed: Sequence[Clock], reading: Reading) -> None:
        wanted = self._wanted
        last_reader: KeyReader | None = None
        keys: tuple[Key, ...] = ()
        last_clock: Clock | None = None
        link: Link[Kept]
        for rule, asked, begins in all_concerned:
            matcher = rule.matcher
            assert matcher is not None
            if untimed and rule.clock in untimed:
                continue
            if rule.book.notes:
                self._begin_noted(rule, matcher, reading.where(rule.clock)[0])
            if len(asked) == 1:
                stage, reader = asked[0]
                if reader is not last_reader:  # rules that begin with the same event often have the same keys
                    keys = reader.read(reading, self._budget, rule.tell)
                    last_reader = reader if len(keys) <= FREE_KEYS_PER_EVENT else None  # each rule holds its own
                if not keys or not (begins or _are_open(keys, matcher.states)):
                    if not begins:
                        self._look_at_age(rule, matcher)
                    continue
                met: StageKeys = ((stage, keys),) if stage else ()
            else:
                met = _with_keys(rule, asked, reading, self._budget)
                if not met:
                    continue
            if rule.clock is not last_clock:  # nearly all rules have the same
                last_clock = rule.clock
                link = new_tuple(Link, (reading.where(last_clock), reading.keep()))
            found = matcher.take((*link, met)) if met else matcher.begin(link, keys)
            if found:
                rule.found += found
            if (not matcher.states) is not (not wanted.bits & rule.bit):  # `_note_open`, without a call
                wanted.bits ^= rule.bit

    def _begin_noted(self, rule: JoiningRule, matcher: SequenceMatcher[Kept], now_ns: int) -> None:
        """Begin sequences with what was noted and is not too old."""
        book = rule.book
        book.forget(self._noted.first_since(rule.oldest_ns(now_ns)))
        reader = self._readers.keys(rule.search.plan.stages[0].keys)
        for note in book.take_all():
            try:
                reading = self._noted.reading(note)
                where, keys = reading.where(rule.clock), reader.read(reading, self._budget, rule.tell)
            except SearchFailure:
                raise
            except (EventError, Unreadable) as problem:
                self.missed.append(problem)
                continue
            if keys and where[0] != NO_TIME:
                matcher.begin(Link(where, reading.keep()), keys)
        if book.is_closed:
            self._version += 1

    def _look_at_age(self, rule: JoiningRule, matcher: SequenceMatcher[Kept]) -> None:
        """Let go what has become too old, where it is time for that."""
        if rule.is_due(matcher):
            matcher.advance(rule.clock.now_ns, rule.found)
            self._note_open(rule, matcher)

    def _keep(self, rule: JoiningRule, asked: Asked, reading: Reading) -> None:
        search = rule.search
        where = reading.where(rule.clock)
        if isinstance(search.plan.query, SequenceQuery) and (where[0] == NO_TIME or reading.problem is not None):
            search.leave_out(where[0], reading.problem)
            return
        met = _with_keys(rule, asked, reading, self._budget)
        if met and search.wants(met):
            search.take_hits(EventHits(where, reading.keep(), met))

    def _prepare(self, stages: Stages) -> _Prepared:
        kept: list[Concerned] = []
        begun: list[Concerned] = []
        noted: list[Concerned] = []
        continued: dict[int, Concerned] = {}
        for number, met in stages:
            concerned = self._concerned(number, met)
            if concerned.rule.matcher is None:
                kept.append(concerned)
            elif not concerned.begins:
                continued[concerned.rule.bit] = concerned
            elif self._may_note(concerned.rule, met):
                noted.append(concerned)
            else:
                begun.append(concerned)
        clocks = tuple(dict.fromkeys(self._rules[number].clock for number, _ in stages))
        return _Prepared(
            clocks,
            tuple(kept),
            tuple(begun),
            tuple(noted),
            sum(rule.bit for rule, *_ in noted),
            tuple([rule.book.notes.append for rule, *_ in noted]),
            continued,
            sum(continued),
            self._version,
        )

    def _concerned(self, number: int, met: tuple[int, ...]) -> Concerned:
        """Return a rule that an event meets stages of, always the same object: many kinds of events meet these."""
        concerned = self._known.get((number, met))
        if concerned is None:
            rule = self._rules[number]
            asked = _asked_stages(rule.search.plan, met, self._readers)
            begins = not rule.begins.isdisjoint(met)
            concerned = self._known[number, met] = Concerned(rule, asked, begins)
        return concerned

    def _may_note(self, rule: JoiningRule, met: tuple[int, ...]) -> bool:
        """Return whether an event that meets these stages of a rule does but begin a sequence, and can be noted."""
        query = rule.search.plan.query
        assert isinstance(query, SequenceQuery)
        return met == (0,) and only_begins(query) and self.only_clock is not None and not rule.book.is_closed

    def _sweep(self) -> None:
        """Let go what has become too old in matchers to which no event comes any more."""
        self._until_sweep = _EVENTS_BETWEEN_SWEEPS
        for rule in self._rules.values():
            matcher, book = rule.matcher, rule.book
            if matcher is None or not (matcher.states or book.notes):
                continue
            now_ns = rule.clock.now_ns
            book.forget(self._noted.first_since(rule.oldest_ns(now_ns)))
            if book.is_full:
                self._begin_noted(rule, matcher, now_ns)
            matcher.advance(now_ns, rule.found)
            self._note_open(rule, matcher)
        self._noted.forget(min((rule.book.notes[0] for rule in self._rules.values() if rule.book.notes), default=None))


def _asked_stages(plan: Plan, met: tuple[int, ...], readers: Readers) -> Asked:
    """Return stages that are met with what reads the keys there."""
    until = len(plan.query.stages) if isinstance(plan.query, SequenceQuery) else None
    pairs = [(stage, readers.keys(plan.stages[stage].keys)) for stage in sorted(met, reverse=True)]
    last = [(UNTIL, reader) for stage, reader in pairs if stage == until]
    return (*(pair for pair in pairs if pair[0] != until), *last)


def _by_bits(continued: Mapping[int, Concerned], waiting: int) -> tuple[Concerned, ...]:
    """Return those who wait, bit by bit: most events would continue many rules of which hardly one waits."""
    found = []
    while waiting:
        bit = waiting & -waiting
        waiting ^= bit
        found.append(continued[bit])
    return tuple(found)


def _are_open(keys: tuple[Key, ...], states: Container[Key]) -> bool:
    """Return whether anything is open under some keys; they are mostly one."""
    return keys[0] in states if len(keys) == 1 else any(key in states for key in keys)


def _with_keys(rule: JoiningRule, asked: Asked, reading: Reading, budget: KeyBudget) -> StageKeys:
    met: list[tuple[int, tuple[Key, ...]]] = []
    last_reader: KeyReader | None = None
    keys: tuple[Key, ...] = ()
    for stage, reader in asked:
        if reader is not last_reader:
            last_reader, keys = reader, reader.read(reading, budget, rule.tell)
        if keys:
            met.append((stage, keys))
    return tuple(met)
