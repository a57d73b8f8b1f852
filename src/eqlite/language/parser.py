"""Query text → syntax tree, or diagnostics of its errors.

The grammar is `eql.lark`, read by Lark's LALR parser. A sound query is parsed in one go. After an error, the clause or
list item with the error is set aside, and parsing continues after it, so that several mistakes are reported together.
"""

from __future__ import annotations

import os
import re
import sys
from copy import copy
from functools import cache
from importlib import resources
from typing import Any

from lark import Lark, Token, UnexpectedInput
from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from lark.parse_tree_builder import ExpandSingleChild
from lark.parser_frontends import ParsingFrontend
from lark.parsers.lalr_analysis import IntParseTable
from lark.parsers.lalr_parser import _Parser

from eqlite.diagnostics import Collector
from eqlite.errors import EqlError, error_for
from eqlite.language import ast
from eqlite.language.builder import Builder, Refusal
from eqlite.language.comments import Blanked, Comment, blank_comments
from eqlite.language.lexer import QuickLexer
from eqlite.language.syntax_errors import describe_character, describe_end, describe_token
from eqlite.language.unit_productions import shorten
from eqlite.language.walk import nesting
from eqlite.limits import MAX_LIST_ITEMS, MAX_NESTING, MAX_QUERY_BYTES
from eqlite.source import Source, Span

_MAX_REPAIRS = 20
_FRAMES_PER_LEVEL = 8
_MAX_BAD_CHARACTERS = 20
_PLACEHOLDER = ""  # the text of a token that stands for a clause set aside
_BRACKETS = re.compile(r'"""[^\r\n]*?"""(?:"{1,2})?|"(?:[^\r\n"\\]|\\[^\r\n])*+"|`[^`]*+`|[()\[\],]|\bnot\b|-')
_BOUNDARIES = frozenset({"AND", "OR", "COMMA", "RPAR", "RSQB", "VBAR"})


def parse(text: str | Source) -> ast.Query:
    """Return the syntax tree of a query: frozen dataclasses with spans. The shape of the tree may change.

    Raises:
        EqlSyntaxError: the text is not EQL. All problems found are in `diagnostics`.
        LimitError: a query longer than 1 MiB, nested more than 1,000 deep, or with a list of more than 65,536 items.

    >>> import eqlite
    >>> tree = eqlite.parse('process where process.name : "cmd.exe"')
    >>> tree.body.category, tree.body.condition.operator
    ('process', ':')
    """
    return parse_with_comments(text)[0]


def parse_with_comments(text: str | Source) -> tuple[ast.Query, tuple[Comment, ...]]:
    """Return the syntax tree of a query and its comments in order. Raises as `parse`."""
    source = text if isinstance(text, Source) else Source(text)
    collector = Collector(source)
    query, comments = read(source, collector)
    error = error_for(collector.diagnostics)
    if error is not None:
        raise error
    assert isinstance(query, ast.Query)
    return query, comments


def parse_expression(text: str) -> ast.Expr:
    """Return the syntax tree of a lone expression, such as `1 + 2` or `concat(a, "x")`. Raises as `parse`."""
    collector = Collector(Source(text))
    expression, _ = read(collector.source, collector, start="lone_expression")
    error = error_for(collector.diagnostics)
    if error is not None:
        raise error
    return expression  # type: ignore[return-value]


def read(
    source: Source, collector: Collector, *, start: str = "query"
) -> tuple[ast.Query | ast.Expr | None, tuple[Comment, ...]]:
    """Parse, reporting into `collector`. The tree is None if too much of the text is wrong.

    After an error the tree holds `null` for the clauses and items set aside, so that the rest can still be analysed.

    Raises:
        EqlError: the source holds no text.
    """
    given: object = source.text
    if not isinstance(given, str):
        hint = "; `eqlite.load_rule` reads a rule's file" if isinstance(given, os.PathLike) else ""
        raise EqlError(f"a query is a text, such as 'process where true'; this is a {type(given).__name__}{hint}")
    if not within_limits(source.text, collector):
        return None, ()
    blanked = blank_comments(source.text)
    if blanked.unclosed is not None:
        span = Span(blanked.unclosed, blanked.unclosed + 2)
        collector.report(
            "unterminated-comment",
            "this comment is never closed",
            span,
            help="end it with `*/`; comments nest, so each `/*` needs one",
            elasticsearch="token recognition error at: '/*'",
        )
    tree: Any
    try:
        tree = quick_parser().parse(blanked.text, start)
    except (UnexpectedInput, Refusal):
        tree = _read_on(blanked, collector, start)
    if tree is not None and not _shallow(tree, source.text, collector):
        return None, ()
    return tree, blanked.comments


