"""Schemas: which fields there are, of which type, and where a document holds their values.

Without a schema every field counts as mapped and takes the type of what it is compared with. A schema turns on messages
about unknown fields and types, and Elasticsearch's conversions.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache, partial
from typing import Any

from eqlite.datatypes import DataType
from eqlite.semantics.similar_names import similar_names

_TYPES = {
    "constant_keyword": DataType.KEYWORD,
    "wildcard": DataType.KEYWORD,
    "match_only_text": DataType.TEXT,
    "pattern_text": DataType.TEXT,
    "counted_keyword": DataType.KEYWORD,
    **{kind.es_name: kind for kind in DataType if kind not in (DataType.UNKNOWN, DataType.NULL, DataType.UNSUPPORTED)},
}
_EXACT = frozenset({DataType.KEYWORD})


@dataclass(frozen=True, slots=True)
class MappedField:
    """One field of a schema.

    Attributes:
        name: the dotted name by which queries ask for it.
        type: its type; UNSUPPORTED for one that EQL cannot read, whose name in the mapping is `es_type`.
        path: where documents hold it; the parent's path for a multi-field, the target's for an alias.
        exact: for a text field the exact keyword sub-fields; reading goes through the only one.
        normalized: a keyword with a normalizer: no exact matches.
        nested_in: the nested field above it.
        conflict: how the indices differ in its type, in Elasticsearch's words.
    """

    name: str
    type: DataType
    es_type: str
    path: str
    null_value: Any = None
    ignore_above: int | None = None
    formats: tuple[str, ...] = ()
    scaling_factor: float | None = None
    exact: tuple[str, ...] = ()
    normalized: bool = False
    nested_in: str | None = None
    conflict: str | None = None


@dataclass(frozen=True)
class Schema:
    """The fields of one or several indices.

    >>> schema = Schema.from_fields({"process.name": "keyword", "process.pid": "long"})
    >>> schema.find("process.pid").type
    <DataType.LONG: 'long'>
    """

    fields: Mapping[str, MappedField]
    name: str = "the schema"
    _hash: int = field(default=0, repr=False, compare=False)

    def __hash__(self) -> int:
        return hash((self.name, len(self.fields)))

    def find(self, name: str) -> MappedField | None:
        """Return the field of that name, None if it is unmapped."""
        return self.fields.get(name)

    def suggest(self, name: str) -> list[str]:
        """Return the names nearest to one that is not there, the nearest first."""
        return list(_nearest(self, name))

    @classmethod
    def from_fields(cls, fields: Mapping[str, str], *, name: str = "the schema") -> Schema:
        """Make a schema of names and types: `{"process.name": "keyword"}`."""
        mapped = {path: _mapped(path, {"type": kind}, path) for path, kind in fields.items()}
        for path in fields:
            parent = path.rpartition(".")[0]
            while parent and parent not in mapped:
                mapped[parent] = _mapped(parent, {"type": "object"}, parent)
                parent = parent.rpartition(".")[0]
        return cls(mapped, name)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], *, name: str = "the index mapping") -> Schema:
        """Make a schema of an index mapping, as `GET index/_mapping` shows it or its `properties` alone."""
        root = mapping.get("mappings", mapping)
        fields: dict[str, MappedField] = {}
        for found in _walk(root.get("properties", {}), "", None):
            fields[found.name] = found
        return cls(_resolve_aliases(fields, root.get("properties", {})), name)

    @classmethod
    def from_indices(cls, indices: Mapping[str, Mapping[str, Any]]) -> Schema:
        """Make a schema of several indices: a field is mapped if any index maps it; differing types are a conflict."""
        merged: dict[str, MappedField] = {}
        kinds: dict[str, dict[str, list[str]]] = {}
        for index, mapping in indices.items():
            for name, found in cls.from_mapping(mapping).fields.items():
                known = merged.setdefault(name, found)
                if found.formats and known.formats != found.formats:  # each index has its own; all are tried
                    merged[name] = replace(known, formats=tuple(dict.fromkeys(known.formats + found.formats)))
                kinds.setdefault(name, {}).setdefault(found.es_type, []).append(index)
        for name, by_type in kinds.items():
            if len(by_type) > 1:
                merged[name] = replace(merged[name], conflict=_conflict(by_type))
        return cls(merged, "the index mappings")

    @classmethod
    def load(cls, *names: str | os.PathLike[str]) -> Schema:
        """Return the schema of names, `ecs` and `elastic`, and of files; a later one adds to those before it.

        A file holds an index mapping, an index or component template, an answer of `_field_caps`, or the mappings of an
        archive of Kibana's tests.

        Raises:
            EqlError: a file cannot be read, or holds no mapping.

        >>> Schema.load("ecs").find("process.pid").type
        <DataType.LONG: 'long'>
        """
        from eqlite.semantics.schema_files import combine, load_schema  # which is asked for by name alone

        named = {"ecs": cls.ecs, "elastic": cls.elastic}
        return combine(named.get(os.fspath(name).lower(), partial(load_schema, name))() for name in names)

    @classmethod
    def of(cls, given: Schema | str | os.PathLike[str] | None) -> Schema | None:
        """Return a schema that is given as one, or by a name or path as `load` takes it."""
        return given if given is None or isinstance(given, Schema) else cls.load(given)

    @classmethod
    @cache
    def elastic(cls) -> Schema:
        """Return ECS 9.5.0 with the fields of Elastic Endpoint, integrations and Beats: their names and types."""
        import zlib
        from importlib import resources

        data = resources.files("eqlite.semantics").joinpath("elastic_9.5.0.tsv.z").read_bytes()
        lines = (line.partition("\t") for line in zlib.decompress(data).decode().splitlines())
        more = cls.from_fields({name: kind for name, _, kind in lines})
        return cls({**more.fields, **cls.ecs().fields}, "ECS 9.5.0 and the fields of Endpoint, integrations and Beats")

    @classmethod
    @cache
    def ecs(cls) -> Schema:
        """Return the Elastic Common Schema 9.5.0: its field names and types."""
        from importlib import resources  # which brings in much that only this asks for

        text = resources.files("eqlite.semantics").joinpath("ecs_9.5.0.tsv").read_text(encoding="utf-8")
        pairs = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
        return cls.from_fields({path: kind for path, kind, *_ in pairs}, name="ECS 9.5.0")


@lru_cache(maxsize=1_024)
def _nearest(schema: Schema, name: str) -> tuple[str, ...]:
    """See `Schema.suggest`: rules of one kind miss the same fields, and a schema has thousands to compare with."""
    known = (
        found.name
        for found in schema.fields.values()
        if found.type not in (DataType.UNSUPPORTED, DataType.OBJECT, DataType.NESTED)
    )
    return tuple(similar_names(name, known))


def _conflict(by_type: Mapping[str, list[str]]) -> str:
    parts = (f"[{kind}] in [{', '.join(sorted(indices))}]" for kind, indices in sorted(by_type.items()))
    return f"mapped as [{len(by_type)}] incompatible types: {', '.join(parts)}"


def _walk(properties: Mapping[str, Any], prefix: str, nested: str | None) -> Iterator[MappedField]:
    for key, definition in properties.items():
        name = f"{prefix}{key}"
        kind = definition.get("type", "object")
        inner = name if kind == "nested" else nested
        yield _mapped(name, definition, name, nested)
        if "properties" in definition:
            yield from _walk(definition["properties"], f"{name}.", inner)
        for sub_key, sub in definition.get("fields", {}).items():
            yield _mapped(f"{name}.{sub_key}", sub, name, nested)


def _mapped(name: str, definition: Mapping[str, Any], path: str, nested: str | None = None) -> MappedField:
    es_type = definition.get("type", "object")
    formats = tuple(part.strip() for part in str(definition.get("format", "")).split("||") if part.strip())
    return MappedField(
        name,
        _TYPES.get(es_type, DataType.UNSUPPORTED),
        es_type,
        path,
        null_value=definition.get("null_value"),
        ignore_above=definition.get("ignore_above"),
        formats=formats,
        scaling_factor=definition.get("scaling_factor"),
        exact=tuple(f"{name}.{key}" for key, sub in definition.get("fields", {}).items() if _is_exact(sub)),
        normalized="normalizer" in definition,
        nested_in=nested,
    )


def _is_exact(definition: Mapping[str, Any]) -> bool:
    return _TYPES.get(definition.get("type", "object")) in _EXACT and "normalizer" not in definition


def _resolve_aliases(fields: dict[str, MappedField], properties: Mapping[str, Any]) -> dict[str, MappedField]:
    """Let an alias read the field it points to; one that points nowhere stays unsupported."""
    for name, target in _aliases(properties, ""):
        if target in fields:
            fields[name] = replace(fields[target], name=name)
    return fields


def _aliases(properties: Mapping[str, Any], prefix: str) -> Iterable[tuple[str, str]]:
    for key, definition in properties.items():
        if definition.get("type") == "alias":
            yield f"{prefix}{key}", str(definition.get("path"))
        yield from _aliases(definition.get("properties", {}), f"{prefix}{key}.")
