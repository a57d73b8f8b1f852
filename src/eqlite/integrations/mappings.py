"""Index mappings: derived from events and queries, or made from a schema."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from eqlite import plan
from eqlite.datatypes import DataType
from eqlite.query import Query
from eqlite.semantics.schema import Schema

Json = dict[str, Any]

_TYPE_OF_KIND = {"text": "keyword", "number": "double", "boolean": "boolean", "address": "ip", "instant": "date"}
_WIDER = ("boolean", "long", "double", "keyword")
_CONTAINERS = (DataType.OBJECT, DataType.NESTED)
_MOST_FIELDS = 20_000


def index_body(mapping: Mapping[str, Any], *, is_serverless: bool) -> Json:
    """Return the body of a request that creates an index.

    It has one shard, so that its order is that of the input.
    """
    settings: Json = {"index.mapping.total_fields.limit": _MOST_FIELDS}
    if not is_serverless:  # serverless sets these itself, and refuses a request that does
        settings |= {"index.number_of_shards": 1, "index.number_of_replicas": 0}
    return {"settings": settings, "mappings": {"dynamic": False, **mapping}}


def derived_mapping(queries: Sequence[Query], documents: Iterable[Mapping[str, Any]]) -> Json:
    """Return a mapping for documents without one.

    Types are those that Elasticsearch gives new fields, except that text is `keyword`, never a date, and decimal
    numbers are `double`. Times are `date`, categories `keyword`, and fields under `cidrMatch` `ip`. Fields that no
    document has get the type of what they are compared with, so that no query is refused for the lack of a field.
    """
    found = _types_of_values(documents)
    kinds: dict[str, Json] = {name: {"type": kind} for name, kind in found.items()}
    for query in queries:
        for name, kind in _types_by_use(query).items():
            if kind == "ip":
                kinds[name] = {"type": kind, "ignore_malformed": True}
            elif name not in found:
                kinds.setdefault(name, {"type": kind})
        kinds[query.options.event_category_field] = {"type": "keyword"}
        kinds[query.options.timestamp_field] = {"type": "date"}
    for query in queries:
        _join_types(query, found, kinds)
    parents = {name[:dot] for name in kinds for dot in _dots(name)}
    return {"properties": nested_properties({name: kind for name, kind in kinds.items() if name not in parents})}


def _join_types(query: Query, found: Collection[str], kinds: dict[str, Json]) -> None:
    """Add types to join keys absent from all documents: those of the keys compared with them."""
    for column in zip(*(stage.keys for stage in query.plan.stages), strict=True):
        names = [key.name for key in column if key is not None]
        typed = [kinds[name] for name in names if name in found or kinds[name]["type"] != "keyword"]
        if typed:
            kinds.update((name, typed[0]) for name in names if name not in found)


def _types_by_use(query: Query) -> dict[str, str]:
    """Return the fields of a query, each with a type that fits its use."""
    kinds = dict.fromkeys(query.fields, "keyword")
    if query.plan.tiebreaker is not None:
        kinds[query.plan.tiebreaker.name] = "long"
    for stage in query.plan.stages:
        for leaf in plan.leaves(stage.condition):
            if isinstance(leaf, plan.FieldTest) and kinds[leaf.field.name] == "keyword":
                kinds[leaf.field.name] = _TYPE_OF_KIND[leaf.test.kind]
    return kinds


def _types_of_values(documents: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the dotted names of the values in documents, each with the widest of its types."""
    found: dict[str, int] = {}
    for document in documents:
        pending: list[tuple[str, Any]] = [("", document)]
        while pending:
            name, value = pending.pop()
            if isinstance(value, Mapping):
                pending.extend((f"{name}.{key}".removeprefix("."), inner) for key, inner in value.items())
            elif isinstance(value, (list, tuple)):
                pending.extend((name, inner) for inner in value)
            elif value is not None:
                found[name] = max(found.get(name, 0), _width(value))
    return {name: _WIDER[width] for name, width in found.items()}


def _width(value: Any) -> int:
    """Return the index of a value's type in `_WIDER`."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return 1
    return 2 if isinstance(value, (int, float)) else 3


def _dots(name: str) -> list[int]:
    return [place for place, character in enumerate(name) if character == "."]


def nested_properties(fields: Mapping[str, Json]) -> Json:
    """Return the `properties` of a mapping: objects in each other, and multi-fields below fields with a type.

    >>> nested_properties({"a.b": {"type": "text"}, "a.b.raw": {"type": "keyword"}})
    {'a': {'properties': {'b': {'type': 'text', 'fields': {'raw': {'type': 'keyword'}}}}}}
    """
    root: Json = {"properties": {}}
    for name in sorted(fields):
        node = root
        *parents, last = name.split(".")
        for parent in parents:
            node = _below(node).setdefault(parent, {})
        _below(node)[last] = dict(fields[name])
    properties: Json = root["properties"]
    return properties


def _below(node: Json) -> Json:
    """Return the children of a node: multi-fields of a field, properties of an object."""
    is_field = "type" in node and node["type"] not in ("object", "nested")
    below: Json = node.setdefault("fields" if is_field else "properties", {})
    return below


def mapping_of(schema: Schema) -> Json:
    """Return a mapping with the fields of a schema. Aliases and the like, which a schema lacks, are absent."""
    fields: dict[str, Json] = {}
    for name, field in schema.fields.items():
        if field.type is DataType.UNSUPPORTED and field.es_type in ("alias", "join", "completion"):
            continue
        definition: Json = {"type": field.es_type}
        if field.type not in _CONTAINERS:
            extras = {
                "null_value": field.null_value,
                "ignore_above": field.ignore_above,
                "format": "||".join(field.formats) or None,
                "scaling_factor": field.scaling_factor or (1000 if field.es_type == "scaled_float" else None),
            }
            definition |= {key: value for key, value in extras.items() if value is not None}
        fields[name] = definition
    return {"properties": nested_properties(fields)}
