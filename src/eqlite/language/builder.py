"""Lark's reductions → syntax tree. The last place that sees lark.

Lark calls a method of `Builder` for each rule as it reduces it, so no parse tree is ever held. The builder has no
state; what the grammar takes in only to refuse it by name (single quotes, `field[0]`, `descendant of`) is raised as
`Refusal`, and the parser turns that into a diagnostic.
"""

from __future__ import annotations

from typing import Any

from lark import Token, Transformer

from eqlite.datatypes import DataType
from eqlite.language import ast
from eqlite.language.literals import LiteralError, read_name, read_number, read_string
from eqlite.limits import MAX_RUNS
from eqlite.source import Span
from eqlite.values.durations import UNIT_MILLIS

Children = list[Any]

_WORDS = {
    "NULL": (None, DataType.NULL),
    "TRUE": (True, DataType.BOOLEAN),
    "FALSE": (False, DataType.BOOLEAN),
}


class Refusal(Exception):
    """Something the grammar takes in but EQL refuses.

    Attributes:
        id, message, help: for the diagnostic.
        span: what to underline.
        elasticsearch: Elasticsearch's words; `offset` is the place they name, `shift` how many columns too high.
        repair: the span to skip when reading on; None where reading on makes no sense.
    """

    def __init__(
        self,
        id: str,
        message: str,
        span: Span,
        *,
        elasticsearch: str,
        help: str | None = None,
        offset: int | None = None,
        shift: int = 0,
        repair: Span | None = None,
    ) -> None:
        super().__init__(message)
        self.id, self.message, self.span, self.help = id, message, span, help
        self.elasticsearch, self.shift, self.repair = elasticsearch, shift, repair
        self.offset = span.start if offset is None else offset


def span_of(token: Token) -> Span:
    """Return the offsets of a token."""
    return Span(token.start_pos or 0, token.end_pos or 0)


