"""Schemas: which fields there are, of which type, and where a document holds their values.

Without a schema every field counts as mapped and takes the type of what it is compared with. A schema turns on messages
about unknown fields and types, and Elasticsearch's conversions.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from typing import Any

from eqlite.datatypes import DataType
from eqlite.errors import EqlError
from eqlite.fields import Scalar
from eqlite.semantics.similar_names import similar_names
from eqlite.values.text import to_text

_TYPES = {
    "constant_keyword": DataType.KEYWORD,
    "wildcard": DataType.KEYWORD,
    "match_only_text": DataType.TEXT,
    "pattern_text": DataType.TEXT,
    "counted_keyword": DataType.KEYWORD,
    "passthrough": DataType.OBJECT,
    **{kind.es_name: kind for kind in DataType if kind not in (DataType.UNKNOWN, DataType.NULL, DataType.UNSUPPORTED)},
}
_EXACT = frozenset({DataType.KEYWORD})
_FAMILIES = {"constant_keyword": "keyword", "wildcard": "keyword", "match_only_text": "text", "pattern_text": "text"}
"""Types that search alike, and that an index may have in place of the other."""
_ECS_IGNORE_ABOVE = 1_024


@dataclass(frozen=True, slots=True)
class MappedField:
    """One field of a schema.

    Attributes:
        name: the dotted name in queries.
        type: its type for EQL; UNSUPPORTED for one that EQL cannot read.
        es_type: its type in the mapping.
        path: its path in documents; the parent's for a multi-field, the target's for an alias.
        null_value: the value that replaces an explicit null.
        ignore_above: the most characters of a value that a query sees.
        formats: the formats of a date.
        scaling_factor: the factor of a `scaled_float`.
        exact: for a text field the exact keyword sub-fields; reading goes through the only one.
        normalized: whether it is a keyword with a normalizer, which has no exact matches.
        nested_in: the nested field above it.
        conflict: the difference between the types in several indices, in Elasticsearch's words.
        constant: the value of a constant_keyword, which every document has.
        sources: the fields that are copied to it.
    """

    name: str
    type: DataType
    es_type: str
    path: str
    null_value: Scalar | None = None
    ignore_above: int | None = None
    formats: tuple[str, ...] = ()
    scaling_factor: float | None = None
    exact: tuple[str, ...] = ()
    normalized: bool = False
    nested_in: str | None = None
    conflict: str | None = None
    constant: str | None = None
    sources: tuple[str, ...] = ()


def _require_name(given: object) -> None:
    if not isinstance(given, (str, os.PathLike)):
        hint = "; make one of it with `Schema.from_fields` or `from_mapping`" if isinstance(given, Mapping) else ""
        kind = type(given).__name__
        raise EqlError(f"a schema is a `Schema`, `ecs`, `elastic` or the path of a mapping; this is a {kind}{hint}")


@dataclass(frozen=True, repr=False)
class Schema:
    """The fields of one or several indices. Field names are dotted.

    Attributes:
        fields: the fields by name.
        name: its name in messages.

    >>> import eqlite
    >>> schema = eqlite.Schema.from_fields({"process.name": "keyword", "process.pid": "long"})
    >>> schema.find("process.pid").type
    <DataType.LONG: 'long'>
    >>> schema.find("process.title") is None
    True

    Internal: `constants`, `suggest`, `of`.
    """

    fields: Mapping[str, MappedField]
    name: str = "the schema"

    def __repr__(self) -> str:
        return f"Schema({self.name!r}, {len(self.fields):,} fields)"

    def __hash__(self) -> int:
        return hash((self.name, len(self.fields)))

    def find(self, name: str) -> MappedField | None:
        """Return the field of a name, or None if it is unmapped."""
        return self.fields.get(name)

    @property
    def constants(self) -> dict[str, str]:
        """Return the values that every document has, by the name of the field."""
        return {name: found.constant for name, found in self.fields.items() if found.constant is not None}

    def suggest(self, name: str) -> list[str]:
        """Return the names nearest to one that is not there, the nearest first."""
        return list(_nearest(self, name))

    @classmethod
    def from_fields(cls, fields: Mapping[str, str], *, name: str = "the schema") -> Schema:
        """Make a schema of field names and their types in Elasticsearch: `{"process.name": "keyword"}`."""
        mapped = {path: _mapped(path, {"type": kind}, path) for path, kind in fields.items()}
        for path in fields:
            parent = path.rpartition(".")[0]
            while parent and parent not in mapped:
                mapped[parent] = _mapped(parent, {"type": "object"}, parent)
                parent = parent.rpartition(".")[0]
        return cls(mapped, name)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], *, name: str = "the index mapping") -> Schema:
        """Make a schema of an index mapping: the part `mappings` of an answer of `GET index/_mapping`.

        Fields of the `runtime` section have their type. A script that computes them is not run.

        >>> import eqlite
        >>> mapping = {"properties": {"user": {"properties": {"name": {"type": "keyword"}}}}}
        >>> sorted(eqlite.Schema.from_mapping(mapping).fields)
        ['user', 'user.name']
        """
        root = mapping.get("mappings", mapping)
        properties = root.get("properties", {})
        fields = {found.name: found for found in _walk(properties, "", None)}
        _add_copies(fields, properties)
        _add_short_names(fields, properties)
        for path, definition in _runtime_fields(root.get("runtime") or {}):
            fields[path] = _mapped(path, definition, path)
        return cls(_resolve_aliases(fields, properties), name)

    @classmethod
    def from_indices(cls, indices: Mapping[str, Mapping[str, Any]]) -> Schema:
        """Make a schema of the mappings of several indices, by the name of the index.

        A field is mapped if any index maps it. If its types differ, it has a `conflict`, and a query of it is an error.

        >>> import eqlite
        >>> mappings = {name: {"properties": {"id": {"type": name}}} for name in ("long", "keyword")}
        >>> eqlite.Schema.from_indices(mappings).find("id").conflict
        'mapped as [2] incompatible types: [keyword] in [keyword], [long] in [long]'
        """
        merged: dict[str, MappedField] = {}
        kinds: dict[str, dict[str, list[str]]] = {}
        for index, mapping in indices.items():
            for name, found in cls.from_mapping(mapping).fields.items():
                known = merged.setdefault(name, found)
                if known is not found:
                    merged[name] = _united(known, found)
                family = _FAMILIES.get(found.es_type, found.es_type)
                kinds.setdefault(name, {}).setdefault(family, []).append(index)
        for name, by_type in kinds.items():
            if len(by_type) > 1:
                merged[name] = replace(merged[name], conflict=_conflict(by_type))
        return cls(merged, "the index mappings")

    @classmethod
    def load(cls, *names: str | os.PathLike[str]) -> Schema:
        """Return the schema of the names `ecs` and `elastic` and of files. Later ones add to those before.

        A file holds an index mapping, an index or component template, an answer of `_field_caps`, or the mappings of an
        archive of Kibana's tests.

        Raises:
            EqlError: a file cannot be read, or holds no mapping.

        >>> import eqlite
        >>> eqlite.Schema.load("ecs").find("process.pid").type
        <DataType.LONG: 'long'>
        """
        from eqlite.semantics.schema_files import combine, load_schema  # which is asked for by name alone

        for name in names:
            _require_name(name)
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
        more = _limited(cls.from_fields({name: kind for name, _, kind in lines}))
        return cls({**more, **cls.ecs().fields}, "ECS 9.5.0 and the fields of Endpoint, integrations and Beats")

    @classmethod
    @cache
    def ecs(cls) -> Schema:
        """Return the Elastic Common Schema 9.5.0: its field names and types.

        As in its index templates, keywords of more than 1,024 characters are not there for a query.
        """
        from importlib import resources  # which brings in much that only this asks for

        text = resources.files("eqlite.semantics").joinpath("ecs_9.5.0.tsv").read_text(encoding="utf-8")
        pairs = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
        plain = cls.from_fields({path: kind for path, kind, *_ in pairs}, name="ECS 9.5.0")
        return cls(_limited(plain), plain.name)


def _limited(schema: Schema) -> dict[str, MappedField]:
    """Return the fields of a schema, with the limits that Elastic's index templates set for keywords."""
    return {
        name: replace(found, ignore_above=_ECS_IGNORE_ABOVE) if found.es_type == "keyword" else found
        for name, found in schema.fields.items()
    }


