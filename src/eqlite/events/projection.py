"""Documents decoded into structs of the fields that are read, and nothing else.

A struct fits the usual shape: objects in objects, and at their ends texts, numbers, booleans or arrays of texts. What
does not fit makes the decoder refuse, and the document is read as any shape may be read. What is not there is None, an
object that is not there an empty one, so that any path can be followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from operator import attrgetter
from typing import Any

import msgspec

from eqlite.events.envelopes import hit_fields, is_reserved, reserved_fields, reserved_type
from eqlite.events.json_decoding import DecodingRefused, Nothing
from eqlite.events.json_encoding import encode_document
from eqlite.events.nesting import nested
from eqlite.events.observed_keys import KeysSeen

_VALUE = str | int | float | bool | tuple[str, ...] | None
_TEXT = str | tuple[str, ...] | None
_BOOLEAN = bool | None
_NAME = re.compile(r"[\w@ -]+(\.[\w@ -]+)*", re.ASCII)
"""What msgspec takes for names without a doubt; it refuses quotes, backslashes, control characters and surrogates."""
# Keys in which a dot stands before the last part of a path, or may, being escaped.
_DOTTED_KEY = re.compile(rb'\.[\w@ -]*+"[ \t\r\n]*+:')
_ESCAPED_KEY = re.compile(rb"\\u00")


class UnusualShape(Exception):
    """A line with a dotted key, or with a key that may be one."""


CannotDecode = (UnusualShape, *DecodingRefused)
"""What `Structs.decode` raises where a line has to be decoded whole."""


def fitting(paths: Iterable[str]) -> set[str]:
    """Return the paths that structs can hold: of usual names, and none of them inside another."""
    usual = {path for path in paths if _NAME.fullmatch(path) and not is_reserved(path)}
    inner = {path[:place] for path in usual for place, sign in enumerate(path) if sign == "."}
    return usual - inner


def _decoder(kind: type) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(kind).decode


def _wrapped_decoder(kind: type) -> Callable[[bytes], Any]:
    """Return a function that decodes what stands in `_source`; a hit that says more about its fields is refused."""
    fields, names = hit_fields()
    hit = msgspec.defstruct(
        "Hit", [("source", kind), *fields], gc=False, frozen=True, rename={"source": "_source", **names}
    )
    decode = _decoder(hit)
    return lambda line: decode(line).source


class Structs:
    """The struct types for some paths.

    Most documents are like those that came before: they have only keys that were seen, and none with a dot. They have a
    type of their own, without what was never seen. Others have to be searched for dotted keys.

    Attributes:
        attributes: for each path where its value stands in a struct.
        alike: the type of documents like those that came before; None where there are none such.
        absent: the paths of which these have no value.
        unlike: how many documents were not like those that came before.
    """

    def __init__(self, paths: Collection[str], texts: Collection[str] = (), always: Collection[str] = ()) -> None:
        """Make them; `texts` are paths that hold nothing but texts, `always` those that no struct is without."""
        self._paths = sorted(paths)
        self._always = frozenset(always)
        self.alike: type | None = None
        self.absent: frozenset[str] = frozenset()
        self.attributes: dict[str, str] = {}
        self._getters: dict[tuple[str, ...], Callable[[Any], Any]] = {}
        self._around: dict[str, tuple[str, ...]] = {}
        self.unlike = 0
        self.expect(KeysSeen(), texts)

    def expect(self, seen: KeysSeen, texts: Collection[str], booleans: Collection[str] = ()) -> None:
        """Make the types anew for documents with these keys: one that comes where it is expected costs no search.

        Attributes keep their names. `texts` and `booleans` are paths that hold nothing but those; a document where they
        hold others does not fit.
        """
        self._kinds = {**dict.fromkeys(texts, _TEXT), **dict.fromkeys(booleans, _BOOLEAN)}
        self._empty: dict[str, Any] = {}
        self.meet(seen, are_alike=bool(seen.places))

    def meet(self, seen: KeysSeen, *, are_alike: bool) -> None:
        """Make the types anew for documents with these keys, and otherwise as they are.

        Where they are not alike, many have other keys besides.
        """
        document = self._struct("", self._paths, seen)
        self._decode = _decoder(self._line(document))
        self._decode_alike = self.alike = None
        self._are_wrapped = are_alike and seen.are_wrapped
        self.absent = frozenset()
        if are_alike:
            self.absent = frozenset(path for path in self._paths if path not in seen.places) - self._always
            self.alike = self._struct("", self._paths, seen, is_alike=True)
            self._decode_alike = _wrapped_decoder(self.alike) if seen.are_wrapped else _decoder(self.alike)

    def _struct(self, prefix: str, paths: list[str], seen: KeysSeen, *, is_alike: bool = False) -> Any:
        """Return the type of the object at a prefix, which ends in a dot; `paths` are those of all values in it.

        Where documents are to be alike, they have no keys but those seen, wherever a dotted one could hold a value.
        """
        is_closed = is_alike and (not prefix or any("." in path[len(prefix) :] for path in paths))
        heads = list(dict.fromkeys(path[len(prefix) :].split(".", 1)[0] for path in paths))
        names = {f"a{number}": head for number, head in enumerate(heads)}
        fields: list[tuple[str, Any, Any]] = []
        for name, head in names.items():
            path = prefix + head
            holder = self.attributes.get(prefix[:-1])
            self.attributes[path] = f"{holder}.{name}" if holder else name
            below = [other for other in paths if other.startswith(f"{path}.")]
            if is_alike and path not in seen.places and self.absent.issuperset(below or [path]):
                if not is_closed:
                    fields.append((name, Nothing, None))
            elif below:
                kind = self._struct(f"{path}.", below, seen, is_alike=is_alike)
                fields.append((name, kind, self._empty.setdefault(path, kind())))
            else:
                fields.append((name, self._kinds.get(path, _VALUE), None))
        if is_closed:
            for key in seen.by_object.get(prefix, {}):
                kind = msgspec.Raw if prefix else reserved_type(key)
                if key not in heads and _NAME.fullmatch(key) and kind is not None:
                    fields.append((f"a{len(names)}", kind, None))
                    names[f"a{len(names)}"] = key
        fields.sort(key=lambda field: seen.places.get(prefix + names[field[0]], len(seen.places)))
        return msgspec.defstruct("Part", fields, gc=False, frozen=True, rename=names, forbid_unknown_fields=is_closed)

    def _line(self, document: Any) -> Any:
        """Return the type of a line: a document, or one in `_source`."""
        inherited = {field.name: field.encode_name for field in msgspec.structs.fields(document)}
        fields, names = reserved_fields(inherited.values())
        fields.append(("source", document | None, None))
        names = {**inherited, **names, "source": "_source"}
        return msgspec.defstruct("Line", fields, bases=(document,), gc=False, frozen=True, rename=names)

    def decode(self, line: bytes) -> Any:
        """Return the struct of a line.

        Raises:
            CannotDecode: the line has to be decoded whole.
        """
        if not line.isascii():
            line.decode()  # nobody looks at what is not read: whether it is UTF-8
        if self._decode_alike is not None:
            try:
                return self._decode_alike(line)
            except msgspec.ValidationError:
                self.unlike += 1
        struct = self._decode(line)
        if _DOTTED_KEY.search(line) or (b"\\" in line and _ESCAPED_KEY.search(line)):
            raise UnusualShape
        return struct if struct.source is None else struct.source

    def of_document(self, document: Mapping[str, Any]) -> Any:
        """Return the struct of a document, None where no struct holds it.

        Raises:
            EventError: the document holds something for which JSON has no form.
        """
        if document.__class__ is not dict:
            return None
        struct = self._encoded(document)
        if struct is None and (other := nested(document)) is not None:
            struct = self._encoded(other)
        return struct

    def _encoded(self, document: Mapping[str, Any]) -> Any:
        line = None if "_source" in document else encode_document(document)
        if line is None:
            return None
        return self.decode_or_none(b'{"_source":%b}' % line if self._are_wrapped else line)

    def holds_texts(self, path: str) -> bool:
        """Return whether a path holds nothing but texts: of documents where it does not there are no structs."""
        return self._kinds.get(path) is _TEXT

    def decode_or_none(self, line: bytes) -> Any:
        """Return the struct of a line, None where it has to be decoded whole."""
        try:
            return self.decode(line)
        except CannotDecode:
            return None

    def getter(self, *paths: str) -> Callable[[Any], Any]:
        """Return a function that takes what stands at a path out of a struct, or a tuple of what stands at several.

        Always the same one: what is called often is near at hand.
        """
        get = self._getters.get(paths)
        if get is None:
            get = self._getters[paths] = attrgetter(*[self.attributes[path] for path in paths])
        return get

    def absence(self, struct: Any, paths: Iterable[str]) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        """Return what to look at to see that all the paths are absent from a struct as they are from this one.

        The paths, and what stands there then: an empty object for all that would be in it.
        """
        found: dict[str, Any] = {}
        for path in paths:
            for hole in self._objects_around(path):
                if self._get(struct, hole) is self._empty[hole]:
                    found[hole] = self._empty[hole]
                    break
            else:
                found[path] = None
        return tuple(found), tuple(found.values())

    def _objects_around(self, path: str) -> tuple[str, ...]:
        """Return the paths of the objects in which a value stands, the outermost first."""
        around = self._around.get(path)
        if around is None:
            parts = path.split(".")
            around = self._around[path] = tuple(".".join(parts[:end]) for end in range(1, len(parts)))
        return around

    def _get(self, struct: Any, path: str) -> Any:
        return self.getter(path)(struct)
