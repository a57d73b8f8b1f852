"""EQL's types and the families they form.

`UNKNOWN` is the type of a field when no schema is given, and of anything that already got a message: it agrees with
everything, so that one mistake gives one message.
"""

from __future__ import annotations

from enum import Enum


class DataType(Enum):
    """A type of Elasticsearch, by the name that its messages use (`es_name`).

    The members are named like the types, in capitals, but for `DATETIME`, which is `date`. `UNKNOWN`, `NULL` and
    `UNSUPPORTED` are no types of a mapping.
    """

    UNKNOWN = "unknown"
    NULL = "null"
    BOOLEAN = "boolean"
    BYTE = "byte"
    SHORT = "short"
    INTEGER = "integer"
    LONG = "long"
    UNSIGNED_LONG = "unsigned_long"
    DOUBLE = "double"
    FLOAT = "float"
    HALF_FLOAT = "half_float"
    SCALED_FLOAT = "scaled_float"
    KEYWORD = "keyword"
    TEXT = "text"
    IP = "ip"
    VERSION = "version"
    DATETIME = "date"
    DATE_NANOS = "date_nanos"
    BINARY = "binary"
    OBJECT = "object"
    NESTED = "nested"
    UNSUPPORTED = "unsupported"

    @property
    def es_name(self) -> str:
        """Return the type as a mapping writes it: `date`, `keyword`."""
        return self.value


INTEGERS = frozenset({DataType.BYTE, DataType.SHORT, DataType.INTEGER, DataType.LONG, DataType.UNSIGNED_LONG})
FLOATS = frozenset({DataType.DOUBLE, DataType.FLOAT, DataType.HALF_FLOAT, DataType.SCALED_FLOAT})
NUMBERS = INTEGERS | FLOATS
STRINGS = frozenset({DataType.KEYWORD, DataType.TEXT, DataType.VERSION})
DATES = frozenset({DataType.DATETIME, DataType.DATE_NANOS})
UNTYPED = frozenset({DataType.UNKNOWN, DataType.NULL})


def are_compatible(left: DataType, right: DataType) -> bool:
    """Return whether values of the two types may stand side by side in `in` or as join keys.

    Text and keyword go together, numbers go together, dates go together; null and unknown go with everything.
    """
    if left is right or left in UNTYPED or right in UNTYPED:
        return True
    return any(left in family and right in family for family in (NUMBERS, STRINGS, DATES))
