"""Function calls: the function found, the number and the types of its arguments checked."""

from __future__ import annotations

from eqlite import plan
from eqlite.datatypes import INTEGERS, NUMBERS, STRINGS, UNTYPED, DataType
from eqlite.diagnostics import did_you_mean
from eqlite.functions import FUNCTIONS, Function, Parameter, find
from eqlite.language import ast
from eqlite.semantics.context import Context
from eqlite.semantics.similar_names import similar_names
from eqlite.semantics.type_checks import Operator, calculation, expect_exact, is_constant, report_type
from eqlite.values.network import parse_block

_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_UNNUMBERED = frozenset({"length", "string", "concat"})
"""Functions whose messages name no position of an argument."""
_OPERATORS: dict[str, Operator] = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "modulo": "%"}
_FAMILIES = {
    "string": STRINGS,
    "numeric": NUMBERS,
    "integer": INTEGERS,
    "boolean": frozenset({DataType.BOOLEAN}),
    "ip": frozenset({DataType.IP}),
}


def resolve_call(node: ast.Call, arguments: list[plan.Expression], context: Context) -> plan.Expression:
    """Return the call, or, after reporting its problem, a constant of unknown type."""
    unknown = plan.Constant(None, type=DataType.UNKNOWN, span=node.span)
    function = find(node.name)
    if function is None:
        _report_unknown(node, context)
        return unknown
    if node.case_insensitive and function.insensitive is None:
        context.collector.report(
            "no-case-insensitive-form",
            f"`{function.name}` has no form with `~`",
            node.span,
            help=f"write `{function.name}(…)`",
            elasticsearch=f"Function [CASE_INSENSITIVE] does not support case-(in)sensitivity {function.name}()",
            column_shift=1,
        )
    if not _count_fits(function, len(arguments)):
        context.collector.report(
            "wrong-argument-count",
            f"`{function.name}` takes {function.arity}, here {'is' if len(arguments) == 1 else 'are'} "
            f"{len(arguments) or 'none'}",
            node.span,
            help=f"its form is `{signature(function)}`",
            elasticsearch=f"error building [{function.name.lower()}]: expects {function.arity}",
            column_shift=1,
        )
        return unknown
    for index, (argument, written) in enumerate(zip(arguments, node.arguments, strict=True)):
        _check_argument(function, index, argument, written, node, context)
    if function.name in _OPERATORS:  # the same as the operator, to the width of its result
        left, right = arguments
        return calculation(_OPERATORS[function.name], left, right, node.span)
    kind = DataType.DOUBLE if function.name == "number" else function.returns
    return plan.Invoke(function, tuple(arguments), node.case_insensitive, type=kind, span=node.span)


def signature(function: Function) -> str:
    """Return a function's form: `between(source, left, right[, greedy])`."""
    text = ""
    for index, parameter in enumerate(function.parameters):
        name = parameter.name + (", …" if parameter.repeated else "")
        separator = ", " if index else ""
        text += f"[{separator}{name}]" if parameter.optional else f"{separator}{name}"
    return f"{function.name}({text})"


def _report_unknown(node: ast.Call, context: Context) -> None:
    if context.collector.is_full:
        return
    suggestions = similar_names(node.name, FUNCTIONS)
    context.collector.report(
        "unknown-function",
        f"there is no function `{node.name}`",
        node.span,
        help=f"did you mean `{FUNCTIONS[suggestions[0]].name}`?" if suggestions else _legacy_hint(node.name),
        elasticsearch=f"Unknown function [{node.name}]{did_you_mean(suggestions)}",
    )


def _legacy_hint(name: str) -> str | None:
    hints = {
        "wildcard": "write `field : (…)`",
        "arraysearch": "a condition on an array field holds when any of its values meets it",
        "arraycount": "EQL cannot count the values of a field",
        "safe": "leave it out: a missing value makes a condition false, never an error",
    }
    return hints.get(name.lower())


def _count_fits(function: Function, count: int) -> bool:
    return function.fewest <= count and (function.most is None or count <= function.most)


def _check_argument(
    function: Function,
    index: int,
    argument: plan.Expression,
    written: ast.Expr,
    node: ast.Call,
    context: Context,
) -> None:
    parameter = function.parameters[min(index, len(function.parameters) - 1)]
    ordinal = "" if function.name.lower() in _UNNUMBERED else _ORDINALS[min(index, 4)]
    family = _FAMILIES.get(parameter.family)
    fits = family is None or argument.type in UNTYPED or argument.type in family
    if not fits and not _is_address_text(parameter, argument):
        report_type(argument, written, node, ordinal, parameter.family, context)
        return
    if not expect_exact(argument, node, f"{ordinal} argument " if ordinal else "", context):
        return
    if parameter.constant and not is_constant(argument, context):
        context.collector.report(
            "not-a-constant",
            f"the {parameter.name} of `{function.name}` must be a constant",
            written.span,
            label="no constant",
            elasticsearch=(
                f"{ordinal} argument of [{context.text(node)}] must be a constant, received [{context.text(written)}]"
            ),
            elasticsearch_offset=node.span.start,
        )
    elif function.name == "cidrMatch" and index > 0:
        _check_block(argument, written, context)


def _is_address_text(parameter: Parameter, argument: plan.Expression) -> bool:
    """Allow a constant text as an address: the documentation does, and folding needs it."""
    return parameter.family == "ip" and isinstance(argument, plan.Constant) and isinstance(argument.value, str)


def _check_block(argument: plan.Expression, written: ast.Expr, context: Context) -> None:
    if isinstance(argument, plan.Constant) and isinstance(argument.value, str) and not parse_block(argument.value):
        context.collector.report(
            "bad-cidr",
            f"`{argument.value}` is no address and no block of addresses",
            written.span,
            help="write it as `10.0.0.0/8` or `2001:db8::/32`",
        )
