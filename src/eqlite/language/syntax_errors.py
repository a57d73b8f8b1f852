"""Syntax errors in words: what stands there, what could, and what the writer may have meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from eqlite.diagnostics import Collector
from eqlite.language.keywords import RESERVED
from eqlite.source import Span


class Token(Protocol):
    """A token with its kind and offsets. Its `str` is its text."""

    type: str
    start_pos: int | None
    end_pos: int | None


_NAMES = {
    "ANY": "`any`", "NAME": "a name", "DOTTED": "a field", "QUOTED_NAME": "a field", "STRING": "a string",
    "RAW_STRING": "a string", "INTEGER": "a number", "DECIMAL": "a number", "WHERE": "`where`", "AND": "`and`",
    "OR": "`or`", "NOT": "`not`", "IN": "`in`", "COMPARE": "a comparison", "LPAR": "`(`", "RPAR": "`)`", "LSQB": "`[`",
    "RSQB": "`]`", "COMMA": "`,`", "VBAR": "`|`", "COLON": "`:`", "LIKE": "`like`", "REGEX": "`regex`", "EQUAL": "`=`",
    "BY": "`by`", "WITH": "`with`", "UNTIL": "`until`", "SEQUENCE": "`sequence`", "SAMPLE": "`sample`",
    "MAXSPAN": "`maxspan`", "NULL": "`null`", "TRUE": "`true`", "FALSE": "`false`", "$END": "the end of the query",
}  # fmt: skip
_OPERAND = {"NAME", "STRING", "INTEGER", "NULL", "LPAR"}
_ANTLR_NAMES = {
    "$END": "<EOF>", "COLON": "':'", "COMMA": "','", "DOT": "'.'", "EQUAL": "'='", "INDEX": "'['", "LPAR": "'('",
    "LSQB": "'['", "MINUS": "'-'", "MISSING": "MISSING_EVENT_OPEN", "OPTIONAL": "'?'", "PERCENT": "'%'", "PLUS": "'+'",
    "RPAR": "')'", "RSQB": "']'", "SLASH": "'/'", "STAR": "'*'", "VBAR": "'|'", "NAME": "IDENTIFIER",
    "DOTTED": "IDENTIFIER", "QUOTED_NAME": "QUOTED_IDENTIFIER", "TILDE_NAME": "TILDE_IDENTIFIER",
    "INTEGER": "INTEGER_VALUE", "DECIMAL": "DECIMAL_VALUE", "STRING": "STRING", "RAW_STRING": "STRING",
    "OLD_STRING": "STRING", "COMPARE": "'==', '!=', '<', '<=', '>', '>='", "IN_TILDE": "'in~'",
    "LIKE_TILDE": "'like~'", "REGEX_TILDE": "'regex~'",
}  # fmt: skip
"""What Elasticsearch's messages call our terminals; a keyword not listed here stands in quotes."""


def describe_token(token: Token, expected: Iterable[str], tokens: Sequence[Token], collector: Collector) -> None:
    """Report a token that may not stand where it stands."""
    span = Span(token.start_pos or 0, token.end_pos or 0)
    index = next((i for i, other in enumerate(tokens) if other.start_pos == token.start_pos), 0)
    before = tokens[index - 1] if index else None
    kinds = set(expected) - ({"RSQB"} if _open_brackets(tokens[:index]) == 0 else set())
    if token.type == "OPTIONAL" and index == 0:
        words = f"extraneous input '{token}' expecting {{'any', 'join', 'sample', 'sequence', STRING, IDENTIFIER}}"
    else:
        words = f"mismatched input '{token}' expecting {_expecting(kinds)}"
    collector.report(
        "syntax-error",
        f"unexpected `{_shorten(str(token))}`",
        span,
        label=f"expected {_wanted(kinds)}",
        help=_hint(token, before, kinds),
        elasticsearch=words,
    )


def describe_end(expected: Iterable[str], tokens: Sequence[Token], collector: Collector) -> None:
    """Report a query that ends too early."""
    end = (tokens[-1].end_pos or 0) if tokens else 0
    kinds = set(expected)
    help_ = None
    if not tokens:
        help_ = 'a query looks like `process where process.name == "cmd.exe"`'
    elif kinds and kinds <= {"WHERE"} | {"WITH"}:
        help_ = "write `where` and a condition: `process where true`"
    collector.report(
        "syntax-error",
        "the query ends too early",
        Span(end, end),
        label=f"expected {_wanted(kinds)}",
        help=help_,
        elasticsearch=f"mismatched input '<EOF>' expecting {_expecting(kinds)}",
    )


