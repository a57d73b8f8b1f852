"""The join keys whose state has changed, for a store of states that gets the changes alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any, Generic

from eqlite.engine.keys import Key
from eqlite.engine.sequences import EventHits, Reference, SequenceMatcher


class ChangedKeys(Generic[Reference]):
    """The keys of one search that have changed since they were last taken.

    Attributes:
        keys: the keys. None stands for the pipes, whose results belong to no key.
    """

    def __init__(self) -> None:
        self.keys: set[Key | None] = set()
        self._held: dict[Key, dict[int, EventHits[Reference]]] = {}

    def watch(self, matcher: SequenceMatcher[Reference]) -> None:
        """Add the keys of a matcher whenever they open, close or move."""
        matcher.states = _ObservedStates(matcher.states, self.keys)

    def settle(self, matcher: SequenceMatcher[Reference]) -> None:
        """Put the keys of an observed matcher in the order of their times, and drop those beyond `max_open`."""
        times_ns = {found.key: found.touched_ns for found in matcher.open_keys()}
        for key in sorted(times_ns, key=times_ns.__getitem__):
            OrderedDict.move_to_end(matcher.states, key)
        while matcher.max_open is not None and matcher.open > matcher.max_open:
            matcher.make_room(None)

    def take(self) -> set[Key | None]:
        """Return the keys that have changed, which are then unchanged."""
        taken = set(self.keys)
        self.keys.clear()
        return taken

    def touch(self, keys: Iterable[Key]) -> None:
        """Add keys."""
        self.keys.update(keys)

    def touch_open(self, hits: EventHits[Reference], states: dict[Key, Any]) -> None:
        """Add the keys of an event that are open already, the state of which it may change."""
        self.keys.update(key for key in _keys(hits) if key in states)

    def hold(self, number: int, hits: EventHits[Reference]) -> None:
        """Add the keys of an event that is held under a number."""
        for key in _keys(hits):
            self._held.setdefault(key, {})[number] = hits
            self.keys.add(key)

    def release(self, number: int, hits: EventHits[Reference]) -> None:
        """Add the keys of an event that is held no longer."""
        for key in _keys(hits):
            held = self._held[key]
            held.pop(number, None)
            if not held:
                del self._held[key]
            self.keys.add(key)

    def holds(self, key: Key) -> bool:
        """Return whether events are held under a key."""
        return key in self._held

    def held(self, key: Key) -> list[EventHits[Reference]]:
        """Return the events held under a key, in the order in which they came."""
        return list(self._held.get(key, {}).values())


def _keys(hits: EventHits[Any]) -> Iterator[Key]:
    """Yield the keys of an event, each once."""
    yield from dict.fromkeys(key for _, keys in hits.stages for key in keys)


class _ObservedStates(OrderedDict[Key, Any]):
    """The states of a matcher, which add each key that opens, closes or moves to the end to a set."""

    def __init__(self, states: dict[Key, Any], changed: set[Key | None]) -> None:
        self._changed: set[Key | None] = set()
        super().__init__(states)
        self._changed = changed

    def __setitem__(self, key: Key, state: Any) -> None:
        super().__setitem__(key, state)
        self._changed.add(key)

    def __delitem__(self, key: Key) -> None:
        super().__delitem__(key)
        self._changed.add(key)

    def pop(self, key: Key, default: Any = None) -> Any:
        """Return and remove a state."""
        if key not in self:
            return default
        state = self[key]
        del self[key]
        return state

    def popitem(self, last: bool = True) -> tuple[Key, Any]:  # noqa: FBT001, FBT002
        """Remove the last key or the first, and return it with its state."""
        key = next(reversed(self) if last else iter(self))
        return key, self.pop(key)

    def move_to_end(self, key: Key, last: bool = True) -> None:  # noqa: FBT001, FBT002
        """Move a key to the end, which it is when its time changes."""
        super().move_to_end(key, last)
        self._changed.add(key)

    def clear(self) -> None:
        """Remove all."""
        self._changed.update(self)
        super().clear()
