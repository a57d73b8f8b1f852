"""Syntax tree → canonical EQL text, with the comments.

`print_query` builds a *document* from the tree (text, places where a line may end, groups that stay on one line when
they fit) and lays it out. Documents know their width, so the layout looks at each part once; nothing recurses, so a
query may be nested as deeply as the parser allows. Trees that are equal print alike, however they were written.

>>> from eqlite.language import ast
>>> from eqlite.datatypes import DataType
>>> hit = ast.PatternMatch(":", ast.FieldRef(("process", "name")), (ast.Literal("cmd.exe", DataType.KEYWORD),))
>>> print(print_query(ast.Query(ast.EventFilter("process", hit))), end="")
process where process.name : "cmd.exe"

Where comments go: a comment stays between the same conditions or list items. One on its own line comes to stand above
the next of them, any other one at the end of the line of the previous. The literals are written by `quoting.py`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import assert_never

from eqlite.language import ast
from eqlite.language.comments import Comment, blank_comments
from eqlite.language.quoting import category_text, field_text, literal_text
from eqlite.language.walk import depth

WIDTH = 100
_INDENT = 2
_DEEP = 300  # nodes below each other, past which only the parentheses that must be are written: the parser counts them
_NEVER = 1 << 60  # wider than any line


def print_query(
    query: ast.Query, comments: Sequence[Comment] = (), *, width: int = WIDTH, text: str | None = None
) -> str:
    """Return the canonical text of a query, ending in one newline.

    Args:
        comments: all the comments of the text that the query was parsed from, in order; every one is printed.
        width: the column at which lines are broken where they can be; literals and `//` comments may pass it.
        text: what query and comments were parsed from. With it, a comment stays on its side of a parenthesis.
    """
    builder = _Builder(comments, text, plain=depth(query) > _DEEP)
    return _lay_out(builder.query(query), width) + "\n"


def print_expression(expression: ast.Expr) -> str:
    """Return the canonical text of an expression, on one line.

    >>> print_expression(ast.Not(ast.Or((ast.FieldRef(("a",)), ast.FieldRef(("in",), optional=True)))))
    'not (a or ?`in`)'
    """
    return _lay_out(_Builder((), None, plain=depth(expression) > _DEEP).grouped(expression), _NEVER)


# --- documents -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """A place where a line may end, or `flat` when the group around stays on one line."""

    flat: str
    width: int


@dataclass(frozen=True, slots=True)
class _Wrap:
    """A blank, or a line end if the `needed` columns behind it do not fit any more."""

    needed: int
    width: int = 1


@dataclass(frozen=True, slots=True)
class _Remark:
    """A comment. After one that is `_NEVER` wide, the line must end."""

    text: str
    width: int


@dataclass(frozen=True, slots=True)
class _Concat:
    parts: tuple[_Document, ...]
    width: int


@dataclass(frozen=True, slots=True)
class _Indent:
    content: _Document
    width: int


@dataclass(frozen=True, slots=True)
class _Group:
    """A document that stays on one line if it fits, and else breaks at each of its own lines."""

    content: _Document
    width: int


_Document = str | _Line | _Wrap | _Remark | _Concat | _Indent | _Group

_SOFT = _Line("", 0)
_SPACE = _Line(" ", 1)
_HARD = _Line("", _NEVER)


def _width(document: _Document) -> int:
    return len(document) if isinstance(document, str) else document.width


def _concat(*parts: _Document) -> _Document:
    if all(isinstance(part, str) for part in parts):
        return "".join(map(str, parts))
    return _Concat(parts, sum(map(_width, parts)))


def _indent(*parts: _Document) -> _Document:
    content = _concat(*parts)
    return _Indent(content, _width(content))


def _group(*parts: _Document) -> _Document:
    content = _concat(*parts)
    return _Group(content, _width(content))


def _comma_separated(documents: Iterable[_Document]) -> list[_Document]:
    parts: list[_Document] = []
    for document in documents:
        parts += [", ", document] if parts else [document]
    return parts


# --- layout ----------------------------------------------------------------------------------------------------------

_Pending = list[tuple[int, bool, _Document]]  # what is still to be written, last first: indentation, on one line?


def _lay_out(document: _Document, width: int) -> str:
    pieces: list[str] = []
    column = 0
    deepest_indent = width // 2  # deeper text is not pushed out of sight, nor is the text made longer without bound
    pending: _Pending = [(0, False, document)]
    while pending:
        indent, flat, part = pending.pop()
        match part:
            case str():
                pieces.append(part)
                column += len(part)
            case _Line() | _Wrap():
                if flat or (isinstance(part, _Wrap) and column + 1 + part.needed <= width):
                    pieces.append(part.flat if isinstance(part, _Line) else " ")
                    column += part.width
                else:
                    column = min(indent, deepest_indent)
                    pieces.append("\n" + " " * column)
            case _Remark():
                pieces.append(part.text)
                column += len(part.text)
            case _Concat():
                pending.extend((indent, flat, inner) for inner in reversed(part.parts))
            case _Indent():
                pending.append((indent + _INDENT, flat, part.content))
            case _Group():
                fits = flat or _fits(part, width - column, pending)
                pending.append((indent, fits, part.content))
            case _:
                assert_never(part)
    return "".join(pieces)


def _fits(group: _Group, room: int, pending: _Pending) -> bool:
    """Return whether a group and the text up to the next possible line end fit into `room` columns.

    Looks at no more than `room` pieces of text, so it costs the same however long the query is.
    """
    room -= group.width
    if room < 0:
        return False
    for flat, part in _upcoming(pending):
        if isinstance(part, _Remark) or (not flat and not isinstance(part, str)):
            return True
        room -= _width(part)
        if room < 0:
            return False
    return True


def _upcoming(pending: _Pending) -> Iterator[tuple[bool, str | _Line | _Wrap | _Remark]]:
    """Yield the pending texts and line ends, each with a flag for those of a flat group."""
    for _, flat, document in reversed(pending):
        opened: list[Iterator[_Document]] = [iter((document,))]
        while opened:
            part = next(opened[-1], None)
            match part:
                case None:
                    opened.pop()
                case _Concat():
                    opened.append(iter(part.parts))
                case _Indent() | _Group():
                    opened.append(iter((part.content,)))
                case _:
                    yield flat, part


# --- precedence ------------------------------------------------------------------------------------------------------


class _Level(IntEnum):
    """Binding strength of an expression. An operand that binds less than its place needs gets parentheses."""

    ANY = 0
    JUNCTION = 1
    NOT = 2
    COMPARISON = 3
    SUM = 4
    PRODUCT = 5
    SIGN = 6
    PREDICATE = 7
    PRIMARY = 8


def _level(node: ast.Expr) -> _Level:
    match node:
        case ast.Literal() | ast.FieldRef() | ast.Call():
            return _Level.PRIMARY
        case ast.Membership() | ast.PatternMatch():
            return _Level.PREDICATE
        case ast.Negate():
            return _Level.SIGN
        case ast.Arithmetic():
            return _Level.SUM if node.operator in ("+", "-") else _Level.PRODUCT
        case ast.Comparison():
            return _Level.COMPARISON
        case ast.Not():
            return _Level.NOT
        case ast.And() | ast.Or():
            return _Level.JUNCTION
        case _:
            assert_never(node)


# --- comments --------------------------------------------------------------------------------------------------------

_BLANKS = " \t\r\n"


class _Comments:
    """The comments that are still to be printed, and the offsets of parentheses, which the tree lacks."""

    def __init__(self, comments: Sequence[Comment], text: str | None, *, plain: bool) -> None:
        self.comments = comments
        self.plain = plain
        self.next = 0
        self.text = "" if text is None or not comments else blank_comments(text).text
        self.openings: tuple[int, list[int]] = (-1, [])
        self.closings: tuple[int, list[int]] = (-1, [])

    def take(self, limit: int) -> list[Comment]:
        """Return the comments that start before an offset and were not taken before."""
        first = self.next
        while self.next < len(self.comments) and self.comments[self.next].span.start < limit:
            self.next += 1
        return list(self.comments[first : self.next])

    def is_next_before(self, limit: int) -> bool:
        """Return whether `take` would return anything."""
        return self.next < len(self.comments) and self.comments[self.next].span.start < limit

    def opening(self, node: ast.Expr, level: int) -> int:
        """Return the start of a node, with the parentheses that it gets as an operand of the level."""
        start = node.span.start
        if not self.text or not self.is_next_before(start):
            return start
        if self.openings[0] != start:
            self.openings = start, self._parentheses(range(start - 1, -1, -1), "(")
        found = self.openings[1]
        count = min(self._parentheses_at_edge(node, level, left=True), len(found))
        return found[count - 1] if count else start

    def closing(self, node: ast.Expr) -> int:
        """Return the offset of the closing parenthesis around a node, or 0 without a text or comments."""
        end = node.span.end
        if not self.text or self.next == len(self.comments):
            return 0
        if self.closings[0] != end:
            self.closings = end, self._parentheses(range(end, len(self.text)), ")")
        found = self.closings[1]
        count = min(1 + self._parentheses_at_edge(node, _Level.ANY, left=False), len(found))
        return found[count - 1] if count else end

    def _parentheses(self, offsets: range, parenthesis: str) -> list[int]:
        """Return the offsets of the parentheses that stand next to each other, in the order of `offsets`."""
        found: list[int] = []
        for offset in offsets:
            character = self.text[offset]
            if character == parenthesis:
                found.append(offset)
            elif character not in _BLANKS:
                break
        return found

    def term_level(self, node: ast.And | ast.Or, term: ast.Expr) -> _Level:
        """Return the level that a term needs to stand without parentheses.

        An `and` inside an `or` needs none, but everyone who reads it is helped by them.
        """
        needs_none = self.plain and isinstance(node, ast.Or) and isinstance(term, ast.And)
        return _Level.JUNCTION if needs_none else _Level.NOT

    def _parentheses_at_edge(self, node: ast.Expr, level: int, *, left: bool) -> int:
        """Return the number of adjacent parentheses at the start or end of the text of a node."""
        count = 0
        while True:
            count += _level(node) < level
            match node:
                case ast.And() | ast.Or():
                    term = node.terms[0 if left else -1]
                    level = self.term_level(node, term)
                    node = term
                case ast.Comparison():
                    node, level = node.left if left else node.right, _Level.SUM
                case ast.Arithmetic():
                    own = _level(node)
                    node, level = (node.left, own) if left else (node.right, own + 1)
                case ast.Membership() if left:
                    node, level = node.value, _Level.PRIMARY
                case ast.PatternMatch() if left:
                    node, level = node.value, _Level.PRIMARY
                case ast.Not() if not left:
                    node, level = node.operand, _Level.NOT
                case ast.Negate() if not left:
                    node, level = node.operand, _Level.SIGN
                case _:
                    return count


def _remark(comment: Comment) -> _Remark:
    """Return a comment to stand behind something on its line."""
    ends_line = comment.text.startswith("//") or "\n" in comment.text
    return _Remark(" " + comment.text, _NEVER if ends_line else 1 + len(comment.text))


# --- tree -> document ------------------------------------------------------------------------------------------------

# A part of the tree that is being built: it asks for the documents of expressions (with the level that their place
# needs) and returns its own. `_Builder.expression` answers, so that Python's stack does not grow with the tree.
_Build = Generator[tuple[ast.Expr, int], _Document, _Document]
_BuildParts = Generator[tuple[ast.Expr, int], _Document, list[_Document]]


class _Builder:
    """Builds the document of one query."""

    def __init__(self, comments: Sequence[Comment], text: str | None, *, plain: bool) -> None:
        self.comments = _Comments(comments, text, plain=plain)

    # --- queries -----------------------------------------------------------------------------------------------------

    def query(self, query: ast.Query) -> _Document:
        parts: list[_Document] = []
        for comment in self.comments.take(query.body.span.start):
            parts += [comment.text, _HARD]
        match query.body:
            case ast.EventFilter() as body:
                parts.append(_group(self.event_filter(body)))
            case ast.Sequence() | ast.Sample() | ast.Join() as body:
                parts.append(self.stages(body))
            case unexpected:
                assert_never(unexpected)
        for pipe in query.pipes:
            parts += [*self.line_between(pipe.span.start), "| ", pipe.name]
            if pipe.arguments:
                parts += [" ", *_comma_separated(map(self.grouped, pipe.arguments))]
        last = self.remarks_at_end(_NEVER, query.span.end)
        is_condition = isinstance(query.body, ast.EventFilter) and not query.pipes
        parts.append(_indent(*last) if is_condition else _concat(*last))
        return _concat(*parts)

    def stages(self, body: ast.Sequence | ast.Sample | ast.Join) -> _Document:
        parts: list[_Document] = [type(body).__name__.lower()]
        if body.keys:
            parts += [" by ", *_comma_separated(map(self.grouped, body.keys))]
        if isinstance(body, ast.Sequence) and body.maxspan is not None:
            parts.append(f" with maxspan={body.maxspan.value}{body.maxspan.unit}")
        inner: list[_Document] = []
        for stage in body.stages:
            inner += [*self.line_between(stage.span.start), self.stage(stage)]
        parts.append(_indent(*inner))
        if not isinstance(body, ast.Sample) and body.until is not None:
            parts += [*self.line_between(body.until.span.start), "until ", self.stage(body.until)]
        return _concat(*parts)

    def stage(self, stage: ast.Stage) -> _Document:
        inside = self.event_filter(stage.filter)
        last = _indent(*self.remarks_at_end(stage.span.end, stage.filter.span.end))
        parts: list[_Document] = [_group("![" if stage.missing else "[", inside, last, _SOFT, "]")]
        if stage.keys:
            parts += [" by ", *_comma_separated(map(self.grouped, stage.keys))]
        if stage.runs != 1:
            parts.append(f" with runs={stage.runs}")
        return _concat(*parts)

    def event_filter(self, event_filter: ast.EventFilter) -> _Document:
        condition = event_filter.condition
        before, is_broken = self.remarks_between(self.comments.opening(condition, _Level.ANY))
        document = self.expression(condition)
        is_junction = isinstance(condition, ast.And | ast.Or)
        first_term = document.parts[0] if is_junction and isinstance(document, _Concat) else document
        line = [] if is_broken else [_Wrap(_width(first_term))]
        return _concat(category_text(event_filter.category), " where", _indent(*before, *line, document))

    # --- comments ----------------------------------------------------------------------------------------------------

    def line_between(self, limit: int) -> list[_Document]:
        """Return the line end before what starts at `limit`, with the comments there."""
        remarks, is_broken = self.remarks_between(limit)
        return remarks if is_broken else [*remarks, _HARD]

    def remarks_between(self, limit: int, behind: int = 0) -> tuple[list[_Document], bool]:
        """Return the comments before what starts at `limit`, and whether they end with a line end of their own.

        Comments that start before `behind` were written inside the part before, where there is no place for them: they
        go to the end of its line.
        """
        trailing, own_lines = self.split(self.comments.take(limit), behind)
        remarks: list[_Document] = [*trailing]
        is_broken = bool(own_lines) or any(remark.width >= _NEVER for remark in trailing)
        if is_broken:
            remarks.append(_HARD)
        for comment in own_lines:
            remarks += [comment.text, _HARD]
        return remarks, is_broken

    def remarks_at_end(self, limit: int, behind: int) -> list[_Document]:
        """Return the comments between the last part of something, which ends at `behind`, and its end at `limit`."""
        trailing, own_lines = self.split(self.comments.take(limit), behind)
        remarks: list[_Document] = [*trailing]
        for comment in own_lines:
            remarks += [_HARD, comment.text]
        return remarks

    def split(self, comments: list[Comment], behind: int) -> tuple[list[_Remark], list[Comment]]:
        """Divide comments into those that stay on the line before them, and those that get lines of their own."""
        trailing: list[_Remark] = []
        for index, comment in enumerate(comments):
            follows_line_end = bool(trailing) and trailing[-1].width >= _NEVER
            if follows_line_end or (comment.own_line and comment.span.start >= behind):
                return trailing, comments[index:]
            trailing.append(_remark(comment))
        return trailing, []

    # --- expressions -------------------------------------------------------------------------------------------------

    def grouped(self, node: ast.Expr) -> _Document:
        """Return the document of a whole expression as one item of a list, on one line if it fits."""
        return _group(self.expression(node))

    def expression(self, node: ast.Expr, level: int = _Level.ANY) -> _Document:
        """Return the document of an expression, in parentheses if it binds less tightly than `level` asks."""
        opened = [self.build(node, level)]
        answer: _Document | None = None
        while True:
            try:
                asked = next(opened[-1]) if answer is None else opened[-1].send(answer)
            except StopIteration as finished:
                built: _Document = finished.value
                opened.pop()
                if not opened:
                    return built
                answer = built
            else:
                opened.append(self.build(*asked))
                answer = None

    def build(self, node: ast.Expr, level: int) -> _Build:  # noqa: C901 - one case for each kind of node
        is_bare = _level(node) >= level
        match node:
            case ast.And() | ast.Or():
                return (yield from self.junction(node, is_bare=is_bare))
            case ast.Literal():
                document: _Document = literal_text(node)
            case ast.FieldRef():
                document = field_text(node.parts, optional=node.optional)
            case ast.Call():
                arguments = yield from self.bracketed(node.arguments, node.span.end)
                document = _concat(node.name + ("~" if node.case_insensitive else ""), arguments)
            case ast.Membership():
                value = yield node.value, _Level.PRIMARY
                operator = (" not" if node.negated else "") + (" in~ " if node.case_insensitive else " in ")
                document = _concat(value, operator, (yield from self.bracketed(node.items, node.span.end)))
            case ast.PatternMatch():
                value = yield node.value, _Level.PRIMARY
                if len(node.patterns) == 1:
                    patterns = yield node.patterns[0], _Level.PRIMARY
                else:
                    patterns = yield from self.bracketed(node.patterns, node.span.end)
                document = _concat(value, f" {node.operator} ", patterns)
            case ast.Not():
                document = _concat("not ", (yield node.operand, _Level.NOT))
            case ast.Negate():
                document = _concat("-", (yield node.operand, _Level.SIGN))
            case ast.Comparison():
                left = yield node.left, _Level.SUM
                document = _concat(left, f" {node.operator} ", (yield node.right, _Level.SUM))
            case ast.Arithmetic():
                chain = [node]  # at once: put together link by link, a long one would be copied as often
                while isinstance(inner := chain[-1].left, ast.Arithmetic) and _level(inner) >= _level(chain[-1]):
                    chain.append(inner)
                parts: list[_Document] = [(yield chain[-1].left, _level(chain[-1]))]
                for link in reversed(chain):
                    parts += [f" {link.operator} ", (yield link.right, _level(link) + 1)]
                document = _concat(*parts)
            case _:
                assert_never(node)
        return document if is_bare else _concat("(", document, ")")

    def junction(self, node: ast.And | ast.Or, *, is_bare: bool) -> _Build:
        if is_bare:
            return _concat(*(yield from self.terms(node)))
        first = node.terms[0]
        before, is_broken = self.remarks_between(self.comments.opening(first, self.comments.term_level(node, first)))
        line = [] if is_broken else [_SPACE if before else _SOFT]
        terms = yield from self.terms(node)
        last = self.remarks_at_end(self.comments.closing(node), node.span.end)
        return _group("(", _indent(*before, *line, *terms, *last), _SOFT, ")")

    def terms(self, node: ast.And | ast.Or) -> _BuildParts:
        """Return the terms, each with its `and` or `or`, and the line ends and comments between them."""
        word = " and" if isinstance(node, ast.And) else " or"
        parts: list[_Document] = []
        for index, term in enumerate(node.terms):
            level = self.comments.term_level(node, term)
            if index:
                between, is_broken = self.remarks_between(
                    self.comments.opening(term, level), node.terms[index - 1].span.end
                )
                parts += between if is_broken else [*between, _SPACE]
            document = yield term, level
            if level == _Level.JUNCTION:
                document = _group(document)
            parts.append(_concat(document, word) if index < len(node.terms) - 1 else document)
        return parts

    def bracketed(self, items: Sequence[ast.Expr], end: int) -> _Build:
        """Return a list in parentheses that ends at `end`. If it does not fit, its lines are filled with items."""
        if not items:
            return "()"
        before, is_broken = self.remarks_between(self.comments.opening(items[0], _Level.ANY))
        parts = before if is_broken else [*before, _SPACE if before else _SOFT]
        for index, item in enumerate(items):
            if index:
                limit = self.comments.opening(item, _Level.ANY)
                between, is_broken = self.remarks_between(limit, items[index - 1].span.end)
            document = yield item, _Level.ANY
            if not isinstance(document, str):
                document = _group(document)
            if index < len(items) - 1:
                document = _concat(document, ",")
            if index:
                parts += between if is_broken else [*between, _Wrap(_width(document))]
            parts.append(document)
        parts += self.remarks_at_end(end, items[-1].span.end)
        return _group("(", _indent(*parts), _SOFT, ")")