def describe_character(text: str, offset: int, collector: Collector) -> int:
    """Report a character that starts no token. Return the offset at which to continue."""
    line_end = _line_end(text, offset)
    character = text[offset]
    if character == '"' or text.startswith(('?"', "?'", "'"), offset):
        return _describe_string(text, offset, line_end, collector)
    if character == "`":
        collector.report(
            "unexpected-character",
            "this backtick is never closed",
            Span(offset, line_end),
            help="close the name with another backtick",
            elasticsearch=f"token recognition error at: '{text[offset:]}'",
        )
        return len(text)
    hints = {
        ";": "a query has no separator: one query per file",
        "&": "write `and`",
        "$": "field names with `$` stand in backticks",
        "\\": "a backslash stands only inside a string",
        "-": "put a field name with `-` in backticks",
        "\u201c": "use straight quotes `\"`", "\u201d": "use straight quotes `\"`",
    }  # fmt: skip
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    end = offset + 1
    while end < line_end and text[end] == character:
        end += 1
    collector.report(
        "unexpected-character",
        f"unexpected character `{shown}`",
        Span(offset, end),
        help=hints.get(character, "put names with characters other than letters, digits and `_` in backticks"),
        elasticsearch=f"token recognition error at: '{character}'",
    )
    return end


_ESCAPE_START = re.compile(r"\\(?![btnfr\"'\\]|u\{[0-9a-fA-F]+\})")
_BROKEN_UNICODE = re.compile(r"\\u(?:\{[0-9a-fA-F]*)?.?")


def _describe_string(text: str, offset: int, line_end: int, collector: Collector) -> int:
    """Report a string that is not closed or has a wrong escape. Return the offset behind it."""
    body = re.compile(r'"(?:[^\r\n"\\]|\\[^\r\n])*+"').match(text, offset)
    if body is None:
        collector.report(
            "unterminated-string",
            "this string is never closed",
            Span(offset, line_end),
            help='close it on the same line with `"`',
            elasticsearch=f"token recognition error at: '{text[offset:line_end]}'",
        )
        return line_end
    escape = _ESCAPE_START.search(text, offset, body.end())
    start = escape.start() if escape is not None else offset
    unicode = _BROKEN_UNICODE.match(text, start)
    end = unicode.end() if unicode is not None else min(start + 2, line_end)
    collector.report(
        "bad-escape",
        f"`{text[start:end]}` is no escape sequence",
        Span(start, end),
        help='write `\\\\` for a backslash, or use a raw string: `"""…"""`',
        elasticsearch=f"token recognition error at: '{text[offset:end]}'",
        elasticsearch_offset=offset,
    )
    return body.end()


def _line_end(text: str, offset: int) -> int:
    ends = [end for end in (text.find("\n", offset), text.find("\r", offset)) if end >= 0]
    return min(ends, default=len(text))


def _shorten(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _wanted(kinds: set[str]) -> str:
    """Return at most five things that could stand here, the likeliest first."""
    names = ["a value"] if kinds >= _OPERAND else []
    skipped = {"NAME", "STRING", "INTEGER", "NULL", "TRUE", "FALSE", "LPAR", "DECIMAL", "DOTTED"} if names else set()
    for kind in _NAMES:
        if kind in kinds and kind not in skipped and _NAMES[kind] not in names:
            names.append(_NAMES[kind])
    if not names:
        return "something else"
    shown = names[:5]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def _expecting(kinds: set[str]) -> str:
    names = {_ANTLR_NAMES.get(kind, f"'{kind.lower()}'") for kind in kinds}
    return "{" + ", ".join(sorted(names)) + "}"


def _open_brackets(tokens: Sequence[Token]) -> int:
    """Return the number of `[` that are still open behind the tokens."""
    return sum({"LSQB": 1, "MISSING": 1, "RSQB": -1}.get(token.type, 0) for token in tokens)


def _hint(token: Token, before: Token | None, kinds: set[str]) -> str | None:
    """Return the edit that most likely fixes it."""
    text = str(token)
    if text == "=":
        return "write `==`; `=` stands only in `maxspan=` and `runs=`"
    if token.type == "NAME" and text not in RESERVED and text.lower() in RESERVED:
        return f"keywords are lower case: `{text.lower()}`"
    expected = [kind.lower() for kind in sorted(kinds) if kind.lower() in RESERVED]
    if token.type == "NAME" and (near := difflib.get_close_matches(text, expected, n=1, cutoff=0.7)):
        return f"did you mean `{near[0]}`?"
    if (before is not None and before.type in ("LIKE", "REGEX", "LIKE_TILDE", "REGEX_TILDE", "COLON")) or (
        kinds and kinds <= {"STRING", "RAW_STRING", "OLD_STRING", "INTEGER", "DECIMAL", "NULL", "TRUE", "FALSE", "LPAR"}
    ):
        return "only constants may follow; a field cannot be a pattern"
    if token.type == "COMPARE" and "COMPARE" not in kinds:
        return "comparisons do not chain: write `a < b and b < c`"
    if before is not None and before.type == "NOT" and kinds <= {"IN", "IN_TILDE"}:
        return "write `not field like …`: the `not` stands in front"
    if text in RESERVED and before is not None and before.type == "DOT":
        return f"`{text}` is a reserved word: put it in backticks, `` `{text}` ``"
    if token.type in ("COMMA", "RPAR") and before is not None and before.type in ("COMMA", "LPAR"):
        return "a list has at least one item and no comma at its end"
    if token.type == "RPAR" and "RPAR" not in kinds:
        return "no `(` is open here: take this `)` out"
    if token.type == "WHERE" and before is None:
        return "name the event category first: `process where …`, or `any where …` for all events"
    if token.type == "MINUS" or (before is not None and before.type == "MINUS"):
        return "put a name with `-` in backticks, or in quotes before `where`"
    return None