@cache
def grammar() -> Lark:
    """Return the parser, built once per process at the first query."""
    text = resources.files("eqlite.language").joinpath("eql.lark").read_text(encoding="utf-8")
    made = Lark(
        text,
        parser="lalr",
        lexer=QuickLexer,
        start=["query", "lone_expression"],
        transformer=Builder(visit_tokens=False),
        maybe_placeholders=True,
    )
    for rule in made.rules:  # named by tokens of the grammar's text, which are slow to compare: a tenth of the time
        rule.origin.name = str(rule.origin.name)
    return made


@cache
def quick_parser() -> ParsingFrontend:
    """Return a parser without unit productions: it gives the same trees and less detailed errors."""
    whole = grammar().parser
    lalr = whole.parser.parser
    detours = {
        rule: rule.origin.name
        for rule, callback in lalr.callbacks.items()
        if len(rule.expansion) == 1 and isinstance(callback, ExpandSingleChild)
    }
    table = lalr.parse_table
    states = shorten(table.states, detours)
    quick = copy(whole)
    quick.parser = _Parser(IntParseTable(states, table.start_states, table.end_states), lalr.callbacks)  # type: ignore[no-untyped-call]
    return quick


# --- limits ----------------------------------------------------------------------------------------------------------


def within_limits(text: str, collector: Collector) -> bool:
    """Check length, nesting and length of lists before any parsing, in one linear pass that ends early."""
    whole = Span(0, min(len(text), 1))
    if len(text) > MAX_QUERY_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_QUERY_BYTES:
        collector.report("query-too-long", f"the query is longer than {MAX_QUERY_BYTES:,} bytes", whole)
        return False
    openings = text.count("(") + text.count("[") + text.count("not") + text.count("-")
    if openings <= MAX_NESTING and text.count(",") < MAX_LIST_ITEMS:
        return True
    items, prefixes, after_prefix = [0], 0, 0
    for found in _BRACKETS.finditer(text):
        symbol, span = found.group(), Span(found.start(), found.end())
        if symbol in ("not", "-"):
            prefixes = prefixes + 1 if not text[after_prefix : span.start].strip() else 1
            after_prefix = span.end
        elif symbol in "([":
            items.append(1)
        elif symbol in ")]":
            if len(items) > 1:
                items.pop()
        elif symbol == ",":
            items[-1] += 1
        if len(items) + prefixes - 1 > MAX_NESTING:
            collector.report("nesting-too-deep", f"the query is nested more than {MAX_NESTING:,} deep", span)
            return False
        if items[-1] > MAX_LIST_ITEMS:
            collector.report("list-too-long", f"a list has more than {MAX_LIST_ITEMS:,} items", span)
            return False
    return True


def _shallow(tree: Any, text: str, collector: Collector) -> bool:
    """Check the depth of the tree itself, and raise the recursion limit for a deep one.

    A bracket may hold several levels.
    """
    operators = sum(map(text.count, "+-*/%([")) + text.count("not")
    if operators < 100:
        return True
    depth = nesting(tree)
    if depth > 2 * MAX_NESTING:
        span = Span(0, min(len(text), 1))
        collector.report("nesting-too-deep", f"the query is nested more than {MAX_NESTING:,} deep", span)
        return False
    if depth > 100:
        # Python-to-Python calls take no C stack since 3.11, so a higher limit is safe for walking trees; what recurses
        # in C (`events/decoding.py`) must not rely on it. It is never lowered: another thread may be deep in a tree.
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _FRAMES_PER_LEVEL * MAX_NESTING))
    return True


# --- reading on after an error ---------------------------------------------------------------------------------------


