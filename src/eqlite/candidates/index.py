"""The index of candidates: many conditions, and which of them an event can meet."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from eqlite import plan
from eqlite.candidates.field_index import FieldIndex
from eqlite.candidates.requirements import Requirements, alternatives_of, certain_terms, requirements_of
from eqlite.candidates.terms import TermReader
from eqlite.fields import raw_values
from eqlite.values.json_values import PLAIN_TYPES

MAX_SHAPES = 1_000
"""Sets of keys that are remembered for each object: events may make up any number of them."""


MAX_POPULARITY = 100
"""Texts for which more conditions ask are in most events: they are no support."""


class Shape(NamedTuple):
    """The indexed fields and objects among an object's keys.

    Attributes:
        absent: the mask that the fields leave which the object does not have.
        fields, objects: those it has, the ones that more conditions require something of first; of an object the mask
            of these conditions, too.
    """

    absent: int
    fields: list[tuple[str, FieldIndex]]
    objects: list[tuple[str, ObjectIndex, int]]


class ObjectIndex:
    """The indexed fields of one object, and the objects in it."""

    def __init__(self, all_conditions: int) -> None:
        self._all = all_conditions
        self._fields: dict[str, FieldIndex] = {}
        self._objects: dict[str, ObjectIndex] = {}
        self._shapes: dict[tuple[str, ...], Shape | None] = {}
        self._absent: int | None = None

    def field(self, path: str) -> FieldIndex:
        """Return the index of a field, a new one where there is none yet."""
        key, _, rest = path.partition(".")
        if rest:
            return self._objects.setdefault(key, ObjectIndex(self._all)).field(rest)
        return self._fields.setdefault(key, FieldIndex(self._all))

    def fields(self, prefix: str = "") -> Iterator[tuple[str, FieldIndex]]:
        """Yield the paths of all fields with their indices."""
        for key, field in self._fields.items():
            yield f"{prefix}{key}", field
        for key, below in self._objects.items():
            yield from below.fields(f"{prefix}{key}.")

    @property
    def required(self) -> int:
        """Return the mask of the conditions that require something of a field here."""
        mask = 0
        for _, field in self.fields():
            mask |= field.required
        return mask

    @property
    def absent(self) -> int:
        """Return the mask that an event without this object leaves."""
        if self._absent is None:
            mask = self._all
            for _, field in self.fields():
                mask &= field.absent
            self._absent = mask
        return self._absent

    def narrow(self, document: Mapping[str, Any], mask: int, support: int) -> tuple[int, int] | None:
        """Return a mask narrowed by a document or an object in one, and its support. None: the shape is unusual."""
        keys = tuple(document)
        try:
            shape = self._shapes[keys]
        except KeyError:
            shape = self._shape_of(keys)
        if shape is None:
            return None
        mask &= shape.absent
        for key, field in shape.fields:
            if mask & field.required:
                found = field.mask_of(document[key])
                mask &= found
                support |= found
        for key, below, required in shape.objects:
            if not mask & required:
                continue
            value = document[key]
            if value.__class__ is dict:
                narrowed = below.narrow(value, mask, support)
                if narrowed is None:
                    return None
                mask, support = narrowed
            elif value.__class__ in PLAIN_TYPES:
                mask &= below.absent
            else:
                return None
        return mask, support

    def _shape_of(self, keys: tuple[str, ...]) -> Shape | None:
        """Return the shape of an object with these keys. None for dotted keys: a field may stand under several then."""
        shape = None
        if not any(key.__class__ is not str or "." in key for key in keys):
            present = frozenset(keys)
            absent = self._all
            for name, field in self._fields.items():
                absent &= self._all if name in present else field.absent
            for name, below in self._objects.items():
                absent &= self._all if name in present else below.absent
            fields = [(key, self._fields[key]) for key in keys if key in self._fields]
            objects = [(key, self._objects[key], self._objects[key].required) for key in keys if key in self._objects]
            fields.sort(key=lambda pair: -pair[1].required.bit_count())
            objects.sort(key=lambda each: -each[2].bit_count())
            shape = Shape(absent, fields, objects)
        if len(self._shapes) >= MAX_SHAPES:
            self._shapes.clear()
        self._shapes[keys] = shape
        return shape


class CandidateIndex:
    """Conditions by their requirements, so that few are evaluated for each event.

    A condition is a bit of a mask: that of its number. An event meets no condition but its candidates, and need not
    meet those. May be used from several threads at once.

    Each field takes away the conditions that require another value of it. A condition that requires something of one
    of several fields needs their support: a second bit, as far to the left as there are conditions.
    """

    def __init__(self, conditions: Iterable[plan.Condition]) -> None:
        found = list(conditions)
        self._count = len(found)
        self._all = (1 << len(found)) - 1
        self._root = ObjectIndex(self._all)
        self._supported = 0
        terms = [certain_terms(condition) for condition in found]
        required = list(map(requirements_of, terms))
        popularity = _Popularity(required)
        for number in range(self._count):
            for path, each in required[number].items():
                self._root.field(path).add(1 << number, each, popularity.terms_of(each))
            alternatives = alternatives_of(terms[number], popularity.cost)
            if alternatives and max(map(popularity.cost, alternatives)) <= MAX_POPULARITY:
                self._add_alternatives(number, alternatives, popularity)
        self._fields = sorted(self._root.fields(), key=lambda pair: -pair[1].required.bit_count())

    def _add_alternatives(self, number: int, alternatives: Iterable[Requirements], popularity: _Popularity) -> None:
        bit = 1 << number
        self._supported |= bit
        for each in alternatives:
            path = min(each, key=lambda path: popularity.cost({path: each[path]}))
            terms = popularity.terms_of(each[path])
            assert terms is not None
            self._root.field(path).add_support(bit, bit << self._count, terms)

    def candidates(self, document: Mapping[str, Any]) -> int | None:
        """Return the mask of the candidates for a document of dicts in dicts, None for one of another shape."""
        narrowed = self._root.narrow(document, self._all, 0)
        if narrowed is None:
            return None
        mask, support = narrowed
        return mask & (~self._supported | support >> self._count)

    def candidates_by_field(self, document: Mapping[str, Any]) -> int:
        """Return the mask of the candidates for a document of any shape, field by field: this takes longer."""
        mask, support = self._all, 0
        for path, field in self._fields:
            if mask & field.required:
                values = raw_values(document, path)
                found = field.mask_of(values if len(values) > 1 else values[0] if values else None)
                mask &= found
                support |= found
        return mask & (~self._supported | support >> self._count)


class _Popularity:
    """The number of conditions for each text. Popular texts, as of `event.type == "start"`, are not selective."""

    def __init__(self, required: Iterable[Requirements]) -> None:
        self.terms_of = TermReader().terms_of
        self._counts: Counter[tuple[str, str]] = Counter()
        for each in required:
            for path, condition in each.items():
                terms = self.terms_of(condition)
                if terms is not None:
                    self._counts.update((path, text) for text in terms.texts)

    def cost(self, required: Requirements) -> float:
        """Return the popularity of the least popular requirement, infinite if none has terms."""
        return min((self._cost(path, each) for path, each in required.items()), default=math.inf)

    def _cost(self, path: str, required: plan.Condition) -> float:
        terms = self.terms_of(required)
        if terms is None:
            return math.inf
        return max((self._counts[path, text] for text in terms.texts), default=0)
