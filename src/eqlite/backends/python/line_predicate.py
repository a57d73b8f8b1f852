"""Reading only what a condition asks for: JSON lines decoded into structs of its fields, at a third of the cost.

A struct fits the usual shape: objects in objects, the kinds of values that the condition compares with. Whatever does
not fit (dotted keys, arrays of objects, a number where text is expected) makes the decoder refuse the line, and the
caller evaluates the decoded document instead; so the answers are the same. Keys that would change the meaning
(`process.name` at the top, names of envelopes) are declared with a type that nothing satisfies.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from eqlite import plan
from eqlite.backends.python.access import StructAccess
from eqlite.backends.python.codegen import Generated, Generator, TooComplex
from eqlite.events.envelopes import is_reserved, reserved_fields
from eqlite.events.json_decoding import Nothing
from eqlite.predicates.complexity import reads_one_plain_field

LinePredicate = Callable[[bytes], bool]
"""Whether the document on a line meets the condition. Raises one of `DecodingRefused` where it has to be decoded."""

MAX_FIELDS = 100
"""Types for more fields take longer to make than they save."""

_NAME = re.compile(r"[\w@. -]+", re.ASCII)
"""What msgspec takes for a name without a doubt; it refuses quotes, backslashes, control characters and surrogates."""
_TEXT = str | list[str] | None
_NUMBER = int | float | None
_BOOLEAN = bool | None
_ANY = str | int | float | bool | list[str] | None


def line_predicate(
    condition: plan.Condition, load: Callable[[Generated, Callable[[bytes], Any]], LinePredicate]
) -> LinePredicate | None:
    """Return the condition as a function of a JSON line; None where it cannot be put to structs.

    `load` turns the generated source and the function that decodes a line into a function.
    """
    kinds: dict[str, set[str]] = {}
    for leaf in plan.leaves(condition):
        if isinstance(leaf, plan.Script) or not reads_one_plain_field(leaf):
            return None
        kinds.setdefault(leaf.field.path, set()).add("any" if isinstance(leaf, plan.Exists) else leaf.test.kind)
    paths = set(kinds)
    if not 0 < len(paths) <= MAX_FIELDS or any(other.startswith(f"{path}.") for path in paths for other in paths):
        return None
    if any(is_reserved(path) or not _NAME.fullmatch(path) for path in paths):
        return None
    tree = _Tree(kinds)
    try:
        generated = Generator(StructAccess(tree.attributes), _no_fallback).generate(condition)
    except TooComplex:
        return None
    return load(generated, msgspec.json.Decoder(tree.document).decode)


def _no_fallback(condition: plan.Condition) -> Callable[[Any], bool]:
    raise TooComplex(condition)


class _Tree:
    """The struct types for a set of paths: `document` for a line, which may wrap another in `_source`."""

    def __init__(self, kinds: dict[str, set[str]]) -> None:
        self.kinds = kinds
        self.attributes: dict[str, str] = {}
        self.names: dict[str, dict[str, str]] = {}
        fields = self._fields("", sorted(kinds))
        bare = msgspec.defstruct("Document", fields, gc=False, rename=self.names[""])
        reserved, names = reserved_fields(self.names[""].values())
        wrapped = [*fields, ("source", bare | None, None), *reserved]
        names = {**self.names[""], "source": "_source", **names}
        self.document = msgspec.defstruct("Line", wrapped, gc=False, rename=names)

    def _fields(self, prefix: str, paths: list[str]) -> list[tuple[str, Any, Any]]:
        """Return the struct fields of the object at `prefix`; `paths` are those of all values below it."""
        names = self.names.setdefault(prefix, {})
        fields: list[tuple[str, Any, Any]] = []
        start = len(prefix) + 1 if prefix else 0
        heads = dict.fromkeys(path[start:].split(".", 1)[0] for path in paths)
        for head in heads:
            path = f"{prefix}.{head}" if prefix else head
            attribute = self.attributes[path] = f"a{len(self.attributes)}"
            names[attribute] = head
            below = [other for other in paths if other.startswith(f"{path}.")]
            if below:
                inner = msgspec.defstruct("Part", self._fields(path, below), gc=False, rename=self.names[path])
                fields.append((attribute, inner | None, None))
            else:
                fields.append((attribute, _leaf_type(self.kinds[path]), None))
        for index, key in enumerate(_dotted_keys(paths, start)):
            names[f"d{index}"] = key
            fields.append((f"d{index}", Nothing | msgspec.UnsetType, msgspec.UNSET))
        return fields


def _leaf_type(kinds: set[str]) -> Any:
    if kinds <= {"text"}:
        return _TEXT
    if kinds <= {"number"}:
        return _NUMBER
    return _BOOLEAN if kinds <= {"boolean"} else _ANY


def _dotted_keys(paths: list[str], start: int) -> list[str]:
    """Return the dotted keys under which the values may also stand in an object whose own path has `start` signs."""
    keys: dict[str, None] = {}
    for path in paths:
        parts = path[start:].split(".")
        keys.update((".".join(parts[:end]), None) for end in range(2, len(parts) + 1))
    return list(keys)