def _read_on(blanked: Blanked, collector: Collector, start: str) -> Any:
    """Report the errors one by one, each with its clause set aside. Return the rest of the tree, or None."""
    tokens = _tokens(blanked.text, collector)
    for _ in range(_MAX_REPAIRS):
        try:
            return _feed(tokens, start)
        except Refusal as refusal:
            collector.report(
                refusal.id,
                refusal.message,
                refusal.span,
                help=refusal.help,
                elasticsearch=refusal.elasticsearch,
                elasticsearch_offset=refusal.offset,
                column_shift=refusal.shift,
            )
            repaired = _set_aside(tokens, refusal.repair) if refusal.repair is not None else None
        except UnexpectedToken as error:
            repaired = _repair(error, tokens, collector)
        if repaired is None or repaired == tokens:
            return None
        tokens = repaired
    return None


def _repair(error: UnexpectedToken, tokens: list[Token], collector: Collector) -> list[Token] | None:
    """Report a misplaced token. Return the tokens without its clause, or None to stop reading."""
    bad = error.token
    if bad.type == "$END":
        if not collector.found:
            describe_end(error.expected, tokens, collector)
        return None
    if bad == _PLACEHOLDER:
        return None
    clause = _clause(tokens, bad)
    if not any(clause.start <= found.span.start < clause.end for found in collector.found):
        describe_token(bad, error.expected, tokens, collector)
    return _set_aside(tokens, clause)


def _tokens(text: str, collector: Collector) -> list[Token]:
    """Return the tokens of a text, without stray characters, which are reported. Stop at too many of them."""
    lexer = QuickLexer(grammar().parser.lexer_conf)
    tokens: list[Token] = []
    strays: list[int] = []
    offset = 0
    for _ in range(_MAX_BAD_CHARACTERS):
        try:
            tokens.extend(lexer.lex(text, offset))
            break
        except UnexpectedCharacters as error:
            bad: int = error.pos_in_stream  # type: ignore[assignment]
            offset = describe_character(text, bad, collector)
            if text[bad] in '"`':  # what a broken string or name should have been, so that its clause stays whole
                kind = "STRING" if text[bad] == '"' else "NAME"
                tokens.append(Token(kind, '""' if kind == "STRING" else "_", bad, end_pos=offset))
            else:
                strays.append(bad)
    for stray in strays:  # no more problems of a clause with a character that cannot be read
        near = next((token for token in reversed(tokens) if (token.start_pos or 0) < stray), None)
        if near is not None and near.type not in _BOUNDARIES | {"WHERE"}:
            tokens = _set_aside(tokens, _clause(tokens, near))
    return tokens


def _feed(tokens: list[Token], start: str) -> Any:
    parser = grammar().parse_interactive(start=start)
    for token in tokens:
        parser.feed_token(token)
    end = tokens[-1].end_pos if tokens else 0
    return parser.feed_token(Token("$END", "", end, end_pos=end))


def _clause(tokens: list[Token], bad: Token) -> Span:
    """Return the span of the clause or list item in which the bad token stands."""
    index = next(i for i, token in enumerate(tokens) if token.start_pos == bad.start_pos)
    opens = {"LPAR": 1, "LSQB": 1, "MISSING": 1, "RPAR": -1, "RSQB": -1}
    first, depth = index, 0
    while first > 0:
        kind = tokens[first - 1].type
        depth -= opens.get(kind, 0)
        if depth < 0 or (depth == 0 and kind in ("AND", "OR", "COMMA", "WHERE", "NOT")):
            break
        first -= 1
    last, depth = index, 0
    while last < len(tokens):
        kind = tokens[last].type
        if depth == 0 and kind in _BOUNDARIES and last > first:
            break
        depth += opens.get(kind, 0)
        last += 1
    last = max(last, first + 1)
    return Span(tokens[first].start_pos or 0, tokens[min(last, len(tokens)) - 1].end_pos or 0)


def _set_aside(tokens: list[Token], span: Span) -> list[Token]:
    """Return the tokens with `null` in place of those in the span."""
    before = [token for token in tokens if (token.end_pos or 0) <= span.start]
    behind = [token for token in tokens if (token.start_pos or 0) >= span.end]
    return [*before, Token("NULL", _PLACEHOLDER, span.start, end_pos=span.end), *behind]
