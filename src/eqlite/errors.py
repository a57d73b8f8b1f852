"""The exceptions of eqlite: each is an `EqlError` and carries its diagnostics.

EqlError
├── EqlSyntaxError            the text is not EQL
├── EqlSemanticError          it is, but it cannot mean anything
│   ├── EqlSchemaError        a field that the schema does not have, or not in this way
│   └── EqlTypeMismatchError  a value of the wrong type
├── RuleError                 a rule file that holds no rule
├── EventError                input that holds no events, or a script error under `strict=True`
├── LimitError                over a stated limit
├── ServerError               an Elasticsearch that gives no usable answer
├── SnapshotError             a stream cannot be saved, or not resumed from a snapshot
└── UnsupportedFeature        understood, but not available here
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eqlite.diagnostics import Category, Diagnostic


class EqlError(Exception):
    """Anything that eqlite refuses.

    Attributes:
        diagnostics: the problems, in the order of their positions; empty if there is only a message.
    """

    def __init__(self, message: str = "", *, diagnostics: Sequence[Diagnostic] = ()) -> None:
        self.message = message
        self.diagnostics = tuple(diagnostics)
        super().__init__(message or "\n\n".join(diagnostic.render() for diagnostic in self.diagnostics))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with the attributes: exceptions with keyword arguments do not do so by themselves."""
        return (_rebuild, (type(self), self.message, self.diagnostics), self.__dict__)


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
    """Input without events, or, under `strict=True`, an event on which an expression fails.

    Attributes:
        file: the file that cannot be read; None if the error is not about a file.
        reason: the problem with the file, without its name; otherwise the whole message.
    """

    def __init__(
        self, message: str = "", *, diagnostics: Sequence[Diagnostic] = (), file: str | None = None, reason: str = ""
    ) -> None:
        message = message or (f"`{file}` {reason}" if file is not None else reason)
        super().__init__(message, diagnostics=diagnostics)
        self.file = file
        self.reason = reason or self.message

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with the file."""
        return (_rebuild_event_error, (type(self), self.message, self.diagnostics, self.file, self.reason))


class SearchFailure(EventError):
    """An event on which Elasticsearch would fail the search, under `strict=True`."""


class LimitError(EqlError):
    """A query, rule or event beyond a stated limit."""


class ServerError(EqlError):
    """An Elasticsearch that cannot be reached, refuses a request, or gives an unreadable answer."""


class SnapshotError(EqlError):
    """A stream that cannot be saved, or a snapshot from which it cannot be resumed."""


class UnsupportedFeature(EqlError):
    """Something that is understood but not available here."""


_CLASSES: dict[Category, type[EqlError]] = {
    "syntax": EqlSyntaxError,
    "meaning": EqlSemanticError,
    "schema": EqlSchemaError,
    "type": EqlTypeMismatchError,
    "limit": LimitError,
    "lint": EqlSemanticError,
    "rule": RuleError,
}


def error_for(diagnostics: Iterable[Diagnostic], *, strict: bool = False) -> EqlError | None:
    """Return the exception that carries the errors among `diagnostics`, or None without any.

    The first error that is not about syntax decides the class. Under `strict`, warnings of a search that Elasticsearch
    would fail count as errors where there are no others.
    """
    problems = list(diagnostics)
    errors = [problem for problem in problems if problem.is_error]
    errors = errors or [problem for problem in problems if strict and problem.fails_search]
    if not errors:
        return None
    deciding = next((error for error in errors if error.category != "syntax"), errors[0])
    return _CLASSES[deciding.category](diagnostics=errors)


def _rebuild(kind: type[EqlError], message: str, diagnostics: tuple[Diagnostic, ...]) -> EqlError:
    return kind(message, diagnostics=diagnostics)


def _rebuild_event_error(
    kind: type[EventError], message: str, diagnostics: tuple[Diagnostic, ...], file: str | None, reason: str
) -> EventError:
    return kind(message, diagnostics=diagnostics, file=file, reason=reason)
