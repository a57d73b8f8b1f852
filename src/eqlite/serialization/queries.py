"""Compiled queries as bytes: plans, texts, options and schemas, with equal parts stored once.

A header line holds the versions of the format and of eqlite, and a checksum. Compressed columns in MessagePack follow.
The data contains no code, and is checked against the types of the attributes when it is read.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from eqlite import plan
from eqlite.__about__ import __version__
from eqlite.diagnostics import Diagnostic
from eqlite.diagnostics.register import REGISTER
from eqlite.errors import EqlError
from eqlite.fields import Field
from eqlite.gc_policy import relaxed_gc
from eqlite.limits import MAX_SAVED_QUERIES_BYTES
from eqlite.options import CompileOptions
from eqlite.semantics.schema import MappedField, Schema
from eqlite.semantics.settings import Settings
from eqlite.serialization.codec import ColumnCodec, NotEncodable, Table
from eqlite.source import Source, Span
from eqlite.values.network import Block
from eqlite.values.wildcard import Pattern, Segment

FORMAT = 1
_MAGIC = "eqlite-queries"
_NODES = [
    kind for kind in vars(plan).values() if isinstance(kind, type) and kind.__module__.startswith(f"{plan.__name__}.")
]
ANALYSIS_CLASSES: tuple[type, ...] = (*_NODES, Field, Block, Pattern, Segment, Span, Diagnostic)
"""The classes of plans and diagnostics."""


@dataclass(frozen=True, slots=True)
class CompiledText:
    """A compiled query, without its predicates."""

    text: str
    plan: plan.Plan
    diagnostics: tuple[Diagnostic, ...]
    options: CompileOptions


@dataclass(frozen=True, slots=True)
class _SavedSchema:
    """A schema as its fields, which have their names."""

    name: str
    fields: tuple[MappedField, ...]


@dataclass(frozen=True, slots=True)
class _SavedQuery:
    """A query with its options as attributes."""

    text: str
    plan: plan.Plan
    diagnostics: tuple[Diagnostic, ...]
    schema: _SavedSchema | None
    settings: Settings
    max_samples_per_key: int
    strict: bool
    backend: str
    name: str | None


_CODEC = ColumnCodec((*ANALYSIS_CLASSES, Source, Settings, MappedField, _SavedSchema, _SavedQuery))


def encode_queries(queries: Iterable[CompiledText]) -> bytes:
    """Return queries as bytes for `decode_queries` of the same version of eqlite.

    Raises:
        NotEncodable: a plan or schema holds a value of an unknown class, such as a null value that is an object.
    """
    schemas: dict[int, _SavedSchema] = {}
    writer = _CODEC.writer()
    with relaxed_gc():
        roots = [writer.add(_saved(query, schemas)) for query in queries]
        data = zlib.compress(msgspec.msgpack.encode(writer.written(roots)))
    return f"{_MAGIC} {FORMAT} {__version__} {zlib.crc32(data):08x}\n".encode() + data


def decode_queries(data: bytes) -> list[CompiledText]:
    """Return the queries that `encode_queries` encoded.

    Raises:
        EqlError: the bytes are not saved queries, are damaged, or come from another version.
    """
    content = unpack(data)
    schemas: dict[int, Schema] = {}
    try:
        with relaxed_gc():
            tables, roots = msgspec.msgpack.decode(content, type=tuple[list[Table], list[int]])
            saved = _CODEC.read(tables, roots)
    except (msgspec.MsgspecError, NotEncodable, RecursionError, ValueError) as error:
        raise EqlError(f"the saved queries cannot be read: {error}") from None
    if not all(isinstance(query, _SavedQuery) for query in saved):
        raise EqlError("the saved queries cannot be read: they hold another kind of value")
    if not all(diagnostic.id in REGISTER for query in saved for diagnostic in query.diagnostics):
        raise EqlError("the saved queries cannot be read: they hold an unknown diagnostic")
    return [_restored(query, schemas) for query in saved]


def unpack(data: bytes, *, max_bytes: int = MAX_SAVED_QUERIES_BYTES) -> bytes:
    """Return the content of saved queries, uncompressed.

    Raises:
        EqlError: it is damaged, of another version, or larger than `max_bytes`.
    """
    head, _, compressed = bytes(data).partition(b"\n")
    words = head.decode("ascii", "replace").split(" ")
    if len(words) != 4 or words[0] != _MAGIC:
        raise EqlError("these bytes are not saved queries")
    _, format_version, version, checksum = words
    if (format_version, version) != (str(FORMAT), __version__):
        raise EqlError(f"the queries were saved by eqlite {version}, and this is {__version__}: compile them again")
    if checksum != f"{zlib.crc32(compressed):08x}":
        raise EqlError("the saved queries are damaged: they were not written completely, or were changed")
    decompressor = zlib.decompressobj()
    try:
        content = decompressor.decompress(compressed, max_bytes)
    except zlib.error as error:
        raise EqlError(f"the saved queries cannot be read: {error}") from None
    if not decompressor.eof:
        raise EqlError(f"the saved queries are larger than {max_bytes:,} bytes, or end too early")
    return content


def _saved(query: CompiledText, schemas: dict[int, _SavedSchema]) -> _SavedQuery:
    options, schema = query.options, None
    if options.schema is not None:
        schema = schemas.get(id(options.schema))
        if schema is None:
            schema = _SavedSchema(options.schema.name, tuple(options.schema.fields.values()))
            schemas[id(options.schema)] = schema
    return _SavedQuery(
        query.text,
        query.plan,
        query.diagnostics,
        schema,
        options.settings,
        options.max_samples_per_key,
        options.strict,
        options.backend,
        options.name,
    )


def _restored(saved: _SavedQuery, schemas: dict[int, Schema]) -> CompiledText:
    schema = None
    if saved.schema is not None:
        schema = schemas.get(id(saved.schema))
        if schema is None:
            schema = Schema({field.name: field for field in saved.schema.fields}, saved.schema.name)
            schemas[id(saved.schema)] = schema
    settings = saved.settings
    options = CompileOptions(
        event_category_field=settings.event_category_field,
        timestamp_field=settings.timestamp_field,
        tiebreaker_field=settings.tiebreaker_field,
        target=settings.target,
        schema=schema,
        max_samples_per_key=saved.max_samples_per_key,
        strict=saved.strict,
        backend=saved.backend,
        name=saved.name,
    )
    return CompiledText(saved.text, saved.plan, saved.diagnostics, options)
