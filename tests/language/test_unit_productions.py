"""The parser that takes shortcuts gives the trees of Lark's own, and refuses what that refuses."""

from hypothesis import given
from hypothesis import strategies as st
from lark import UnexpectedInput
from tests.language.tree_strategies import queries

from eqlite.language.builder import Refusal
from eqlite.language.parser import grammar, quick_parser
from eqlite.language.printer import print_query
from eqlite.language.unit_productions import shorten
from eqlite.language.walk import walk

WORDS = """
and any ( ) [ ] , | by in in~ : like regex~ not null of or sample sequence until where with maxspan runs = == < + - * .
? a a.b 1 1.5 1s "text" `q` f( f~( true ![
"""
PIECES = WORDS.split()


def outcome(parse, text):
    """Return the tree with the places of all its nodes; None where the text is refused."""
    try:
        tree = parse(text, "query")
    except (UnexpectedInput, Refusal):
        return None
    return tree, [node.span for node in walk(tree)]


@given(queries.map(print_query))
def test_a_sound_query_gives_the_same_tree(text):
    assert outcome(quick_parser().parse, text) == outcome(grammar().parse, text) is not None


@given(queries.map(print_query), st.data())
def test_a_changed_query_gives_the_same_tree_or_none(text, data):
    tokens = [str(token) for token in grammar().lex(text)]
    place = data.draw(st.integers(0, len(tokens)))
    width = data.draw(st.integers(0, 2))
    changed = [*tokens[:place], *data.draw(st.lists(st.sampled_from(PIECES), max_size=2)), *tokens[place + width :]]
    text = " ".join(changed)
    assert outcome(quick_parser().parse, text) == outcome(grammar().parse, text)


ROWS = {  # of the grammar `d: c X`, `c: b`, `b: a`, `a: A`
    0: {"A": ("shift", 1), "a": ("shift", 2), "b": ("shift", 3), "c": ("shift", 4), "d": ("shift", 6)},
    1: {"X": ("reduce", "a: A")},
    2: {"X": ("reduce", "b: a")},
    3: {"X": ("reduce", "c: b")},
    4: {"X": ("shift", 5)},
    5: {"$END": ("reduce", "d: c X")},
    6: {},
}


def reductions(rows, tokens):
    """Return the rules that end, in order, when a text is read."""
    ended, stack = [], [0]
    for token in tokens:
        action, target = rows[stack[-1]][token]
        while action == "reduce":
            ended.append(target)
            made, parts = target.split(": ")
            del stack[-len(parts.split()) :]
            stack.append(rows[stack[-1]][made][1])
            action, target = rows[stack[-1]].get(token, ("accept", None))
        stack.append(target)
    return ended


def test_rules_that_pass_a_value_on_are_gone_without():
    assert reductions(ROWS, ["A", "X", "$END"]) == ["a: A", "b: a", "c: b", "d: c X"]
    assert reductions(shorten(ROWS, {"b: a": "b", "c: b": "c"}), ["A", "X", "$END"]) == ["a: A", "d: c X"]
