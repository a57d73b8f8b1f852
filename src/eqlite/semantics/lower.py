"""Folded expressions → conditions: the split into leaves, and for each leaf whether it is a clause or a script.

`and`, `or` and `not` outside of a leaf are two-valued from here on (eql-semantics 4.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eqlite import plan
from eqlite.datatypes import DataType
from eqlite.fields import Field, Scalar
from eqlite.semantics.context import Context
from eqlite.semantics.field_tests import equality_tests, insensitive_test, range_tests
from eqlite.source import Span
from eqlite.values.network import parse_block
from eqlite.values.text import to_text
from eqlite.values.wildcard import Pattern, like_pattern, lucene_pattern, prefix_pattern

NEVER = plan.Always(False)
ALWAYS = plan.Always(True)


def lower(expression: plan.Expression, context: Context) -> plan.Condition:
    """Return the condition of a folded expression."""
    match expression:
        case plan.Constant(value=value):
            return plan.Always(value is True)
        case plan.Not(operand=operand):
            return negation(lower(operand, context))
        case plan.And(terms=terms):
            return all_of([lower(term, context) for term in terms])
        case plan.Or(terms=terms):
            return any_of([lower(term, context) for term in equalities_as_lists(terms)])
        case _:
            return _leaf(expression, context)


def equalities_as_lists(terms: Sequence[plan.Expression]) -> list[plan.Expression]:
    """Return the terms of an `or` with equalities of one field as a list, as in Elasticsearch.

    `f == 1 or f == 2` becomes `f in (1, 2)`.
    """
    lists: dict[Field, list[plan.Constant]] = {}
    for term in terms:
        match term:
            case plan.Compare(operator="==", left=plan.FieldValue(field=field), right=plan.Constant() as constant):
                lists.setdefault(field, []).append(constant)
            case _:
                pass
    merged: list[plan.Expression] = []
    for term in terms:
        match term:
            case plan.Compare(operator="==", left=plan.FieldValue(field=field) as left) if len(lists[field]) > 1:
                if lists[field][0] is term.right:
                    merged.append(plan.Contained(left, tuple(lists[field]), span=term.span))
            case _:
                merged.append(term)
    return merged


def negation(condition: plan.Condition) -> plan.Condition:
    """Return the opposite of a condition."""
    match condition:
        case plan.Always(holds=holds):
            return plan.Always(not holds)
        case plan.Negation(operand=operand):
            return operand
        case _:
            return plan.Negation(condition)


def all_of(conditions: Sequence[plan.Condition]) -> plan.Condition:
    """Return the condition that all hold, nested ones taken in."""
    terms: list[plan.Condition] = []
    for condition in conditions:
        if condition == NEVER:
            return NEVER
        if isinstance(condition, plan.AllOf):
            terms.extend(condition.terms)
        elif condition != ALWAYS:
            terms.append(condition)
    if len(terms) > 1:
        return plan.AllOf(tuple(terms))
    return terms[0] if terms else ALWAYS


def any_of(conditions: Sequence[plan.Condition]) -> plan.Condition:
    """Return the disjunction of conditions, flattened, with the tests on one field united."""
    terms: list[plan.Condition] = []
    for condition in conditions:
        if condition == ALWAYS:
            return ALWAYS
        if isinstance(condition, plan.AnyOf):
            terms.extend(condition.terms)
        elif condition != NEVER:
            terms.append(condition)
    terms = _merged(terms)
    if len(terms) > 1:
        return plan.AnyOf(tuple(terms))
    return terms[0] if terms else NEVER


def _merged(terms: list[plan.Condition]) -> list[plan.Condition]:
    """Make one test of those that differ only in their texts, numbers or patterns."""
    groups: dict[object, list[plan.Condition]] = {}
    for term in terms:
        groups.setdefault(_merge_key(term) or object(), []).append(term)  # an object is like no other
    return [group[0] if len(group) == 1 else _united(group) for group in groups.values()]


def _united(conditions: list[plan.Condition]) -> plan.FieldTest:
    tests = [condition for condition in conditions if isinstance(condition, plan.FieldTest)]
    return plan.FieldTest(tests[0].field, _union([found.test for found in tests]), span=tests[0].span)


def _merge_key(condition: plan.Condition) -> tuple[object, ...] | None:
    if not isinstance(condition, plan.FieldTest):
        return None
    match condition.test:
        case plan.TextIn(insensitive=insensitive):
            return (condition.field, plan.TextIn, insensitive)
        case plan.TextLike() | plan.NumberIn() | plan.BooleanIn() | plan.AddressIn() | plan.InstantIn():
            return (condition.field, type(condition.test))
        case _:
            return None


def _union(tests: list[plan.Test]) -> plan.Test:
    match tests[0]:
        case plan.TextIn(insensitive=insensitive):
            texts = frozenset().union(*(test.texts for test in tests if isinstance(test, plan.TextIn)))
            return plan.TextIn(texts, insensitive)
        case plan.TextLike():
            patterns = [pattern for test in tests if isinstance(test, plan.TextLike) for pattern in test.patterns]
            return plan.TextLike(tuple(dict.fromkeys(patterns)))
        case plan.NumberIn():
            return plan.NumberIn(
                frozenset().union(*(test.numbers for test in tests if isinstance(test, plan.NumberIn)))
            )
        case plan.BooleanIn():
            return plan.BooleanIn(
                frozenset().union(*(test.values for test in tests if isinstance(test, plan.BooleanIn)))
            )
        case plan.AddressIn():
            return plan.AddressIn(
                tuple(block for test in tests if isinstance(test, plan.AddressIn) for block in test.blocks)
            )
        case _:
            return plan.InstantIn(
                tuple(found for test in tests if isinstance(test, plan.InstantIn) for found in test.intervals)
            )


# --- leaves ----------------------------------------------------------------------------------------------------------


def _leaf(expression: plan.Expression, context: Context) -> plan.Condition:
    match expression:
        case plan.FieldValue(field=field):
            return _tested(field, equality_tests(field, [True], expression.span, context), expression.span)
        case plan.IsNull(operand=plan.FieldValue(field=field)):
            return negation(_exists(field, expression.span))
        case plan.Compare(left=plan.FieldValue(field=field), right=plan.Constant(value=value)):
            return _comparison(expression, field, value, context)
        case plan.SameText(left=plan.FieldValue(field=field), right=plan.Constant(value=value)):
            if value is None:
                return NEVER
            return _tested(field, [insensitive_test(to_text(value), context)], expression.span)
        case plan.Contained(value=plan.FieldValue(field=field), items=items):
            values = _constants(items)
            if values is not None:
                tests = equality_tests(field, values, expression.span, context, in_list=True)
                return _tested(field, tests, expression.span)
        case plan.Like(value=plan.FieldValue(field=field), pattern=text, insensitive=insensitive):
            unicode = context.target.folds_unicode
            return _like(field, like_pattern(text, insensitive=insensitive, unicode=unicode), expression.span)
        case plan.Regex(value=plan.FieldValue(field=field), pattern=text, insensitive=insensitive):
            folds_ascii = insensitive and not context.target.regex_folds_unicode
            return plan.FieldTest(field, plan.TextRegex(text, insensitive, folds_ascii), span=expression.span)
        case plan.Invoke(arguments=(plan.FieldValue(field=field), *rest)):
            clause = _function_clause(expression, field, rest, context)
            if clause is not None:
                return clause
        case _:
            pass
    return plan.Script(expression, span=expression.span)


def _exists(field: Field, span: Span) -> plan.Condition:
    """Return the test that the field has a value, of a text field itself instead of its sub-field."""
    if field.type is DataType.TEXT:
        field = replace(field, null_value=None, ignore_above=None)
    return plan.Exists(field, span=span)


def _constants(items: Sequence[plan.Expression]) -> list[Scalar] | None:
    """Return the values of a list without its nulls, or None if an item is no constant."""
    if not all(isinstance(item, plan.Constant) for item in items):
        return None
    return [item.value for item in items if isinstance(item, plan.Constant) and item.value is not None]


def _tested(field: Field, tests: Sequence[plan.Test], span: Span) -> plan.Condition:
    conditions = [plan.FieldTest(field, test, span=span) for test in tests]
    return conditions[0] if len(conditions) == 1 else any_of(conditions)


def _comparison(expression: plan.Compare, field: Field, value: Scalar | None, context: Context) -> plan.Condition:
    if value is None:  # `field < null`: null for every document
        return NEVER
    if expression.operator == "==":
        return _tested(field, equality_tests(field, [value], expression.span, context), expression.span)
    return _tested(field, range_tests(field, expression.operator, value, expression.span, context), expression.span)


def _like(field: Field, pattern: Pattern, span: Span) -> plan.Condition:
    if pattern.matches_any_value:
        return plan.Exists(field, span=span)
    single = pattern.single_value
    if single is not None:
        return plan.FieldTest(field, plan.TextIn(frozenset({single}), pattern.folded), span=span)
    return plan.FieldTest(field, plan.TextLike((pattern,)), span=span)


def _function_clause(
    call: plan.Invoke, field: Field, rest: Sequence[plan.Expression], context: Context
) -> plan.Condition | None:
    """Return the clause of a boolean function on a field with constants, or None for a script."""
    values = [part.value for part in rest if isinstance(part, plan.Constant)]
    if len(values) != len(rest) or not all(isinstance(value, str) for value in values):
        return None
    texts = [value for value in values if isinstance(value, str)]
    folding = {"insensitive": call.insensitive, "unicode": context.target.folds_unicode}
    match call.function.name:
        case "cidrMatch" if field.type in (DataType.IP, DataType.UNKNOWN):
            blocks = tuple(block for text in texts if (block := parse_block(text)) is not None)
            return plan.FieldTest(field, plan.AddressIn(blocks), span=call.span) if blocks else NEVER
        case "startsWith":
            pattern = prefix_pattern(texts[0], **folding)
        case "endsWith":
            pattern = lucene_pattern("*" + texts[0], **folding)
        case "stringContains":
            pattern = lucene_pattern(f"*{texts[0]}*", **folding)
        case _:
            return None
    return _like(field, pattern, call.span)
