"""Generated code that loads a field's raw value into a local variable, for each form of events.

- `NestedAccess`: plain dicts of dicts, the usual shape. What is unusual (dotted keys, an array or a number where an
  object should be) is noticed on the way and handed to the general function, `irregular(e, faults)`.
- `FlatAccess`: a function that reads any shape; used by that general function.
"""

from __future__ import annotations

from typing import ClassVar, Protocol


class Access(Protocol):
    """A generator of the code that loads fields.

    A field is loaded once, and later calls give the same variable.

    `parameters` are what the function takes, `opening` the lines with which it starts; after them `e` is the event.
    """

    parameters: ClassVar[str]
    opening: ClassVar[list[str]]

    def load(self, path: str) -> tuple[str, list[str]]:
        """Return the variable that holds the raw value at `path`, and the lines that must run before."""
        ...


class NestedAccess:
    """Loading from dicts of dicts."""

    parameters: ClassVar[str] = "e, faults"
    opening: ClassVar[list[str]] = []

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.objects: dict[str, str] = {"": "e"}
        self.checked: set[str] = set()

    def load(self, path: str) -> tuple[str, list[str]]:
        """Return variable and lines for a path."""
        if path in self.values:
            return self.values[path], []
        lines: list[str] = []
        *parents, last = path.split(".")
        prefix = ""
        rest = path
        for parent in parents:
            self._check_dotted(prefix, rest, lines)
            prefix = self._object(prefix, parent, lines)
            rest = rest[len(parent) + 1 :]
        variable = f"v{len(self.values)}"
        self.values[path] = variable
        lines.append(f"{variable} = {self.objects[prefix]}.get({last!r})")
        return variable, lines

    def _check_dotted(self, prefix: str, rest: str, lines: list[str]) -> None:
        """Check the object at `prefix` for dotted keys that contain a part of the path."""
        parts = rest.split(".")
        keys = [".".join(parts[:end]) for end in range(2, len(parts) + 1)]
        fresh = [key for key in keys if f"{prefix}\0{key}" not in self.checked]
        self.checked.update(f"{prefix}\0{key}" for key in fresh)
        if fresh:
            test = " or ".join(f"{key!r} in {self.objects[prefix]}" for key in fresh)
            lines.append(f"if {test}: return irregular(e, faults)")

    def _object(self, prefix: str, key: str, lines: list[str]) -> str:
        """Load the object at `prefix.key`, or an empty one if it is absent, and return its path."""
        path = f"{prefix}.{key}" if prefix else key
        if path not in self.objects:
            variable = f"o{len(self.objects)}"
            lines += [
                f"{variable} = {self.objects[prefix]}.get({key!r}, EMPTY)",
                f"if {variable}.__class__ is not dict:",
                f"    if {variable} is not None and {variable}.__class__ is not str: return irregular(e, faults)",
                f"    {variable} = EMPTY",
            ]
            self.objects[path] = variable
        return path


class FlatAccess:
    """Loading through `read(e, path)`."""

    parameters: ClassVar[str] = "e, faults"
    opening: ClassVar[list[str]] = []

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def load(self, path: str) -> tuple[str, list[str]]:
        """Return variable and lines for a path."""
        if path in self.values:
            return self.values[path], []
        variable = self.values[path] = f"v{len(self.values)}"
        return variable, [f"{variable} = read(e, {path!r})"]
