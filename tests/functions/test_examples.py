"""The register: all functions are there, and every example in it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from eqlite.datatypes import DataType
from eqlite.functions import FUNCTIONS, Example, Function, find

NAMES = (
    *("add", "between", "cidrMatch", "concat", "divide", "endsWith", "indexOf", "length", "modulo", "multiply"),
    *("number", "startsWith", "string", "stringContains", "substring", "subtract"),
)
WITH_INSENSITIVE_FORM = {"between", "endsWith", "indexOf", "startsWith", "stringContains"}
ARITIES = {
    "exactly one argument": (1, 1),
    "exactly two arguments": (2, 2),
    "one or two arguments": (1, 2),
    "two or three arguments": (2, 3),
    "three or four arguments": (3, 4),
    "at least one argument": (1, None),
    "at least two arguments": (2, None),
}
EXAMPLES = [
    pytest.param(function, example, id=example.expression)
    for function in FUNCTIONS.values()
    for example in function.examples
]


def tokens(expression: str) -> Iterator[str]:
    """Yield the tokens of a call whose arguments are literals and calls."""
    return iter(re.findall(r'"(?:\\.|[^"\\])*"|-?[0-9.]+|[A-Za-z]+~?|[(),]', expression))


def evaluate(stream: Iterator[str]) -> object:
    """Return the value of the next literal or call; the token after a literal stays."""
    token = next(stream)
    constants: dict[str, object] = {"null": None, "true": True, "false": False}
    if token in constants:
        return constants[token]
    if token.startswith('"'):
        return re.sub(r"\\(.)", r"\1", token[1:-1])
    if not token[0].isalpha():
        return float(token) if "." in token else int(token)
    function = find(token.removesuffix("~"))
    assert function is not None
    implementation = function.insensitive if token.endswith("~") else function.implementation
    assert implementation is not None
    assert next(stream) == "("
    arguments = [evaluate(stream)]
    while next(stream) == ",":
        arguments.append(evaluate(stream))
    return implementation(*arguments)


def test_the_register_holds_the_functions_of_eql() -> None:
    assert sorted(function.name for function in FUNCTIONS.values()) == sorted(NAMES)
    assert all(name == function.name.lower() for name, function in FUNCTIONS.items())


def test_names_are_found_whatever_their_case() -> None:
    assert find("STRINGCONTAINS") is find("stringContains") is not None
    assert find("wildcard") is None


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_what_the_register_says_fits_together(function: Function) -> None:
    assert (function.insensitive is not None) == (function.name in WITH_INSENSITIVE_FORM)
    assert (function.fewest, function.most) == ARITIES[function.arity]
    assert len(function.examples) >= 2
    assert function.doc.endswith(".")
    assert {parameter.family for parameter in function.parameters} <= {
        "string",
        "numeric",
        "integer",
        "boolean",
        "ip",
        "any",
    }


@pytest.mark.parametrize(("function", "example"), EXAMPLES)
def test_examples_hold(function: Function, example: Example) -> None:
    value = evaluate(tokens(example.expression))
    assert value == example.value
    assert type(value) is type(example.value)
    assert example.expression.removeprefix(function.name).startswith(("(", "~("))


@pytest.mark.parametrize(("function", "example"), EXAMPLES)
def test_results_have_the_type_that_the_register_says(function: Function, example: Example) -> None:
    kinds = {
        DataType.KEYWORD: str,
        DataType.BOOLEAN: bool,
        DataType.INTEGER: int,
        DataType.LONG: int | float,
        DataType.DOUBLE: int | float,
    }
    assert example.value is None or isinstance(example.value, kinds[function.returns])
