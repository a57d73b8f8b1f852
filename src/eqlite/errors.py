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
    """Anything that eqlite refuses: the base of all its exceptions.

    `str(error)` is the message, or else all diagnostics as `Diagnostic.render` gives them.

    Attributes:
        diagnostics: the problems, in the order of their positions; empty if there is only a message.

    >>> import eqlite
    >>> try:
    ...     eqlite.compile('process where proces.name == "x" and length(user.id)', schema="ecs")
    ... except eqlite.EqlError as error:
    ...     print([problem.id for problem in error.diagnostics])
    ['unknown-field', 'not-boolean']
    """

    def __init__(self, message: str = "", *, diagnostics: Sequence[Diagnostic] = ()) -> None:
        self.message = message
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__(message or "\n\n".join(diagnostic.render() for diagnostic in self.diagnostics))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with the attributes: exceptions with keyword arguments do not do so by themselves."""
        return (_rebuild, (type(self), self.message, self.diagnostics), self.__dict__)


class EqlSyntaxError(EqlError):
    """The text is not EQL.

    >>> import eqlite
    >>> try:
    ...     eqlite.compile("any where a = 1")
    ... except eqlite.EqlSyntaxError as error:
    ...     print(error.diagnostics[0].help)
    write `==`; `=` stands only in `maxspan=` and `runs=`
    """


class EqlSemanticError(EqlError):
    """The text is EQL, but has no valid meaning: an unknown function, a comparison of two fields.

    >>> import eqlite
    >>> try:
    ...     eqlite.compile('process where startWith(process.name, "a")')
    ... except eqlite.EqlSemanticError as error:
    ...     print(error.diagnostics[0].help)
    did you mean `startsWith`?
    """


class EqlSchemaError(EqlSemanticError):
    """A field that the schema lacks, or has in a form that EQL cannot read.

    >>> import eqlite
    >>> try:
    ...     eqlite.compile('process where proces.name == "x"', schema="ecs")
    ... except eqlite.EqlSchemaError as error:
    ...     print(error.diagnostics[0].help)
    did you mean `process.name`?
    """


class EqlTypeMismatchError(EqlSemanticError):
    """A value of the wrong type.

    >>> import eqlite
    >>> try:
    ...     eqlite.compile("process where length(process.name)")
    ... except eqlite.EqlTypeMismatchError as error:
    ...     print(error.diagnostics[0].message)
    the condition is neither true nor false but of type integer
    """


class RuleError(EqlError):
    """A file without a usable rule.

    >>> import eqlite
    >>> try:
    ...     eqlite.load_rule("examples/incident.toml")
    ... except eqlite.RuleError as error:
    ...     print(error.diagnostics[0].id, error.diagnostics[0].file)
    unreadable-file examples/incident.toml
    """


class EventError(EqlError):
    """Input without events, or, under `strict=True`, an event on which an expression fails.

    Attributes:
        file: the file that cannot be read, or not any more; None if it is about no file.
        reason: the problem of the file, without its name; else the whole message.

    >>> import eqlite
    >>> try:
    ...     eqlite.read_events("examples/incident.json")
    ... except eqlite.EventError as error:
    ...     print(error)
    cannot read `examples/incident.json`: no such file
    """

    def __init__(
        self, message: str = "", *, diagnostics: Sequence[Diagnostic] = (), file: str | None = None, reason: str = ""
    ) -> None:
        message = message or (f"`{file}` {reason}" if file is not None else reason)
        super().__init__(message, diagnostics=diagnostics)
        self.file: str | None = file
        self.reason: str = reason or self.message

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with the file."""
        return (_rebuild_event_error, (type(self), self.message, self.diagnostics, self.file, self.reason))


class SearchFailure(EventError):
    """An event on which Elasticsearch would fail the search, under `strict=True`."""


class LimitError(EqlError):
    """A query, rule or event beyond one of the limits in `docs/reference/limits.md`.

    >>> import eqlite
    >>> try:
    ...     eqlite.compile(f"any where {'not ' * 2_000} true")
    ... except eqlite.LimitError as error:
    ...     print(error.diagnostics[0].message)
    the query is nested more than 1,000 deep
    """


class ServerError(EqlError):
    """An Elasticsearch that cannot be reached, refuses a request, or gives an unreadable answer.

    Only `eqlite verify` raises it.
    """


class SnapshotError(EqlError):
    """A stream that cannot be saved, or a snapshot that this query or these rules cannot resume.

    >>> import eqlite
    >>> stream = eqlite.compile("sequence [any where a == 1] [any where b == 1]").stream()
    >>> try:
    ...     eqlite.compile("sequence [any where a == 1] [any where b == 2]").resume(stream.snapshot())
    ... except eqlite.SnapshotError as error:
    ...     print(error)
    the snapshot is of another query, or of the same with other options: begin a new stream
    """


class UnsupportedFeature(EqlError):
    """A known feature that is not available here, such as a backend or an optional package.

    >>> import eqlite
    >>> try:
    ...     eqlite.compile("any where true", backend="rust")
    ... except eqlite.UnsupportedFeature as error:
    ...     print(error)
    there is no backend `rust`; known are `python`, `reference`
    """


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
