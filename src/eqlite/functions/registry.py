"""The register of EQL's functions: signature, documentation, examples and implementation of each, in one place.

The analyzer checks calls against `parameters`, backends call `implementation`, the reference page and its tests are
made from `doc` and `examples`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from eqlite.datatypes import DataType

Value = str | int | float | bool | None
Implementation = Callable[..., Value]


class ValueFault(Exception):
    """An operation that makes Elasticsearch fail the search: division by zero, `number("x")`, overflow.

    The backends turn it into null for that value and count it; under `strict=True` it is raised as an `EventError`.
    """


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function.

    Attributes:
        name: as the reference page shows it.
        family: what it takes, in Elasticsearch's word: `string`, `numeric`, `integer`, `boolean`, `ip` or `any`.
        constant: only a constant may stand here.
        optional: may be left out; the implementation then gets its default.
        repeated: the last parameter may be given several times.
        doc: what it is, a few words.
    """

    name: str
    family: str
    doc: str
    constant: bool = False
    optional: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """An expression and its value, run as a test."""

    expression: str
    value: Value


@dataclass(frozen=True, slots=True)
class Function:
    """One function of EQL.

    `implementation` takes the evaluated arguments, None for null, and returns the value, None for null; it
    raises `ValueFault` where Elasticsearch's script would throw. `insensitive` is the form behind `~`, None for none.
    """

    name: str
    parameters: tuple[Parameter, ...]
    returns: DataType
    doc: str
    examples: tuple[Example, ...]
    implementation: Implementation
    insensitive: Implementation | None = None
    arity: str = field(default="")
    """How Elasticsearch words the number of arguments: `exactly two arguments`."""

    @property
    def fewest(self) -> int:
        """Return the smallest number of arguments."""
        return sum(not parameter.optional for parameter in self.parameters)

    @property
    def most(self) -> int | None:
        """Return the greatest number of arguments, or None for any number."""
        return None if self.parameters[-1].repeated else len(self.parameters)


FUNCTIONS: dict[str, Function] = {}
"""All functions by lower-cased name; EQL does not tell `endsWith` from `endswith`."""


def register(function: Function) -> Function:
    """Add a function to the register."""
    FUNCTIONS[function.name.lower()] = function
    return function


def find(name: str) -> Function | None:
    """Return the function with this name, in any case, or None."""
    return FUNCTIONS.get(name.lower())
