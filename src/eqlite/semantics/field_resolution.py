"""Names → fields: each field reference resolved against the schema, or a message that says why it cannot be."""

from __future__ import annotations

from collections.abc import Mapping

from eqlite.datatypes import DataType
from eqlite.diagnostics import did_you_mean
from eqlite.fields import Field
from eqlite.language import ast
from eqlite.semantics.context import Context
from eqlite.semantics.schema import MappedField


def resolve_field(reference: ast.FieldRef, context: Context) -> Field | None:
    """Return the field that a reference names, or None for an optional one that no index maps.

    An optional field without a mapping is always null. A field that cannot be resolved is reported and has the type
    UNKNOWN, so that no more problems follow from it.
    """
    name = reference.name
    if context.schema is None:
        # The timestamp is a date in every index: Elasticsearch does not search without.
        kind = DataType.DATETIME if name == context.settings.timestamp_field else DataType.UNKNOWN
        return Field(name, name, kind, optional=reference.optional)
    found = context.schema.find(name)
    if found is None:
        if reference.optional:
            return None
        _report_unknown(reference, context)
        return Field(name, name)
    if not _report_unreadable(reference, found, context):
        return Field(name, found.path)
    return _field(found, name, context.schema.fields, optional=reference.optional)


def setting_field(name: str, context: Context) -> Field | None:
    """Return the field that a setting names (category, timestamp, tiebreaker), None if no index maps it."""
    if context.schema is None:
        kind = DataType.DATETIME if name == context.settings.timestamp_field else DataType.UNKNOWN
        return Field(name, name, kind)
    found = context.schema.find(name)
    return None if found is None else _field(found, name, context.schema.fields)


def _field(found: MappedField, name: str, fields: Mapping[str, MappedField], *, optional: bool = False) -> Field:
    source = found
    if found.type is DataType.TEXT and len(found.exact) == 1:
        source = fields[found.exact[0]]  # an exact sub-field is read in place of the text
    return Field(
        name,
        found.path,
        found.type,
        source.null_value,
        source.ignore_above,
        source.formats,
        source.scaling_factor,
        optional,
        found.constant,
        found.sources,
    )


def _report_unknown(reference: ast.FieldRef, context: Context) -> None:
    assert context.schema is not None
    if context.collector.is_full:
        return
    suggestions = context.schema.suggest(reference.name)
    nearest = f"did you mean `{suggestions[0]}`?" if suggestions else None
    context.collector.report(
        "unknown-field",
        f"field `{reference.name}` is not in the schema",
        reference.span,
        label=f"not in {context.schema.name}",
        help=nearest or f"write `?{reference.name}` where documents may lack it",
        note=f"`?{reference.name}` is null where no index has the field" if nearest else None,
        elasticsearch=f"Unknown column [{reference.name}]{did_you_mean(suggestions)}",
    )


def _report_unreadable(reference: ast.FieldRef, found: MappedField, context: Context) -> bool:
    """Report a field that EQL cannot read. Return whether it can."""
    name, id, message, words = reference.name, "unsupported-field-type", "", ""
    if found.conflict is not None:
        id, message = "ambiguous-field", f"field `{name}` has different types in different indices"
        words = f"Cannot use field [{name}] due to ambiguities being {found.conflict}"
    elif found.type is DataType.NESTED:
        id, message = "nested-field", f"field `{name}` is of type nested"
        words = f"Cannot use field [{name}] type [nested] due to nested fields not being supported yet"
    elif found.nested_in is not None:
        id, message = "nested-field", f"field `{name}` lies in the nested field `{found.nested_in}`"
        words = (
            f"Cannot use field [{name}] type [{found.es_type}] with unsupported nested type in hierarchy "
            f"(field [{found.nested_in}])"
        )
    elif found.type is DataType.OBJECT:
        message = f"field `{name}` is an object"
        words = f"Cannot use field [{name}] type [object] only its subfields"
    elif found.type is DataType.UNSUPPORTED:
        message = f"field `{name}` is of type `{found.es_type}`"
        words = f"Cannot use field [{name}] with unsupported type [{found.es_type}]"
    if not words:
        return True
    context.collector.report(id, message, reference.span, label="EQL cannot read it", elasticsearch=words)
    return False
