"""Exceptions of eqlite. Each is an `EqlError` and carries its diagnostics.

EqlError
├── EqlSyntaxError            the text is not EQL
├── EqlSemanticError          it is, but it cannot mean anything
│   ├── EqlSchemaError        a field that the schema does not have, or not in this way
│   └── EqlTypeMismatchError  a value of the wrong type
├── RuleError                 a rule file that holds no rule
├── EventError                input that holds no events, or a script error under `strict=True`
├── LimitError                over a stated limit
├── ServerError               an Elasticsearch that cannot be asked
├── SnapshotError             a stream cannot be saved, or resumed from what is given
└── UnsupportedFeature        understood, but not available in this place
"""

from __future__ import annotations

from collections.abc import Sequence

from eqlite.diagnostics import Diagnostic


class EqlError(Exception):
    """Anything that eqlite refuses.

    Attributes:
        diagnostics: the problems, in order of place; empty where there is only a message.
    """

    def __init__(self, message: str = "", *, diagnostics: Sequence[Diagnostic] = ()) -> None:
        self.message = message
        self.diagnostics = tuple(diagnostics)
        super().__init__(message or "\n\n".join(diagnostic.render() for diagnostic in self.diagnostics))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with the diagnostics: exceptions with keyword arguments do not do so by themselves."""
        return (_rebuild, (type(self), self.message, self.diagnostics))


class EqlSyntaxError(EqlError):
    """The text is not EQL."""


class EqlSemanticError(EqlError):
    """The text is EQL but cannot mean anything: a wrong function, a comparison of two fields."""


class EqlSchemaError(EqlSemanticError):
    """A field that the schema does not have, or has in a form that EQL cannot read."""


class EqlTypeMismatchError(EqlSemanticError):
    """A value of a type that does not fit."""


class RuleError(EqlError):
    """A rule file that holds no usable rule."""


class EventError(EqlError):
    """Input without events, or, under `strict=True`, an event on which an expression fails."""


class SearchFailure(EventError):
    """An event on which Elasticsearch would fail the search, under `strict=True`."""


class LimitError(EqlError):
    """A query, rule or event beyond a stated limit."""


class ServerError(EqlError):
    """An Elasticsearch that cannot be reached, refuses what is asked of it, or answers something unreadable."""


class SnapshotError(EqlError):
    """A stream that cannot be saved, or a snapshot from which this query cannot go on."""


class UnsupportedFeature(EqlError):
    """Something that is understood but not available here."""


_SCHEMA_IDS = frozenset(
    {"unknown-field", "unsupported-field-type", "nested-field", "ambiguous-field", "text-without-keyword"}
)
_TYPE_IDS = frozenset({"not-boolean", "type-mismatch", "incompatible-keys"})
_LIMIT_IDS = frozenset(
    {"query-too-long", "nesting-too-deep", "list-too-long", "regex-too-large", "too-many-key-conditions"}
)


def semantic_error(diagnostics: Sequence[Diagnostic]) -> EqlError:
    """Return the exception for the errors among `diagnostics`: the most special class that fits the first."""
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.is_error]
    first = errors[0].id
    kind: type[EqlError] = EqlSemanticError
    if first in _LIMIT_IDS:
        kind = LimitError
    elif first in _SCHEMA_IDS:
        kind = EqlSchemaError
    elif first in _TYPE_IDS:
        kind = EqlTypeMismatchError
    return kind(diagnostics=errors)


def _rebuild(kind: type[EqlError], message: str, diagnostics: tuple[Diagnostic, ...]) -> EqlError:
    return kind(message, diagnostics=diagnostics)
