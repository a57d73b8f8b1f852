"""Events that meet a query's conditions, or miss them by little, in the shapes that documents come in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from eqlite import plan
from eqlite.datatypes import INTEGERS, NUMBERS, DataType
from eqlite.fields import Field
from eqlite.query import Query
from eqlite.query import compile as compile_query
from eqlite.rules.model import Rule
from eqlite.semantics.schema import Schema
from eqlite.strategies.patterns import in_some_case, value_of_pattern, value_of_regex
from eqlite.values.dates.instants import format_instant
from eqlite.values.network import format_address

Document = dict[str, Any]

_NANOS_PER_MILLI = 1_000_000
_SCALARS = st.one_of(
    st.sampled_from(
        ["", "a", "ab", "A", "cmd.exe", "1", "12", "1.0", "true", "é", "10.0.0.1", "2026-01-02", "a\0b", "\ud800"]
    ),
    st.text(max_size=4),
    st.integers(-3, 12),
    st.sampled_from([0.5, 1.0, -1.5, 1e300, 2**31, 2**63, True, False]),
)
_RUBBISH: st.SearchStrategy[Any] = st.sampled_from(
    [None, [], {}, [None], [[]], [{}], "", 0, False, "a", ["a", None], [["a"], "b"], {"x": 1}, [{"x": 1}, 2]]
).map(deepcopy)


def events(
    source: Query | Rule | str | Mapping[str, str] | Iterable[str],
    *,
    schema: Schema | None = None,
    hostile: bool = False,
) -> st.SearchStrategy[Document]:
    """Return events that a query is likely to match, or to miss by little.

    In about half of the events every condition of the query is met as far as can be known beforehand: texts in another
    case where case does not count, values for patterns, numbers beyond bounds. In the others a value is nearly right,
    another one, of another type, or missing. Values stand alone or among others in an array, under nested or dotted
    names. Of a sequence or sample the events of all stages come.

    Args:
        source: a query, a rule, the text of a query; or names of fields (with their types), for events that hold any
            values in them.
        schema: the schema with which a text or rule is compiled.
        hostile: put objects, arrays and nulls where none are expected, and half of the events into odd shapes.

    >>> import eqlite
    >>> from eqlite import strategies
    >>> from hypothesis import given
    >>> old = eqlite.compile('process where process.name : ("nc", "ncat") and process.args : "-e"')
    >>> new = eqlite.compile('process where process.name : "nc*" and process.args : "-E"')
    >>> @given(strategies.events(old))
    ... def check_that_the_new_rule_finds_as_much(event):
    ...     assert new.matches(event) or not old.matches(event)
    >>> check_that_the_new_rule_finds_as_much()
    """
    if isinstance(source, Rule):
        source = source.compile() if schema is None else source.compile(schema=schema)
    elif isinstance(source, str):
        source = compile_query(source, schema=schema)
    if isinstance(source, Query):
        return _events_of_plan(source.plan, hostile=hostile)
    return _events_of_fields(list(source), hostile=hostile)


@st.composite
def _events_of_plan(draw: st.DrawFn, query: plan.Plan, *, hostile: bool) -> Document:
    condition = draw(st.sampled_from([stage.condition for stage in query.stages]))
    values: dict[str, list[Any]] = {}
    for leaf, wanted in _chosen_leaves(draw, condition, wanted=draw(st.sampled_from([True, True, True, False]))):
        _settle(draw, leaf, values, wanted=wanted)
    if draw(st.booleans()):
        _disturb(draw, values)
    if query.timestamp is not None and query.timestamp.path not in values and draw(st.booleans()):
        instant = 1_767_225_600_000 + draw(st.integers(0, 100_000))
        values[query.timestamp.path] = [draw(st.sampled_from([instant, format_instant(instant * _NANOS_PER_MILLI)]))]
    return _document(draw, values, hostile=hostile)


@st.composite
def _events_of_fields(draw: st.DrawFn, names: list[str], *, hostile: bool) -> Document:
    present = draw(st.lists(st.sampled_from(names), unique=True)) if names else []
    return _document(
        draw, {name: draw(st.lists(_SCALARS, min_size=1, max_size=2)) for name in present}, hostile=hostile
    )


# --- values that meet conditions -------------------------------------------------------------------------------------


def _chosen_leaves(draw: st.DrawFn, condition: plan.Condition, *, wanted: bool) -> list[tuple[plan.Condition, bool]]:
    """Return leaves that decide a condition, and whether each should hold: of alternatives, one."""
    chosen: list[tuple[plan.Condition, bool]] = []
    pending = [(condition, wanted)]
    while pending:
        node, should_hold = pending.pop()
        match node:
            case plan.Negation(operand=operand):
                pending.append((operand, not should_hold))
            case plan.AllOf(terms=terms) | plan.AnyOf(terms=terms):
                if isinstance(node, plan.AllOf) is should_hold:
                    pending.extend((term, should_hold) for term in terms)
                else:
                    pending.append((draw(st.sampled_from(terms)), should_hold))
            case plan.Always():
                pass
            case _:
                chosen.append((node, should_hold))
    return chosen


def _settle(draw: st.DrawFn, leaf: plan.Condition, values: dict[str, list[Any]], *, wanted: bool) -> None:
    """Add the values to an event that make a leaf hold, or not hold."""
    match leaf:
        case plan.Script(expression=expression):
            for mention in plan.field_mentions(expression):
                if mention.field.path not in values or draw(st.booleans()):
                    values.setdefault(mention.field.path, []).append(_value_for_script(draw, expression))
        case plan.Exists(field=field):
            if wanted:
                values.setdefault(field.path, []).append(_typed_scalar(draw, field))
        case plan.FieldTest(field=field, test=test):
            if wanted:
                values.setdefault(field.path, []).append(_passing(draw, field, test))
            elif draw(st.booleans()):
                values.setdefault(field.path, []).append(_nearly(draw, _passing(draw, field, test)))


def _passing(draw: st.DrawFn, field: Field, test: plan.Test) -> Any:
    """Return a value, as a document holds it, that passes a test."""
    match test:
        case plan.TextIn(texts=texts, insensitive=insensitive):
            text = draw(st.sampled_from(sorted(texts)))
            return in_some_case(draw, text) if insensitive else text
        case plan.TextLike(patterns=patterns):
            return value_of_pattern(draw, draw(st.sampled_from(patterns)))
        case plan.TextRegex(pattern=pattern, insensitive=insensitive):
            return value_of_regex(draw, pattern, insensitive=insensitive)
        case plan.TextRange(bound=bound):
            return bound + draw(st.sampled_from(["", "a", "\0"])) if draw(st.booleans()) else bound[:-1]
        case plan.NumberIn(numbers=numbers):
            return _written(draw, draw(st.sampled_from(sorted(numbers))))
        case plan.NumberRange(bound=bound):
            return _written(draw, bound + draw(st.sampled_from([0, 1, -1, 0.5, 1000])))
        case plan.BooleanIn(values=values):
            truth = draw(st.sampled_from(sorted(values)))
            return truth if draw(st.booleans()) else str(truth).lower()
        case plan.AddressIn(blocks=blocks):
            block = draw(st.sampled_from(blocks))
            return format_address(draw(st.integers(block.first, block.last)))
        case plan.InstantIn(intervals=intervals):
            first, last = draw(st.sampled_from(intervals))
            return _written_instant(draw, field, draw(st.sampled_from([first, last, (first + last) // 2])))


def _written(draw: st.DrawFn, number: int | float) -> int | float | str:
    return draw(st.sampled_from([number, number, number, str(number), float(number)]))


def _written_instant(draw: st.DrawFn, field: Field, instant: int) -> int | str:
    """Return an instant as documents write it. Far ones are near ones, since no date format reaches them."""
    unit = 1 if field.type is DataType.DATE_NANOS else _NANOS_PER_MILLI
    limit = 4_000_000_000_000_000_000 // unit
    ns = max(-limit, min(instant, limit)) * unit
    forms: list[int | str] = [ns // _NANOS_PER_MILLI, format_instant(ns)]
    return draw(st.sampled_from(forms))


def _typed_scalar(draw: st.DrawFn, field: Field) -> Any:
    """Return any value that a field of that type takes, most of the time."""
    kind = field.type
    if kind in NUMBERS:
        return draw(st.integers(0, 100) if kind in INTEGERS else st.floats(0, 100))
    match kind:
        case DataType.BOOLEAN:
            return draw(st.booleans())
        case DataType.IP:
            return format_address(0xFFFF_0A00_0000 + draw(st.integers(0, 255)))
        case DataType.DATETIME | DataType.DATE_NANOS:
            return format_instant(draw(st.integers(0, 2**61)))
        case _:
            return draw(_SCALARS)


def _value_for_script(draw: st.DrawFn, expression: plan.Expression) -> Any:
    """Return a value made of the constants that an expression holds."""
    constants: list[Any] = []
    pending = [expression]
    while pending:
        node = pending.pop()
        pending.extend(plan.operands(node))
        match node:
            case plan.Constant(value=value) if value is not None:
                constants.append(value)
            case plan.Like(pattern=pattern) | plan.Regex(pattern=pattern):
                constants.append(pattern.replace("*", "").replace("?", "x"))
            case _:
                pass
    if not constants or draw(st.sampled_from([True, False, False])):
        return draw(_SCALARS)
    value, other = draw(st.sampled_from(constants)), draw(st.sampled_from(constants))
    if isinstance(value, str) and isinstance(other, str):
        return draw(st.sampled_from([value, value + other, f"a{value}b", f"{value}\n"]))
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 64:
        return draw(st.sampled_from([value, "a" * value, value + 1, str(value)]))
    return value


# --- nearly right ----------------------------------------------------------------------------------------------------


def _nearly(draw: st.DrawFn, value: Any) -> Any:
    """Return a value that is nearly another one."""
    if isinstance(value, str):
        changed = [
            value.swapcase(),
            f"{value}x",
            f"x{value}",
            value[:-1],
            f"{value}\n",
            f"{value[:1]}\0{value[1:]}",
            "",
            "*",
        ]
        return draw(st.sampled_from(changed))
    if isinstance(value, bool):
        return draw(st.sampled_from([not value, str(value).lower(), int(value)]))
    if isinstance(value, (int, float)):
        return draw(st.sampled_from([value + 1, value - 1, -value, str(value), f"{value}x", value == 1]))
    return draw(_SCALARS)


def _disturb(draw: st.DrawFn, values: dict[str, list[Any]]) -> None:
    """Make one field of an event nearly right, wrong, missing, or one value among others."""
    if not values:
        return
    path = draw(st.sampled_from(sorted(values)))
    how = draw(st.sampled_from(["nearly", "other", "none", "null", "among others", "first of them"]))
    if how == "nearly":
        values[path] = [_nearly(draw, value) for value in values[path]]
    elif how == "other":
        values[path] = [draw(_SCALARS)]
    elif how == "none":
        del values[path]
    elif how == "null":
        values[path] = [None]
    else:
        values[path].insert(0 if how == "among others" else len(values[path]), draw(_SCALARS))


# --- shapes ----------------------------------------------------------------------------------------------------------


def _document(draw: st.DrawFn, values: Mapping[str, list[Any]], *, hostile: bool) -> Document:
    """Return a document that holds the values, under nested or dotted names."""
    document: Document = {}
    is_odd = draw(st.booleans()) if hostile else draw(st.sampled_from([False, False, False, True]))
    for path, found in values.items():
        content: Any = found if len(found) != 1 or draw(st.sampled_from([True, False, False])) else found[0]
        if not is_odd:
            _put(document, path.split("."), content)
            continue
        form = draw(st.sampled_from(["nested", "dotted", "split", "objects"]))
        if form == "objects" and "." in path:
            parent, _, last = path.rpartition(".")
            _put(document, parent.split("."), [{last: value} for value in found])
        elif form == "split" and path.count(".") > 1:
            place = draw(st.integers(1, path.count(".")))
            parts = path.split(".")
            _put(document, [".".join(parts[:place]), *parts[place:]], content)
        else:
            _put(document, [path] if form == "dotted" else path.split("."), content)
    if hostile:
        _spoil(draw, document, list(values))
    return document


def _put(document: Document, keys: list[str], value: Any) -> None:
    """Put a value under nested keys, or under a dotted key if another value is in the way."""
    here = document
    for place, key in enumerate(keys[:-1]):
        inner = here.setdefault(key, {})
        if not isinstance(inner, dict):
            here[".".join(keys[place:])] = value
            return
        here = inner
    here[keys[-1]] = value


def _spoil(draw: st.DrawFn, document: Document, paths: list[str]) -> None:
    """Put things into a document that do not belong there, in places where the query looks."""
    for _ in range(draw(st.integers(0, 2))):
        if not paths:
            return
        parts = draw(st.sampled_from(paths)).split(".")
        keys = parts[: draw(st.integers(1, len(parts)))]
        if draw(st.booleans()):
            keys = [".".join(keys)]
        _put(document, keys, draw(_RUBBISH))