@lru_cache(maxsize=1_024)
def _nearest(schema: Schema, name: str) -> tuple[str, ...]:
    """Cache `Schema.suggest`: rules of one kind miss the same of thousands of fields."""
    known = (
        found.name
        for found in schema.fields.values()
        if found.type not in (DataType.UNSUPPORTED, DataType.OBJECT, DataType.NESTED)
    )
    return tuple(similar_names(name, known))


def _conflict(by_type: Mapping[str, list[str]]) -> str:
    parts = (f"[{kind}] in [{', '.join(sorted(indices))}]" for kind, indices in sorted(by_type.items()))
    return f"mapped as [{len(by_type)}] incompatible types: {', '.join(parts)}"


def _united(known: MappedField, found: MappedField) -> MappedField:
    """Unite the mappings that several indices have of a field: an event may come from any of them."""
    return replace(
        known,
        formats=tuple(dict.fromkeys(known.formats + found.formats)) if found.formats else known.formats,
        constant=known.constant if known.constant == found.constant else None,
        sources=tuple(dict.fromkeys(known.sources + found.sources)),
    )


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
    value = definition.get("value")
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
        constant=None if es_type != "constant_keyword" or value is None else to_text(value),
    )


def _is_exact(definition: Mapping[str, Any]) -> bool:
    return _TYPES.get(definition.get("type", "object")) in _EXACT and "normalizer" not in definition


