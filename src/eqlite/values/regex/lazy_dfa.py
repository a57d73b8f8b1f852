"""The deterministic machine that runs a regular expression over text, built while it runs.

On top of a position automaton (`regex_positions`) lies one dictionary a state, from characters to states, filled on the
first miss: seen before, a character costs one look-up. When the dictionaries hold too much they are dropped and filled
anew, so memory is bounded and the time stays linear in the length of the text.

Syntax, case folding and everything that follows from the tree alone belong elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from eqlite.values.regex.assertions import Assertion, code_points, with_assertions
from eqlite.values.regex.position_automaton import Fragment, Positions, alphabet
from eqlite.values.regex.tree import EVERY_CHARACTER, LAST_CODE_POINT

__all__ = ["Automaton"]

MAX_CACHED_STATES: Final = 1_000
MAX_CACHED_STEPS: Final = 20_000


class _DecidedError(Exception):
    """Raised inside this module once the answer is known before the end of the text."""


class _State(dict[str, "_State"]):
    """A state of the deterministic machine: the states behind the characters seen so far."""

    __slots__ = ("accepting", "automaton", "decided", "following", "positions")

    def __init__(self, automaton: Automaton, positions: int) -> None:
        super().__init__()
        self.automaton = automaton
        self.positions = positions
        self.following = automaton.machine.successors(positions)
        self.accepting = bool(positions & automaton.machine.last)
        # Nothing can match any more, or everything will.
        self.decided = not positions or (self.accepting and bool(self.following & automaton.endless))

    def __missing__(self, key: str) -> _State:
        if self.decided:
            raise _DecidedError
        behind = self[key] = self.automaton.step(self, key)
        return behind


class Automaton:
    """The deterministic machine that grows over a position automaton while it runs.

    Threads may share one: a state's dictionary only ever gains entries that any thread would compute alike, and is
    emptied when there are too many of them.

    Attributes:
        steps_computed: how often a transition was not in the cache.
    """

    def __init__(self, fragment: Fragment, assertions: tuple[Assertion, ...] = ()) -> None:
        machine = self.machine = Positions(fragment)
        self.assertions = assertions
        # A position that consumes anything, may follow itself and may end the match: from there nothing can go wrong.
        self.endless = 0
        for sources, targets in machine.links:
            self.endless |= sources & targets
        self.endless &= machine.of_label.get(EVERY_CHARACTER, 0) & machine.last
        self.steps_computed = 0
        self.cached_steps = 0
        self.states: dict[int, _State] = {}
        self.start = self.state(1)

    def state(self, positions: int) -> _State:
        """Return the deterministic state for a set of positions."""
        found = self.states.get(positions)
        if found is None:
            found = self.states[positions] = _State(self, positions)
        return found

    def step(self, state: _State, key: str) -> _State:
        """Compute the state behind a character, or behind the assertions that a longer key stands for."""
        self.steps_computed += 1
        self.cached_steps += 1
        if self.cached_steps > MAX_CACHED_STEPS or len(self.states) > MAX_CACHED_STATES:
            self.forget()
        if len(key) == 1:
            return self.state(state.following & self.machine.mask(ord(key)))
        allowed = 0
        for code_point in code_points(key):
            allowed |= self.machine.mask(code_point)
        positions = state.positions
        while (reached := positions | self.machine.successors(positions) & allowed) != positions:
            positions = reached
        return self.state(positions)

    def forget(self) -> None:
        """Clear the deterministic automaton. Threads inside it go on and fill it again."""
        dropped, self.states = self.states, {}
        self.cached_steps = 0
        self.start = self.state(1)
        for state in dropped.values():
            state.clear()

    def accepts(self, text: str) -> bool:
        """Return whether the whole of `text` matches, in time linear in its length."""
        state = self.start
        rest: Iterable[str] = with_assertions(text, self.assertions) if self.assertions else text
        if text and not self.assertions and not state.decided:
            # Most values that do not match differ in their first character: no need for an exception then.
            state = state[text[0]]
            if state.decided:
                return state.accepting
            rest = text[1:]
        try:
            for character in rest:
                state = state[character]
        except _DecidedError:
            pass  # `state` is the one that knows
        return state.accepting

    def only_string(self) -> str | None:
        """Return the one string that matches, or None where none or several do."""
        machine = self.machine
        characters: list[str] = []
        positions = 1
        for _ in machine.labels:
            following = machine.successors(positions)
            if positions & machine.last:
                return None if following else "".join(characters)
            labels = [label for label, mask in machine.of_label.items() if mask & following]
            if len(labels) != 1 or len(labels[0]) != 1 or not labels[0][0][0] == labels[0][0][1] <= LAST_CODE_POINT:
                return None
            characters.append(chr(labels[0][0][0]))
            positions = following
        return None

    def accepts_everything(self, *, most_states: int = 64) -> bool:
        """Return whether every string matches, or False if that takes more than `most_states` states."""
        machine = self.machine
        if self.assertions or not machine.last & 1:
            return False
        classes = alphabet([machine])
        seen = {1}
        pending = [1]
        for positions in pending:
            if not positions & machine.last or len(seen) > most_states:
                return False
            following = machine.successors(positions)
            if not following & self.endless:
                new = {following & mask for (mask,), _ in classes} - seen
                seen |= new
                pending.extend(new)
        return True
