"""The python backend: each condition becomes a generated function, with its source in `linecache`.

This package is the one place where text is turned into code.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from typing import Any

from eqlite import plan
from eqlite.backends.python.access import FlatAccess, NestedAccess
from eqlite.backends.python.codegen import Generated, Generator, TooComplex
from eqlite.backends.reference import holds, script_steps
from eqlite.engine.faults import Faults, Predicate
from eqlite.engine.match import Event
from eqlite.engine.sequence_search import match_sequences
from eqlite.engine.sequences import EventHits, Found, Reference
from eqlite.fields import raw_values

_BUILTINS = {kind.__name__: kind for kind in (bool, dict, int, len, list, str)}
"""All that generated code may name besides its own variables and constants."""


class PythonBackend:
    """A backend that generates a function for each condition."""

    name = "python"
    is_incremental = True
    is_indexed = True

    def predicate(self, condition: plan.Condition, *, name: str) -> Predicate:
        """Return the condition as a function of a document and of the faults that it counts."""
        steps = script_steps(condition)

        def interpret(leaf: plan.Condition) -> Predicate:
            return lambda event, faults: holds(leaf, event, faults, steps)

        try:
            generated = Generator(NestedAccess(), interpret).generate(condition)
        except TooComplex:
            return interpret(condition)
        made: list[Predicate] = []

        def irregular(event: Event, faults: Faults) -> bool:
            """Evaluate an event of unusual shape. The function for them is made for the first one."""
            if not made:
                general = Generator(FlatAccess(), interpret).generate(condition)
                made.append(load(general, f"{name}, any shape", read=read_value))
            return made[0](event, faults)

        return load(generated, name, irregular=irregular)

    def match_sequences(
        self, query: plan.SequenceQuery, events: Sequence[EventHits[Reference]]
    ) -> list[Found[Reference]]:
        """Return the sequences among the hits of all events."""
        return match_sequences(query, events)

    def source(self, condition: plan.Condition) -> str:
        """Return the generated source of a condition, for people to read."""
        try:
            return Generator(NestedAccess(), lambda _: _nothing).generate(condition).source
        except TooComplex:
            return "# too deeply nested or too many parts for generated code: interpreted\n"


def _nothing(_event: Event, _faults: Faults) -> bool:
    return False


def read_value(event: Event, path: str) -> Any:
    """Return the raw value of a field in an event of any shape: None, a value, or a list."""
    values = raw_values(event, path)
    if len(values) > 1:
        return values
    return values[0] if values else None


def load(generated: Generated, name: str, **extra: Any) -> Callable[..., bool]:
    """Compile generated source. Tracebacks show its lines under `<eql:name>`."""
    function: Callable[..., bool] = define(generated.source, "matches", name=name, **generated.constants, **extra)
    return function


def define(source: str, function: str, *, name: str, **constants: Any) -> Callable[..., Any]:
    """Compile source and return one of its functions. Tracebacks show its lines under `<eql:name>`."""
    file_name = f"<eql:{name}>".replace("\0", "\ufffd")  # a rule's name, which may hold anything
    linecache.cache[file_name] = (len(source), None, source.splitlines(keepends=True), file_name)
    namespace: dict[str, Any] = {"__builtins__": _BUILTINS, **constants}
    exec(compile(source, file_name, "exec"), namespace)
    made: Callable[..., Any] = namespace[function]
    return made
