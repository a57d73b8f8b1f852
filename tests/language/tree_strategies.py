"""Hypothesis strategies for every tree that the grammar can make, and for texts with comments anywhere."""

from __future__ import annotations

from hypothesis import strategies as st

from eqlite.datatypes import DataType
from eqlite.language import ast
from eqlite.language.keywords import RESERVED
from eqlite.language.parser import grammar
from eqlite.language.printer import print_query

LONG_MIN = 2**31
UNSIGNED_LONG_MIN = 2**63
UNSIGNED_LONG_MAX = 2**64 - 1

any_text = st.one_of(
    st.text(alphabet=st.characters(), max_size=8),
    st.text(alphabet="ab\\\"`\n\t\r/*?.' \u202e\ud800", max_size=8),
)

names = st.from_regex(r"[A-Za-z_@][A-Za-z0-9_]{0,5}", fullmatch=True).filter(lambda name: name not in RESERVED)
names_before_tilde = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,5}", fullmatch=True).filter(
    lambda name: name not in RESERVED
)
parts = st.one_of(names, st.sampled_from(sorted(RESERVED)), any_text)

literals = st.one_of(
    st.sampled_from(
        [
            ast.Literal(None, DataType.NULL),
            ast.Literal(True, DataType.BOOLEAN),
            ast.Literal(False, DataType.BOOLEAN),
        ]
    ),
    st.builds(ast.Literal, any_text, st.just(DataType.KEYWORD)),
    st.builds(ast.Literal, st.integers(0, LONG_MIN - 1), st.just(DataType.INTEGER)),
    st.builds(ast.Literal, st.integers(LONG_MIN, UNSIGNED_LONG_MIN - 1), st.just(DataType.LONG)),
    st.builds(ast.Literal, st.integers(UNSIGNED_LONG_MIN, UNSIGNED_LONG_MAX), st.just(DataType.UNSIGNED_LONG)),
    st.builds(ast.Literal, st.floats(min_value=0, allow_nan=False).map(abs), st.just(DataType.DOUBLE)),
)
fields = st.builds(ast.FieldRef, st.lists(parts, min_size=1, max_size=3).map(tuple), st.booleans())


def _compounds(inner: st.SearchStrategy[ast.Expr]) -> st.SearchStrategy[ast.Expr]:
    some = st.lists(inner, min_size=1, max_size=4).map(tuple)
    several = st.lists(inner, min_size=2, max_size=4).map(tuple)
    arguments = st.lists(inner, max_size=3).map(tuple)
    return st.one_of(
        st.builds(ast.Call, names, arguments),
        st.builds(ast.Call, names_before_tilde, arguments, st.just(True)),
        st.builds(ast.Negate, inner),
        st.builds(ast.Arithmetic, st.sampled_from(["+", "-", "*", "/", "%"]), inner, inner),
        st.builds(ast.Comparison, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), inner, inner),
        st.builds(ast.Membership, inner, some, st.booleans(), st.booleans()),
        st.builds(
            ast.PatternMatch,
            st.sampled_from([":", "like", "like~", "regex", "regex~"]),
            inner,
            st.lists(literals, min_size=1, max_size=4).map(tuple),
        ),
        st.builds(ast.Not, inner),
        st.builds(ast.And, several),
        st.builds(ast.Or, several),
    )


expressions: st.SearchStrategy[ast.Expr] = st.recursive(st.one_of(literals, fields), _compounds, max_leaves=25)
keys = st.lists(expressions, max_size=2).map(tuple)

event_filters = st.builds(ast.EventFilter, st.one_of(st.none(), names, parts), expressions)
stages = st.builds(ast.Stage, event_filters, keys, st.integers(1, 100), st.booleans())
durations = st.builds(ast.Duration, st.integers(1, UNSIGNED_LONG_MAX), st.sampled_from(["ms", "s", "m", "h", "d"]))
some_stages = st.lists(stages, min_size=1, max_size=3).map(tuple)
sequences = st.builds(ast.Sequence, some_stages, keys, st.none() | durations, st.none() | stages)
samples = st.builds(ast.Sample, some_stages, keys)
joins = st.builds(ast.Join, some_stages, keys, st.none() | stages)
pipes = st.builds(ast.Pipe, names, st.lists(expressions, max_size=2).map(tuple))
queries = st.builds(
    ast.Query, st.one_of(event_filters, sequences, samples, joins), st.lists(pipes, max_size=2).map(tuple)
)

comment_texts = st.sampled_from(
    [
        "// note\n",
        "/* note */",
        "/* two\n   lines */",
        "\n// own line\n",
        "\n  /* own line */\n",
        "\n/* before */ ",
        "/**/",
    ]
)


@st.composite
def commented_texts(draw: st.DrawFn) -> str:
    """Return the text of a query with comments between any of its tokens."""
    text = print_query(draw(queries))
    tokens = list(grammar().lex(text))
    pieces = []
    gaps = draw(st.lists(st.tuples(st.integers(0, len(tokens)), comment_texts), max_size=5))
    for index in range(len(tokens) + 1):
        pieces += [f" {comment}" for gap, comment in gaps if gap == index]
        if index < len(tokens):
            pieces.append(f" {tokens[index]}")
    return "".join(pieces)