class Builder(Transformer[Any, Any]):
    """One method per rule of the grammar, called with the rule's children."""

    # --- queries -----------------------------------------------------------------------------------------------------

    def query(self, children: Children) -> ast.Query:
        body, *pipes = children
        return ast.Query(body, tuple(pipes), span=body.span.to((pipes or [body])[-1].span))

    def lone_expression(self, children: Children) -> ast.Expr:
        expression: ast.Expr = children[0]
        return expression

    def event_filter(self, children: Children) -> ast.EventFilter:
        token, _where, condition = children
        category = None if token.type == "ANY" else str(token) if token.type == "NAME" else _string_value(token)
        start = span_of(token)
        return ast.EventFilter(category, condition, span=start.to(condition.span), category_span=start)

    def sequence(self, children: Children) -> ast.Sequence:
        start, (keys, maxspan), *stages, until = children
        end = until or stages[-1]
        return ast.Sequence(tuple(stages), keys or (), maxspan, until, span=span_of(start).to(end.span))

    def sequence_header(self, children: Children) -> Children:
        return children

    def keys_after_maxspan(self, children: Children) -> Children:
        _maxspan, keys = children
        raise Refusal(
            "by-after-with",
            "`by` stands after `with`",
            keys[0].span,
            help="write `sequence by … with maxspan=…`",
            elasticsearch="Please specify sequence [by] before [with] not after",
            shift=1,
        )

    def maxspan(self, children: Children) -> ast.Duration:
        duration: ast.Duration = children[0]
        return duration

    def duration(self, children: Children) -> ast.Duration:
        number, unit = children
        span = number.span if unit is None else number.span.to(span_of(unit))
        problem = _duration_problem(number, unit)
        if problem is not None:
            message, help, words = problem
            raise Refusal("bad-duration", message, span, help=help, elasticsearch=words, shift=1)
        return ast.Duration(number.value, str(unit), span=span)  # type: ignore[arg-type]

    def until(self, children: Children) -> ast.Stage:
        stage: ast.Stage = children[0]
        return stage

    def sample(self, children: Children) -> ast.Sample:
        start, keys, *stages = children
        return ast.Sample(tuple(stages), keys or (), span=span_of(start).to(stages[-1].span))

    def join(self, children: Children) -> ast.Join:
        start, keys, *stages, until = children
        end = until or stages[-1]
        return ast.Join(tuple(stages), keys or (), until, span=span_of(start).to(end.span))

    def stage(self, children: Children) -> ast.Stage:
        opening, filter_, closing, keys, runs = children
        missing = opening.type == "MISSING"
        return ast.Stage(filter_, keys or (), runs or 1, missing, span=span_of(opening).to(span_of(closing)))

    def stage_option(self, children: Children) -> int:
        _with, name, number = children
        if name != "runs":
            raise Refusal(
                "unknown-option",
                f"a stage has no option `{name}`",
                span_of(name),
                help="the option of a stage is `with runs=N`",
                elasticsearch=f"Unrecognized option [{name}], expecting [runs]",
                shift=1,
            )
        runs = number.value if isinstance(number.value, int) else 1  # a decimal is read as 1, as Elasticsearch does
        if not 1 <= runs <= MAX_RUNS:
            words = (
                f"A positive runs value is required; found [{runs}]"
                if runs < 1
                else f"A query cannot be repeated more than {MAX_RUNS} times; found [{runs}]"
            )
            raise Refusal(
                "bad-runs", f"`runs={runs}` is not between 1 and {MAX_RUNS}", number.span, elasticsearch=words, shift=1
            )
        return runs

    def keys(self, children: Children) -> tuple[ast.Expr, ...]:
        return tuple(children)

    def pipe(self, children: Children) -> ast.Pipe:
        name, *arguments = children
        arguments = [argument for argument in arguments if argument is not None]
        start = span_of(name)
        end = arguments[-1].span if arguments else start
        return ast.Pipe(str(name), tuple(arguments), span=start.to(end), name_span=start)

    # --- conditions --------------------------------------------------------------------------------------------------

    def either(self, children: Children) -> ast.Or:
        return ast.Or(tuple(children), span=children[0].span.to(children[-1].span))

    def both(self, children: Children) -> ast.And:
        return ast.And(tuple(children), span=children[0].span.to(children[-1].span))

    def negated(self, children: Children) -> ast.Not:
        word, operand = children
        return ast.Not(operand, span=span_of(word).to(operand.span))

    def relationship(self, children: Children) -> ast.Expr:
        name, _of, _open, _filter, closing = children
        span = span_of(name).to(span_of(closing))
        raise Refusal(
            "process-relationship",
            f"`{name} of` is not supported",
            span,
            help="join the two events in a sequence, by `process.entity_id` and `process.parent.entity_id`",
            elasticsearch="Process relationships are not supported",
            repair=span,
        )

    def compared(self, children: Children) -> ast.Comparison:
        left, operator, right = children
        return ast.Comparison(
            str(operator),  # type: ignore[arg-type]
            left,
            right,
            span=left.span.to(right.span),
        )

    def membership(self, children: Children) -> ast.Membership:
        value, negation, operator, *items, closing = children
        return ast.Membership(
            value,
            tuple(items),
            negated=negation is not None,
            case_insensitive=operator.type == "IN_TILDE",
            span=value.span.to(span_of(closing)),
        )

    def matched(self, children: Children) -> ast.PatternMatch:
        value, operator, pattern = children
        return ast.PatternMatch(
            str(operator),  # type: ignore[arg-type]
            value,
            (pattern,),
            span=value.span.to(pattern.span),
        )

    def matched_list(self, children: Children) -> ast.PatternMatch:
        value, operator, *patterns, closing = children
        return ast.PatternMatch(
            str(operator),  # type: ignore[arg-type]
            value,
            tuple(patterns),
            span=value.span.to(span_of(closing)),
        )

    # --- values ------------------------------------------------------------------------------------------------------

    def arithmetic(self, children: Children) -> ast.Arithmetic:
        left, operator, right = children
        return ast.Arithmetic(
            str(operator),  # type: ignore[arg-type]
            left,
            right,
            span=left.span.to(right.span),
        )

    def minus(self, children: Children) -> ast.Negate:
        sign, operand = children
        return ast.Negate(operand, span=span_of(sign).to(operand.span))

    def plus(self, children: Children) -> ast.Expr:
        operand: ast.Expr = children[1]
        return operand

    def group(self, children: Children) -> ast.Expr:
        expression: ast.Expr = children[1]
        return expression

    def call(self, children: Children) -> ast.Call:
        name, _open, *arguments, closing = children
        insensitive = name.type == "TILDE_NAME"
        return ast.Call(
            str(name)[:-1] if insensitive else str(name),
            tuple(argument for argument in arguments if argument is not None),
            case_insensitive=insensitive,
            span=span_of(name).to(span_of(closing)),
        )

    def field(self, children: Children) -> ast.FieldRef:
        optional, *rest = children
        if len(rest) == 1:  # most fields are one token
            token = rest[0]
            parts = token.split(".") if token.type == "DOTTED" else [_name_value(token)]
            start = optional if optional is not None else token
            return ast.FieldRef(tuple(map(str, parts)), optional is not None, span=span_of(start).to(span_of(token)))
        start = optional if optional is not None else rest[0]
        span = span_of(start).to(span_of(rest[-1]))
        names: list[str] = []
        for token in rest:
            if token.type == "INDEX":
                raise _index_refusal(token, span)
            if token.type == "DOTTED":
                names += token.split(".")
            elif token.type != "DOT":
                names.append(_name_value(token))
        return ast.FieldRef(tuple(names), optional is not None, span=span)

    def string(self, children: Children) -> ast.Literal:
        token = children[0]
        return ast.Literal(_string_value(token), DataType.KEYWORD, span=span_of(token))

    def number(self, children: Children) -> ast.Literal:
        token = children[0]
        return ast.Literal(*read_number(str(token)), span=span_of(token))

    def word(self, children: Children) -> ast.Literal:
        token = children[0]
        return ast.Literal(*_WORDS[token.type], span=span_of(token))


