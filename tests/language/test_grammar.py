"""The grammar itself: no conflict settled in silence, keywords reserved, the traps that a parser generator sets."""

from __future__ import annotations

import logging
from pathlib import Path

import lark
import pytest
from lark import Lark

import eqlite
from eqlite.language.parser import parse, parse_expression

GRAMMAR = Path(eqlite.__file__).parent / "language" / "eql.lark"
CORPUS = Path(__file__).parents[2] / "grammar" / "corpus"


def conflicts(grammar: str, start: list[str]) -> list[str]:
    """Return what Lark says of conflicts while it builds the tables; it says it to its logger and goes on."""
    messages: list[str] = []
    handler = logging.Handler(logging.DEBUG)
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    level, disabled = lark.logger.level, lark.logger.disabled
    lark.logger.addHandler(handler)
    lark.logger.setLevel(logging.DEBUG)
    lark.logger.disabled = False  # whoever configures logging in this process may have silenced it
    try:
        Lark(grammar, parser="lalr", lexer="basic", start=start)
    finally:
        lark.logger.removeHandler(handler)
        lark.logger.setLevel(level)
        lark.logger.disabled = disabled
    return [message for message in messages if "conflict" in message.lower()]


def test_the_tables_hold_no_conflict() -> None:
    """Lark settles a shift/reduce conflict in silence, and hundreds of rules fail later: so none may be there."""
    assert conflicts(GRAMMAR.read_text(encoding="utf-8"), ["query", "lone_expression"]) == []


def test_a_conflict_would_be_seen() -> None:
    assert conflicts('start: e\ne: e "+" e | "a"', ["start"]) != []


@pytest.mark.parametrize(
    "text", ["and where true", "process where by == 1", "where where true", "any where event.sequence == 1"]
)
def test_keywords_are_reserved_everywhere(text: str) -> None:
    with pytest.raises(eqlite.EqlSyntaxError):
        parse(text)


def test_a_key_before_a_bracket_is_no_array_index() -> None:
    query = parse("sequence by k [a where true] [b where true]")
    assert query.body.keys[0].name == "k"
    with pytest.raises(eqlite.EqlSyntaxError, match="no positions"):
        parse("any where k[0] == 1")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a in~ (1)", "Membership"),
        ("a like~ (1)", "PatternMatch"),
        ("a regex~ 1", "PatternMatch"),
        ("inside~(1)", "Call"),
    ],
)
def test_a_tilde_belongs_to_the_operator_or_to_the_function(text: str, kind: str) -> None:
    assert type(parse_expression(text)).__name__ == kind


@pytest.mark.parametrize("file", sorted((CORPUS / "valid").glob("*.eql")), ids=lambda file: file.stem)
def test_the_valid_corpus_parses(file: Path) -> None:
    parse(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", sorted((CORPUS / "invalid").glob("*.eql")), ids=lambda file: file.stem)
def test_the_invalid_corpus_is_refused(file: Path) -> None:
    with pytest.raises(eqlite.EqlError):
        parse(file.read_text(encoding="utf-8"))
