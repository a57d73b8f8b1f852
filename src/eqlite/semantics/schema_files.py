"""Schemas from files, in the shapes in which Elasticsearch gives mappings.

Index mappings, index and component templates, field capabilities, and the files of Kibana's archives.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from eqlite.errors import EqlError
from eqlite.limits import MAX_SCHEMA_BYTES
from eqlite.semantics.schema import Schema

_GZIP_MAGIC = b"\x1f\x8b"
_TEMPLATES = {"index_templates": "index_template", "component_templates": "component_template"}
_UNMAPPED = "unmapped"
_NAMES = "neither a file nor one of `ecs`, `elastic`"

Json = dict[str, Any]


def load_schema(path: str | os.PathLike[str]) -> Schema:
    """Return the schema of a file.

    Raises:
        EqlError: it cannot be read, or holds no mapping.
    """
    name = os.fspath(path)
    documents = list(_read(name))
    fields = [document["fields"] for document in documents if _is_field_capabilities(document)]
    if fields:
        return combine([_of_capabilities(each, name) for each in fields])
    indices: dict[str, Json] = {}
    missing: set[str] = set()
    for document in documents:
        for index, mapping in _mappings(document, missing):
            indices[index if index not in indices else f"{index} ({len(indices)})"] = mapping
    problem = next((problem for mapping in indices.values() if (problem := _problem_of(mapping))), None)
    if not indices or problem is not None:
        raise _no_mapping(name, problem or "it has no `properties`, as `GET my-index/_mapping` shows them")
    schema = Schema.from_indices(indices) if len(indices) > 1 else Schema.from_mapping(next(iter(indices.values())))
    if missing:
        named = ", ".join(sorted(missing))
        schema = Schema(schema.fields, f"{schema.name}, which lacks the component templates {named}")
    return schema


def combine(schemas: Iterable[Schema]) -> Schema:
    """Merge schemas. A later one adds fields, and decides on those that both have."""
    several = list(schemas)
    if len(several) == 1:
        return several[0]
    fields = {name: field for schema in several for name, field in schema.fields.items()}
    return Schema(fields, " and ".join(dict.fromkeys(schema.name for schema in several)) or "the schema")


def _read(name: str) -> Iterator[Json]:
    """Yield the objects of a JSON file: one, or, as in Kibana's archives, one behind the other."""
    try:
        data = Path(name).read_bytes()
        if data.startswith(_GZIP_MAGIC):
            data = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, MAX_SCHEMA_BYTES)
        text = data.decode("utf-8-sig")
        decoder, offset = json.JSONDecoder(), _skip_blanks(text, 0)
        while offset < len(text):
            value, end = decoder.raw_decode(text, offset)
            if not isinstance(value, dict):
                raise _no_mapping(name, "it should be a JSON object")
            yield value
            offset = _skip_blanks(text, end)
    except OSError as error:
        raise EqlError(f"cannot read the schema `{name}`: {error.strerror or error} ({_NAMES})") from None
    except (ValueError, RecursionError, zlib.error) as error:
        raise EqlError(f"the schema `{name}` is no JSON: {error}") from None


def _skip_blanks(text: str, offset: int) -> int:
    while offset < len(text) and text[offset].isspace():
        offset += 1
    return offset


def _no_mapping(name: str, reason: str) -> EqlError:
    return EqlError(f"the schema `{name}` is no index mapping: {reason}")


def _mappings(document: Json, missing: set[str]) -> Iterator[tuple[str, Json]]:
    """Yield mappings by index or template. Component templates that are not there are added to `missing`."""
    for plural, singular in _TEMPLATES.items():
        if isinstance(document.get(plural), list):
            given = {str(each.get("name")) for each in document[plural] if isinstance(each, dict)}
            for each in document[plural]:
                if isinstance(each, dict) and isinstance(each.get(singular), dict):
                    missing |= _components(each[singular]) - given
                    yield from ((str(each.get("name")), mapping) for _, mapping in _mappings(each[singular], set()))
            return
    value = document.get("value")
    if document.get("type") in ("index", "data_stream") and isinstance(value, dict):
        template = value.get("template")
        body = template if isinstance(template, dict) else value
        yield from (
            (str(value.get("index") or value.get("data_stream")), found) for _, found in _mappings(body, missing)
        )
    elif isinstance(document.get("template"), dict):
        missing |= _components(document)
        yield "", document["template"].get("mappings", {"properties": {}})
    elif "properties" in document or "mappings" in document or "runtime" in document:
        yield "", document.get("mappings", document)
    elif document and all(isinstance(value, dict) and "mappings" in value for value in document.values()):
        yield from ((name, value["mappings"]) for name, value in document.items())


def _components(template: Json) -> set[str]:
    composed = template.get("composed_of")
    return set(map(str, composed)) if isinstance(composed, list) else set()


def _is_field_capabilities(document: Json) -> bool:
    fields = document.get("fields")
    if not isinstance(fields, dict) or not fields or "properties" in document:
        return False
    return all(
        isinstance(kinds, dict) and all(isinstance(kind, dict) and "type" in kind for kind in kinds.values())
        for kinds in fields.values()
    )


def _of_capabilities(fields: Mapping[str, Json], name: str) -> Schema:
    """Return the schema of an answer of `_field_caps`. A field below a text is a sub-field of it."""
    indices: dict[str, dict[str, str]] = {}
    for field, kinds in fields.items():
        for kind, answer in kinds.items():
            if kind == _UNMAPPED or field.startswith("_") or answer.get("metadata_field"):
                continue
            # Which indices have a type is only said where they differ.
            for index in answer.get("indices") or (f"those with {kind}" if len(kinds) > 1 else "all",):
                indices.setdefault(str(index), {})[field] = kind
    trees = {index: {"properties": _properties(types)} for index, types in indices.items()}
    if not trees:
        raise _no_mapping(name, "no index has a field")
    return Schema.from_indices(trees) if len(trees) > 1 else Schema.from_mapping(next(iter(trees.values())))


def _properties(types: Mapping[str, str]) -> Json:
    properties: Json = {}
    for name in sorted(types):
        *above, last = name.split(".")
        parent_fields = properties
        for part in above:
            parent = parent_fields.setdefault(part, {"type": "object"})
            parent_fields = parent.setdefault("properties" if parent["type"] in ("object", "nested") else "fields", {})
        parent_fields[last] = {**parent_fields.get(last, {}), "type": types[name]}
    return properties


def _problem_of(mapping: object) -> str | None:
    """Return the reason for which a value is no index mapping, None if it is one."""
    if not isinstance(mapping, dict) or not {"properties", "runtime"} & mapping.keys():
        return "it has no `properties`, as `GET my-index/_mapping` shows them"
    pending: list[tuple[str, Any]] = [("", mapping)]
    while pending:
        name, definition = pending.pop()
        if not isinstance(definition, dict):
            return f"the definition of `{name}` should be an object"
        if not isinstance(definition.get("type", ""), str):
            return f"the type of `{name}` should be text"
        for key in ("properties", "fields"):
            below = definition.get(key, {})
            if not isinstance(below, dict):
                return f"`{key}` of `{name}` should be an object" if name else f"`{key}` should be an object"
            pending.extend((f"{name}.{field}".removeprefix("."), value) for field, value in below.items())
    return None
