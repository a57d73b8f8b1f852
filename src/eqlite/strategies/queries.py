"""Conditions and queries that compile: every operator and function, over fields of given types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hypothesis import strategies as st

from eqlite.datatypes import DATES, NUMBERS, DataType
from eqlite.language import ast
from eqlite.language.printer import print_expression, print_query
from eqlite.query import Kind
from eqlite.semantics.schema import MappedField, Schema
from eqlite.strategies.patterns import ALPHABET, regexes, wildcard_patterns

FIELDS: Mapping[str, str] = {
    "@timestamp": "date",
    "event.category": "keyword",
    "process.name": "keyword",
    "process.args": "keyword",
    "process.parent.name": "keyword",
    "user.id": "keyword",
    "process.pid": "long",
    "process.exit_code": "integer",
    "file.size": "double",
    "process.elevated": "boolean",
    "source.ip": "ip",
    "event.created": "date",
    "agent.version": "version",
}
"""The fields of generated conditions and their types, if neither a schema nor fields are given.

>>> from eqlite import strategies
>>> strategies.FIELDS["process.pid"]
'long'
"""

CATEGORIES = ("process", "file", "network", "registry", "any other")

_EQUALITY = ("==", "!=")
_OPERATORS = ("==", "!=", "<", "<=", ">", ">=")
_NULL = ast.Literal(None, DataType.NULL)
_TRUTHS = st.sampled_from([ast.Literal(True, DataType.BOOLEAN), ast.Literal(False, DataType.BOOLEAN)])

Expressions = st.SearchStrategy[ast.Expr]


def conditions(schema: Schema | None = None, *, fields: Mapping[str, str] | None = None) -> st.SearchStrategy[str]:
    """Return texts of conditions, the part of a query behind `where`.

    All of them compile, with the schema or fields and without any.

    Args:
        schema: the source of the fields. Those that EQL cannot read are left out.
        fields: names and types, used instead of a schema. Without both, the fields are those of `FIELDS`.

    >>> import eqlite
    >>> from eqlite import strategies
    >>> from hypothesis import given
    >>> @given(strategies.conditions(fields={"process.name": "keyword"}))
    ... def check(condition):
    ...     eqlite.compile(f"any where {condition}")
    >>> check()
    """
    return condition_trees(schema, fields=fields).map(print_expression)


def queries(
    schema: Schema | None = None,
    *,
    fields: Mapping[str, str] | None = None,
    kinds: Sequence[Kind] = ("event",),
) -> st.SearchStrategy[str]:
    """Return texts of queries. All of them compile.

    Args:
        schema: the source of the fields. Those that EQL cannot read are left out.
        fields: names and types, used instead of a schema. Without both, the fields are those of `FIELDS`.
        kinds: the kinds of queries: `event`, `sequence`, `sample`. Samples need a text field to join by.

    >>> import eqlite
    >>> from eqlite import strategies
    >>> from hypothesis import given
    >>> @given(strategies.queries(kinds=["sequence"]))
    ... def check(text):
    ...     assert eqlite.compile(eqlite.format(text)).kind == "sequence"
    >>> check()
    """
    return query_trees(schema, fields=fields, kinds=kinds).map(print_query)


def query_trees(
    schema: Schema | None = None, *, fields: Mapping[str, str] | None = None, kinds: Sequence[Kind] = ("event",)
) -> st.SearchStrategy[ast.Query]:
    """Return the syntax trees of `queries`."""
    pool = _Pool.of(schema, fields)
    has_category = ast.FieldRef(("event", "category")) in pool.texts
    categories = st.none() | st.sampled_from(CATEGORIES) if has_category else st.none()
    filters = st.builds(ast.EventFilter, categories, _conditions(pool))
    bodies: list[st.SearchStrategy[ast.Body]] = []
    if "event" in kinds:
        bodies.append(filters)
    keys = _fields(pool.texts) if pool.texts else None
    if "sequence" in kinds:
        bodies.append(_sequences(filters, keys))
    counts = st.integers(0, 50).map(lambda count: (ast.Literal(count, DataType.INTEGER),))
    pipes = st.builds(ast.Pipe, st.sampled_from(["head", "tail"]), counts)
    queries = [st.builds(ast.Query, body, st.lists(pipes, max_size=2).map(tuple)) for body in bodies]
    if "sample" in kinds and keys is not None:  # which takes no pipes
        queries.append(st.builds(ast.Query, _samples(filters, keys), st.just(())))
    return st.one_of(queries)


def condition_trees(
    schema: Schema | None = None, *, fields: Mapping[str, str] | None = None
) -> st.SearchStrategy[ast.Expr]:
    """Return the syntax trees of `conditions`."""
    return _conditions(_Pool.of(schema, fields))


References = tuple[ast.FieldRef, ...]


@dataclass(frozen=True, slots=True)
class _Pool:
    """The fields that conditions may use, by what can be done with them."""

    texts: References
    numbers: References
    booleans: References
    addresses: References
    dates: References

    @classmethod
    def of(cls, schema: Schema | None, fields: Mapping[str, str] | None) -> _Pool:
        """Return the fields of a schema, or of a table of names and types."""
        if schema is None or fields is not None:
            schema = Schema.from_fields(FIELDS if fields is None else fields)
        found: dict[str, list[ast.FieldRef]] = {name: [] for name in cls.__slots__}
        for mapped in schema.fields.values():
            use = _use_of(mapped)
            if use is not None and mapped.nested_in is None and mapped.conflict is None and not mapped.normalized:
                found[use].append(ast.FieldRef(tuple(mapped.name.split("."))))
        return cls(**{name: tuple(references) for name, references in found.items()})

    @property
    def all(self) -> References:
        """Return all fields."""
        return (*self.texts, *self.numbers, *self.booleans, *self.addresses, *self.dates)


def _use_of(mapped: MappedField) -> str | None:
    """Return the part of the pool to which a field belongs, or None if conditions cannot use it."""
    kind = mapped.type
    if kind in (DataType.KEYWORD, DataType.VERSION) or (kind is DataType.TEXT and len(mapped.exact) == 1):
        return "texts"
    if kind in NUMBERS:
        return "numbers"
    if kind in DATES:
        return "dates"
    return {DataType.BOOLEAN: "booleans", DataType.IP: "addresses"}.get(kind)


# --- constants -------------------------------------------------------------------------------------------------------

_WORDS = ["", "a", "ab", "A", "cmd.exe", "CMD.EXE", "C:\\a", "*", "a*b", "é", "true", "1", "10.0.0.1", "a\nb"]
_TEXTS = st.one_of(st.sampled_from(_WORDS), st.text(alphabet=ALPHABET, max_size=4))
_NUMBERS = st.one_of(
    st.integers(0, 12),
    st.sampled_from([0.5, 2.0, 1e300, 2**31 - 1, 2**31, 2**63 - 1, 2**63, 2**64 - 1]),
    st.floats(0, 100).map(abs),
)
_ADDRESSES = ["10.0.0.1", "10.0.0.255", "::1", "2001:db8::1", "192.168.1.1"]
_BLOCKS = ["10.0.0.0/8", "10.0.0.1", "::/0", "2001:db8::/32", "0.0.0.0/0", "192.168.1.77/24"]
_DATES = ["2026-01-02", "2026-01-02T03", "2026-01-02T03:04:05.678Z", "2026", "2026-01-02||+1d/d"]


def text_literal(text: str) -> ast.Literal:
    """Return the literal of a text."""
    return ast.Literal(text, DataType.KEYWORD)


def number_literal(number: int | float) -> ast.Literal:
    """Return the literal of a number that is not negative, with the type that the parser would give it."""
    if isinstance(number, float):
        return ast.Literal(number, DataType.DOUBLE)
    if number < 2**31:
        return ast.Literal(number, DataType.INTEGER)
    return ast.Literal(number, DataType.LONG if number < 2**63 else DataType.UNSIGNED_LONG)


_text_literals: Expressions = _TEXTS.map(text_literal)
_number_literals: Expressions = st.one_of(
    _NUMBERS.map(number_literal), st.integers(0, 12).map(number_literal).map(ast.Negate)
)
_positions: Expressions = st.one_of(
    st.integers(0, 6).map(number_literal), st.integers(1, 6).map(number_literal).map(ast.Negate)
)


# --- values ----------------------------------------------------------------------------------------------------------


def _fields(references: References) -> Expressions:
    """Return the fields, some of them optional.

    They are drawn by index, so that Hypothesis does not print a long list.
    """
    optional = st.sampled_from([False, False, False, True])
    return st.builds(
        lambda place, as_optional: ast.FieldRef(references[place].parts, as_optional),
        st.integers(0, len(references) - 1),
        optional,
    )


def _call(names: list[str], *arguments: Expressions, tilde: bool = False) -> Expressions:
    form = st.booleans() if tilde else st.just(False)
    return st.builds(ast.Call, st.sampled_from(names), st.tuples(*arguments), form)


def _text_values(pool: _Pool) -> Expressions:
    """Return texts: fields and what functions make of them."""
    anything = st.one_of(_fields(pool.all), _text_literals, _number_literals, _TRUTHS)
    of_any = [_call(["string"], _fields(pool.all)), _call(["concat"], _fields(pool.all), anything)]
    if not pool.texts:
        return st.one_of(of_any)
    plain = _fields(pool.texts)
    return st.one_of(
        plain,
        plain,
        plain,
        *of_any,
        _call(["substring"], plain, _positions),
        _call(["substring"], plain, _positions, _positions),
        _call(["between"], plain, _text_literals, _text_literals, tilde=True),
        _call(["between"], plain, _text_literals, _text_literals, _TRUTHS, tilde=True),
        _call(["concat"], plain, anything, anything),
    )


def _number_values(pool: _Pool) -> Expressions:
    """Return numbers: fields, arithmetic, and functions that give numbers."""
    found: list[Expressions] = []
    operands = [_number_literals]
    if pool.texts:
        texts = _fields(pool.texts)
        operands.append(_call(["length"], texts))
        found += [
            _call(["length"], texts),
            _call(["indexOf"], texts, _text_literals, tilde=True),
            _call(["indexOf"], texts, _text_literals, _positions, tilde=True),
            _call(["number"], texts),
            _call(["number"], texts, st.sampled_from([10, 16]).map(number_literal)),
        ]
    if pool.numbers:
        plain = _fields(pool.numbers)
        operands += [plain, plain]
        functions = ["add", "subtract", "multiply", "divide", "modulo"]
        found += [plain, plain, st.builds(ast.Negate, plain), _call(functions, plain, st.one_of(operands))]
    either = st.one_of(operands)
    return st.one_of(*found, st.builds(ast.Arithmetic, st.sampled_from("+-*/%"), either, either))


# --- conditions ------------------------------------------------------------------------------------------------------


def _comparison(operators: Sequence[str], left: Expressions, right: Expressions) -> Expressions:
    return st.builds(ast.Comparison, st.sampled_from(operators), left, right)


def _some(items: Expressions) -> st.SearchStrategy[tuple[ast.Expr, ...]]:
    return st.lists(items, min_size=1, max_size=3).map(tuple)


def _leaves(pool: _Pool) -> Expressions:
    found: list[Expressions] = [st.sampled_from(_CONSTANTS)]
    if pool.all:
        found += [*_leaves_of_texts(pool), *_leaves_of_numbers(pool), *_leaves_of_other_fields(pool)]
    return st.one_of(found)


def _leaves_of_texts(pool: _Pool) -> list[Expressions]:
    texts = _text_values(pool)
    wildcards = st.one_of(wildcard_patterns(max_size=5), _TEXTS).map(text_literal)
    like = st.builds(ast.PatternMatch, st.sampled_from([":", "like", "like~"]), texts, _some(wildcards))
    items = st.one_of(_text_literals, st.just(_NULL))
    return [
        _comparison(_OPERATORS, texts, _text_literals),
        _comparison(_OPERATORS, _text_literals, texts),
        _comparison(_EQUALITY, texts, st.just(_NULL)),
        st.builds(ast.Membership, texts, _some(items), st.booleans(), st.booleans()),
        like,
        like,
        st.builds(ast.PatternMatch, st.sampled_from(["regex", "regex~"]), texts, _some(regexes().map(text_literal))),
        _call(["startsWith", "endsWith", "stringContains"], texts, st.one_of(wildcards, wildcards, texts), tilde=True),
    ]


def _leaves_of_numbers(pool: _Pool) -> list[Expressions]:
    numbers = _number_values(pool)
    found = [_comparison(_OPERATORS, numbers, _number_literals), _comparison(_EQUALITY, numbers, st.just(_NULL))]
    if pool.numbers:
        found.append(st.builds(ast.Membership, _fields(pool.numbers), _some(_number_literals), st.booleans()))
    return found


def _leaves_of_other_fields(pool: _Pool) -> list[Expressions]:
    any_literal = st.one_of(_number_literals, _TRUTHS, _text_literals)
    found = [
        _comparison(_OPERATORS, _fields(pool.all), any_literal),
        _comparison(_EQUALITY, _fields(pool.all), st.just(_NULL)),
    ]
    if pool.booleans:
        found += [_fields(pool.booleans), _comparison(_OPERATORS, _fields(pool.booleans), _TRUTHS)]
    if pool.addresses:
        addresses, blocks = _fields(pool.addresses), st.sampled_from(_BLOCKS).map(text_literal)
        found += [
            _comparison(_OPERATORS, addresses, st.sampled_from(_ADDRESSES).map(text_literal)),
            _comparison(_EQUALITY, addresses, blocks),
            _call(["cidrMatch"], addresses, blocks),
        ]
    if pool.dates:
        found.append(_comparison(_OPERATORS, _fields(pool.dates), st.sampled_from(_DATES).map(text_literal)))
    return found


_CONSTANTS = (
    ast.Literal(True, DataType.BOOLEAN),
    ast.Literal(False, DataType.BOOLEAN),
    ast.Comparison("<", _NULL, number_literal(5)),
    ast.Comparison("==", _NULL, _NULL),
)


@lru_cache(maxsize=16)  # making it takes a hundred times as long as drawing from it
def _conditions(pool: _Pool) -> Expressions:
    leaves = _leaves(pool)

    @st.composite
    def leaf(draw: st.DrawFn) -> ast.Expr:
        return draw(leaves)  # in a function, since Hypothesis would print its long parts

    return st.recursive(
        leaf(),
        lambda inner: st.one_of(
            st.builds(ast.Not, inner),
            st.builds(ast.And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
            st.builds(ast.Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
            _comparison(_EQUALITY, st.one_of(inner.map(ast.Not), _wrapped(inner)), _TRUTHS),
        ),
        max_leaves=6,
    )


def _wrapped(conditions: Expressions) -> Expressions:
    """Return `and`s and `or`s, which may be compared with true and false."""
    both = st.lists(conditions, min_size=2, max_size=2).map(tuple)
    return st.one_of(st.builds(ast.And, both), st.builds(ast.Or, both))


# --- sequences and samples -------------------------------------------------------------------------------------------

Filters = st.SearchStrategy[ast.EventFilter]


@st.composite
def _sequences(draw: st.DrawFn, filters: Filters, keys: Expressions | None) -> ast.Sequence:
    count = draw(st.integers(2, 4))
    shared = draw(st.lists(keys, max_size=2)) if keys is not None else []
    own = draw(st.integers(0, 1)) if keys is not None else 0
    maxspan = draw(st.none() | st.builds(ast.Duration, st.integers(1, 90), st.sampled_from(["ms", "s", "m", "h", "d"])))
    missing = draw(st.integers(0, count)) if maxspan is not None else count  # `count`: none of them

    def stage(runs: int = 1, *, is_missing: bool = False) -> ast.Stage:
        stage_keys = draw(st.lists(keys, min_size=own, max_size=own)) if keys is not None else []
        return ast.Stage(draw(filters), tuple(stage_keys), runs, is_missing)

    runs = draw(st.lists(st.sampled_from([1, 1, 1, 2]), min_size=count, max_size=count))
    stages = tuple(stage(times, is_missing=place == missing) for place, times in enumerate(runs))
    return ast.Sequence(stages, tuple(shared), maxspan, stage() if draw(st.booleans()) else None)


@st.composite
def _samples(draw: st.DrawFn, filters: Filters, keys: Expressions) -> ast.Sample:
    by_name = {key.name: key for key in draw(st.lists(keys, min_size=1, max_size=2)) if isinstance(key, ast.FieldRef)}
    stages = tuple(ast.Stage(draw(filters)) for _ in range(draw(st.integers(2, 4))))
    return ast.Sample(stages, tuple(by_name.values()))