def _name_value(token: Token) -> str:
    return read_name(str(token)) if token.type == "QUOTED_NAME" else str(token)


def _string_value(token: Token) -> str:
    if token.type == "OLD_STRING":
        raise _old_string_refusal(str(token), span_of(token))
    try:
        return read_string(str(token))
    except LiteralError as error:
        span = span_of(token)
        raise Refusal(
            "bad-escape",
            "an escape sequence that names no character",
            span,
            help="`\\u{…}` takes two to eight hex digits of a Unicode character",
            elasticsearch=str(error),
            shift=1,
            repair=span,
        ) from None


def _old_string_refusal(text: str, span: Span) -> Refusal:
    if text.startswith("'"):
        inner = text[1:-1].replace('"', '\\"')
        return Refusal(
            "single-quotes",
            "single quotes do not make a string",
            span,
            help=f'write `"{inner}"`' if len(inner) <= 60 else "use double quotes",
            elasticsearch="Use double quotes [\"] to define string literals, not single quotes [']",
            shift=1,
            repair=span,
        )
    inner = text[2:-1]
    return Refusal(
        "old-raw-string",
        f"`?{text[1]}` does not start a raw string",
        span,
        help=f'write `"""{inner}"""`' if len(inner) <= 60 else "use three double quotes",
        elasticsearch=f'Use triple double quotes ["""] to define unescaped string literals, not [?{text[1]}]',
        shift=1,
        repair=span,
    )


def _index_refusal(token: Token, span: Span) -> Refusal:
    start = span_of(token)
    blanks = len(token) - len(token[1:].lstrip())
    return Refusal(
        "array-index",
        "an array has no positions in EQL",
        start,
        help="leave the index out: a condition holds when any value of the field meets it",
        elasticsearch="Array indexes are not supported",
        offset=start.start + blanks,
        repair=span,
    )


def _duration_problem(number: ast.Literal, unit: Token | None) -> tuple[str, str, str] | None:
    """Return message, help and Elasticsearch's words for a bad time span, None for a good one."""
    text = str(number.value)
    if not isinstance(number.value, int):
        return (
            "a time span is a whole number",
            "use a smaller unit: `1500ms`, `90s`",
            f"Decimal time interval [{text}{unit or ''}] not supported; please use an positive integer",
        )
    if unit is None:
        return (
            f"`{text}` has no time unit",
            f"write `{text}s`, or one of `ms s m h d`",
            f"No time unit specified, did you mean [s] as in [{text}s]?",
        )
    if str(unit) not in UNIT_MILLIS:
        return (
            f"`{unit}` is no time unit",
            "use one of `ms s m h d`",
            f"Unrecognized time unit [{unit}] in [{text}{unit}], please specify one of [ms, s, m, h, d]",
        )
    if number.value <= 0:
        words = f"A positive maxspan value is required; found [{text}{unit}]"
        return ("`maxspan` must be positive", "write `maxspan=1s`", words)
    return None