def _definitions(properties: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the names and definitions of all objects and fields, without multi-fields."""
    for key, definition in properties.items():
        yield f"{prefix}{key}", definition
        yield from _definitions(definition.get("properties", {}), f"{prefix}{key}.")


def _add_copies(fields: dict[str, MappedField], properties: Mapping[str, Any]) -> None:
    """Add the sources of `copy_to` to its targets and their multi-fields. Copies are not copied again."""
    sources: dict[str, list[str]] = {}
    for name, definition in _definitions(properties):
        targets = definition.get("copy_to") or ()
        for target in (targets,) if isinstance(targets, str) else targets:
            sources.setdefault(target, []).append(name)
    for name, found in fields.items():
        if found.path in sources:
            fields[name] = replace(found, sources=tuple(sources[found.path]))


def _add_short_names(fields: dict[str, MappedField], properties: Mapping[str, Any]) -> None:
    """Add the fields of passthrough objects under their short names. Fields of that name and higher priorities win."""
    definitions = [found for found in _definitions(properties) if found[1].get("type") == "passthrough"]
    short: dict[str, MappedField] = {}
    for name, _ in sorted(definitions, key=lambda found: found[1].get("priority", 0)):
        for full, found in fields.items():
            if full.startswith(f"{name}.") and found.type is not DataType.OBJECT:
                short[full[len(name) + 1 :]] = found
    for name, found in short.items():
        fields.setdefault(name, replace(found, name=name))


def _runtime_fields(runtime: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the fields of a runtime section. A composite one has several."""
    for name, definition in runtime.items():
        if definition.get("type") == "composite":
            yield from ((f"{name}.{key}", part) for key, part in definition.get("fields", {}).items())
        else:
            yield name, definition


def _resolve_aliases(fields: dict[str, MappedField], properties: Mapping[str, Any]) -> dict[str, MappedField]:
    """Resolve aliases to the fields they point to. One that points nowhere stays unsupported."""
    for name, definition in _definitions(properties):
        target = str(definition.get("path"))
        if definition.get("type") == "alias" and target in fields:
            fields[name] = replace(fields[target], name=name)
    return fields
