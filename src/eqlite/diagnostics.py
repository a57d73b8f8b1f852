"""What is wrong with a query or a rule, said so that a person can mend it.

A phase reports into a `Collector` and goes on; the caller decides whether to raise. Every kind of problem has an id
that never changes (`diagnostic_register.py`), a span into the file the user edits, and where Elasticsearch would
refuse the query too, its own words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from eqlite.diagnostic_register import REGISTER
from eqlite.limits import MAX_DIAGNOSTICS
from eqlite.source import Position, Source, Span


class Severity(StrEnum):
    """How bad it is: an `ERROR` keeps a query from running, a `WARNING` does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem.

    Attributes:
        id: its kind, in kebab case, stable for ever.
        message: what is wrong, lower case, no full stop, the user's text in backticks.
        source: the text it stands in; None where there is none (a file that cannot be opened).
        span: where in `source.text`.
        label: what is wrong at that very place, a few words.
        help: one concrete edit that mends it.
        note: why, or what else to know.
        elasticsearch: the message of Elasticsearch, with its line and column.
        file: the file concerned, where there is no source.
    """

    id: str
    message: str
    source: Source | None = None
    span: Span = Span(0, 0)
    label: str = ""
    help: str | None = None
    note: str | None = None
    elasticsearch: str | None = None
    file: str | None = None

    @property
    def severity(self) -> Severity:
        """Return the severity that the register gives to this id."""
        return Severity(REGISTER[self.id].severity)

    @property
    def is_error(self) -> bool:
        """Tell whether this keeps the query from running."""
        return self.severity is Severity.ERROR

    @property
    def position(self) -> Position | None:
        """Return line and column in the file the user edits, from 1."""
        return self.source.position(self.span.start) if self.source is not None else None

    @property
    def location(self) -> str:
        """Return `file:line:column`, or what of it is known."""
        name = self.file or (self.source.name if self.source is not None else None) or "<query>"
        place = self.position
        return f"{name}:{place.line}:{place.column}" if place is not None else name

    def render(self) -> str:
        """Return the message as a person reads it, with the line, a caret and the help."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.severity}[{self.id}]: {self.message}"
        yield f"  --> {self.location}"
        gutter = " "
        if self.source is not None and self.position is not None:
            number = str(self.position.line)
            gutter = " " * len(number)
            line, caret_column, width = self._excerpt()
            yield f"{gutter} |"
            yield f"{number} | {line}"
            yield f"{gutter} | {' ' * caret_column}{'^' * width} {self.label}".rstrip()
        for name, text in (("help", self.help), ("note", self.note), ("elasticsearch", self.elasticsearch)):
            if text:
                yield f"{gutter} = {name}: {text}"

    def _excerpt(self, width_limit: int = 110) -> tuple[str, int, int]:
        """Return the line, the caret's column from 0 and its width; a long line is cut around the caret."""
        assert self.source is not None and self.position is not None
        line = self.source.line_at(self.span.start)
        column = self.position.column - 1
        width = max(1, min(self.span.end - self.span.start, len(line) - column))
        if len(line) > width_limit:
            start = max(0, min(column - 30, len(line) - width_limit))
            line, column = line[start : start + width_limit], column - start
            width = max(1, min(width, width_limit - column))
        line = "".join(" " if character in "\t\v\f\r" else character for character in line)
        return "".join(c if c.isprintable() else "\ufffd" for c in line), column, width


@dataclass(slots=True)
class Collector:
    """Takes the problems of one query; keeps the first `MAX_DIAGNOSTICS` of each severity, by place when read."""

    source: Source
    found: list[Diagnostic] = field(default_factory=list)
    room: dict[Severity, int] = field(default_factory=lambda: dict.fromkeys(Severity, MAX_DIAGNOSTICS))

    @property
    def is_full(self) -> bool:
        """Tell whether no more errors are taken: what is dear to say of one need not be said."""
        return not self.room[Severity.ERROR]

    def report(
        self,
        id: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        help: str | None = None,
        note: str | None = None,
        elasticsearch: str | None = None,
        elasticsearch_offset: int | None = None,
        elasticsearch_word: str = "line",
        column_shift: int = 0,
    ) -> None:
        """Add a problem at `span`.

        `elasticsearch` is Elasticsearch's message without its place, which is added: that of `elasticsearch_offset`
        (default: the span's start), moved right by `column_shift` (its plan builder counts columns one too high) and
        led in by `elasticsearch_word` (its query planner writes `Line`).
        """
        severity = Severity(REGISTER[id].severity)
        if not self.room[severity]:
            return
        if elasticsearch is not None:
            offset = span.start if elasticsearch_offset is None else elasticsearch_offset
            place = self.source.query_position(offset)
            elasticsearch = f"{elasticsearch_word} {place.line}:{place.column + column_shift}: {elasticsearch}"
        diagnostic = Diagnostic(id, message, self.source, span, label, help, note, elasticsearch)
        if diagnostic not in self.found:
            self.found.append(diagnostic)
            self.room[severity] -= 1

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """Return what was found, by place in the query."""
        return sorted(self.found, key=lambda diagnostic: diagnostic.span.start)

    @property
    def errors(self) -> list[Diagnostic]:
        """Return the problems that keep the query from running."""
        return [diagnostic for diagnostic in self.diagnostics if diagnostic.is_error]


def did_you_mean(suggestions: list[str]) -> str:
    """Return Elasticsearch's way to put suggestions: `, did you mean [a]?`, or nothing."""
    if not suggestions:
        return ""
    if len(suggestions) == 1:
        return f", did you mean [{suggestions[0]}]?"
    return f", did you mean any of [{', '.join(suggestions)}]?"
