"""Diagnostics: problems with their positions and corrections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from eqlite.diagnostics.register import REGISTER, Category
from eqlite.source import Position, Source, Span


class Severity(StrEnum):
    """The severity of a problem: `"error"` keeps a query from running, `"warning"` does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A problem of a query, a rule or a file.

    Attributes:
        id: its kind, in kebab case. It never changes: `docs/reference/diagnostics.md` lists all.
        message: the problem, in lower case without a full stop, with the user's text in backticks.
        source: the text that has the problem; None for a file that cannot be opened.
        span: the range in `source.text`.
        label: a few words on the problem at this position.
        help: one concrete edit that fixes it.
        note: the reason, or further advice.
        elasticsearch: the message of Elasticsearch, with line and column in the query.
        file: the file, where there is no source.

    >>> import eqlite
    >>> print(eqlite.analyze("process where length(process.name)")[0].render())
    error[not-boolean]: the condition is neither true nor false but of type integer
      --> <query>:1:15
      |
    1 | process where length(process.name)
      |               ^^^^^^^^^^^^^^^^^^^^
      = help: write `length(process.name) > 0`, or compare it with a value
      = elasticsearch: line 1:15: Condition expression needs to be boolean, found [INTEGER]
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
    def category(self) -> Category:
        """Return the category that the register gives to this id, such as `syntax` or `schema`."""
        return REGISTER[self.id].category

    @property
    def is_error(self) -> bool:
        """Return whether the problem keeps the query from running."""
        return self.severity is Severity.ERROR

    @property
    def fails_search(self) -> bool:
        """Return whether `strict=True` refuses the warning, since Elasticsearch fails the search."""
        return REGISTER[self.id].fails_search

    @property
    def position(self) -> Position | None:
        """Return line and column in the file that the user edits, or None without a text."""
        return self.source.position(self.span.start) if self.source is not None else None

    @property
    def location(self) -> str:
        """Return the known part of `file:line:column`."""
        name = self.file or (self.source.name if self.source is not None else None) or "<query>"
        position = self.position
        return f"{name}:{position.line}:{position.column}" if position is not None else name

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
        """Return the line, cut around the caret if long, the caret's column from 0, and its width."""
        assert self.source is not None
        line, column = self.source.line_around(self.span.start, 2 * width_limit)
        width = max(1, min(self.span.end - self.span.start, len(line) - column))
        if len(line) > width_limit:
            start = max(0, min(column - 30, len(line) - width_limit))
            line, column = line[start : start + width_limit], column - start
            width = max(1, min(width, width_limit - column))
        line = "".join(" " if character in "\t\v\f\r" else character for character in line)
        return "".join(c if c.isprintable() else "\ufffd" for c in line), column, width
