"""The functions on numbers: `add`, `subtract`, `multiply`, `divide`, `modulo`, and `number`, which reads text as one.

The first five are the operators by another name (`Arithmetics.java`). Their implementations take `bits=32` where both
arguments are literals that fit 32 bits, as the operators do: two such literals overflow at 2^31.
"""

from __future__ import annotations

from collections.abc import Callable

from eqlite.datatypes import DataType
from eqlite.functions.registry import Example, Function, Implementation, Parameter, Value, ValueFault, register
from eqlite.values import numbers
from eqlite.values.text import to_text

_OPERANDS = (
    Parameter("left", "numeric", "the first number"),
    Parameter("right", "numeric", "the second number"),
)
_TWO = "exactly two arguments"


def on_numbers(operation: Callable[..., int | float | None]) -> Implementation:
    """Return `operation` as an implementation: text is read as a number, a fault becomes a `ValueFault`.

    An argument that is null, a boolean or no number makes the result null.

    Example:
        >>> on_numbers(numbers.add)("40", 2), on_numbers(numbers.add)("forty", 2)
        (42, None)
    """

    def implementation(left: object, right: object, *, bits: int = 64) -> Value:
        try:
            return operation(numbers.to_number(left), numbers.to_number(right), bits=bits)
        except numbers.ArithmeticFault as fault:
            raise ValueFault(str(fault)) from None

    return implementation


def read_number(text: object, base: object = None) -> Value:
    """Return the number that `text` writes in `base`: the implementation of `number`.

    Args:
        text: null gives null; a number or boolean counts as its text.
        base: 2 to 36; null is 16 for text that begins with `0x`, otherwise 10.

    Returns:
        An integer; in base 10 a float where it is no integer of 64 bits (`42.5`, `1e3`, also ` 42 `).

    Raises:
        ValueFault: the text is no such number.

    Example:
        >>> read_number("0x1f"), read_number("42.5"), read_number("777", 8)
        (31, 42.5, 511)
    """
    if text is None:
        return None
    digits = to_text(text)
    is_prefixed = digits.startswith("0x")
    given = numbers.to_number(base)
    radix = numbers.to_int32(given) if given is not None else 16 if is_prefixed else 10
    if is_prefixed and radix == 16:
        digits = digits[2:]
    value = numbers.parse_long(digits, radix)
    if value is not None:
        return value
    number = numbers.parse_double(digits) if radix == 10 else None
    if number is None:
        raise ValueFault(f"Unable to convert [{digits}] to number of base [{radix}]")
    return number


# An integer where both operands are: `LONG` says so to checks that ask for an integer.
register(
    Function(
        name="add",
        parameters=_OPERANDS,
        returns=DataType.LONG,
        arity=_TWO,
        doc="The sum of two numbers, as `left + right`. Null if either is null.",
        examples=(Example("add(4, 38)", 42), Example("add(0.5, 2)", 2.5), Example("add(1, null)", None)),
        implementation=on_numbers(numbers.add),
    )
)

register(
    Function(
        name="subtract",
        parameters=_OPERANDS,
        returns=DataType.LONG,
        arity=_TWO,
        doc="The difference of two numbers, as `left - right`. Null if either is null.",
        examples=(
            Example("subtract(50, 8)", 42),
            Example("subtract(-2, 4)", -6),
            Example("subtract(null, 4)", None),
        ),
        implementation=on_numbers(numbers.subtract),
    )
)

register(
    Function(
        name="multiply",
        parameters=_OPERANDS,
        returns=DataType.LONG,
        arity=_TWO,
        doc="The product of two numbers, as `left * right`. Null if either is null.",
        examples=(Example("multiply(6, 7)", 42), Example("multiply(3, 0.5)", 1.5), Example("multiply(6, null)", None)),
        implementation=on_numbers(numbers.multiply),
    )
)

register(
    Function(
        name="divide",
        parameters=_OPERANDS,
        returns=DataType.LONG,
        arity=_TWO,
        doc="The quotient of two numbers, as `left / right`. Two integers give an integer, cut toward zero, and "
        "dividing by zero is an error; with a decimal number on either side the fraction is kept. Null if either is "
        "null.",
        examples=(
            Example("divide(85, 2)", 42),
            Example("divide(-7, 2)", -3),
            Example("divide(7, 2.0)", 3.5),
            Example("divide(null, 2)", None),
        ),
        implementation=on_numbers(numbers.divide),
    )
)

register(
    Function(
        name="modulo",
        parameters=_OPERANDS,
        returns=DataType.LONG,
        arity=_TWO,
        doc="The remainder of a division, as `left % right`, with the sign of `left`. An integer modulo zero is an "
        "error. Null if either is null.",
        examples=(
            Example("modulo(142, 100)", 42),
            Example("modulo(-10, 6)", -4),
            Example("modulo(10, 0.75)", 0.25),
            Example("modulo(10, null)", None),
        ),
        implementation=on_numbers(numbers.modulo),
    )
)

register(
    Function(
        name="number",
        parameters=(
            Parameter("text", "string", "the text to convert"),
            Parameter("base", "integer", "2 to 36; by default 16 after `0x`, otherwise 10", optional=True),
        ),
        returns=DataType.DOUBLE,
        arity="one or two arguments",
        doc="The number that a text represents. Any other text is an error. Null for null.",
        examples=(
            Example('number("4242")', 4242),
            Example('number("-0.25")', -0.25),
            Example('number("0xff")', 255),
            Example('number("ff", 16)', 255),
            Example('number("101010", 2)', 42),
            Example("number(null)", None),
        ),
        implementation=read_number,
    )
)
