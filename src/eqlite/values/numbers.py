"""Numbers as Elasticsearch reads them: parsing, narrowing to a field's type, arithmetic and comparison.

Numbers are Python's `int` and `float`; a `bool` is never a number here. Java's widths are rules of the operations:
`int` stands for int (32 bits), long (64 bits) and unsigned long, `float` for double.

Arithmetic is `Arithmetics.java`: null on either side gives null, a double on either side makes the operation one of
doubles (IEEE, nothing faults), two integers stay exact and *fault* where Java throws.

Example:
    >>> add(1, 2.5), divide(-7, 2), modulo(-10, -6), parse_number(" 1e3 "), parse_number("0x10")
    (3.5, -3, -4, 1000.0, None)
"""

from __future__ import annotations

import math
import operator
import re
import struct
import unicodedata
from collections.abc import Callable
from typing import Final

from eqlite.datatypes import INTEGERS, DataType
from eqlite.values.java_types import InstantText, UnsignedLong
from eqlite.values.text import compare_text, to_text

Number = int | float

_BLANKS: Final = "".join(map(chr, range(0x21)))
"""What Java's `String.trim` takes off: the space and every character before it."""

_MAX_UNSIGNED: Final = (1 << 64) - 1
_RANGES: Final = {
    DataType.BYTE: (-(1 << 7), (1 << 7) - 1),
    DataType.SHORT: (-(1 << 15), (1 << 15) - 1),
    DataType.INTEGER: (-(1 << 31), (1 << 31) - 1),
    DataType.LONG: (-(1 << 63), (1 << 63) - 1),
    DataType.UNSIGNED_LONG: (0, _MAX_UNSIGNED),
}
_MIN_LONG, _MAX_LONG = _RANGES[DataType.LONG]
_MIN_INT, _MAX_INT = _RANGES[DataType.INTEGER]

# Possessive quantifiers: the text is an event's, and there is nothing to come back to.
_INTEGER = re.compile(r"[+-]?[0-9]++")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_HEXADECIMAL = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]++(?:\.[0-9a-fA-F]*+)?|\.[0-9a-fA-F]++)[pP][+-]?[0-9]++")
_SPECIAL: Final = {"NaN": math.nan, "Infinity": math.inf}


class ArithmeticFault(ValueError):
    """An operation for which Java throws: division by zero, a result that does not fit. The message is Java's."""


def parse_number(text: str) -> Number | None:
    """Return `text` as a number for a numeric field or a number literal, or None.

    Args:
        text: digits with an optional sign, fraction and exponent; blanks (U+0000 to U+0020) around it do not count.

    Returns:
        An integer for digits alone, if it fits a long or an unsigned long; a float for every other number. None for
        `""`, for what no numeric field takes (`NaN`, `Infinity`, `1e999`) and for what only programming languages take
        (`0x10`, `1_000`, `1d`, digits other than 0-9).

    Example:
        >>> [parse_number(text) for text in ("42", " -4.50", ".5e1", "18446744073709551616", "ten")]
        [42, -4.5, 5.0, 1.8446744073709552e+19, None]
    """
    if len(text) <= 18 and text.isascii() and text.isdigit():  # as a rule it is an event code or a port
        return int(text)
    text = text.strip(_BLANKS)
    if _INTEGER.fullmatch(text):
        exact = parse_long(text)
        if exact is not None:
            return exact
        digits = text.lstrip("+-0")
        if len(digits) <= 20 and not text.startswith("-") and int(digits) <= _MAX_UNSIGNED:
            return int(digits)
    elif not _DECIMAL.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def to_number(value: object) -> Number | None:
    """Return a value as a number: numbers unchanged, text parsed, None for booleans and null.

    Other objects of Python (`Decimal`, a number of numpy) are read by their text.

    Example:
        >>> [to_number(value) for value in (7, 7.5, "7", True, None)]
        [7, 7.5, 7, None, None]
    """
    if isinstance(value, (int, float)):
        return None if isinstance(value, bool) else value
    return None if value is None else parse_number(to_text(value))


def parse_long(text: str, base: int = 10) -> int | None:
    """Return the result of Java's `Long.parseLong(text, base)`, or None if it throws.

    No blanks, no prefix, no underscore; digits of other scripts and full-width letters count.

    Example:
        >>> parse_long("-7f", 16), parse_long("9223372036854775808"), parse_long(" 1"), parse_long("1", 99)
        (-127, None, None, None)
    """
    if not 2 <= base <= 36:
        return None
    digits = text[1:] if text.startswith(("+", "-")) else text
    if not digits.isascii():
        digits = "".join(map(_ascii_digit, digits))
    if not digits.isalnum():  # `int` would take `_` and blanks
        return None
    digits = digits.lstrip("0") or "0"  # also takes the `0` off a prefix, which `int` would take
    if len(digits) > 64:
        return None
    try:
        value = int(digits, base)
    except ValueError:
        return None
    if text.startswith("-"):
        value = -value
    return value if _MIN_LONG <= value <= _MAX_LONG else None


def _ascii_digit(character: str) -> str:
    """Return a UTF-16 unit as Java's `Character.digit` reads it, or an underscore."""
    if character.isascii():
        return character
    if "\uff21" <= character <= "\uff3a" or "\uff41" <= character <= "\uff5a":
        return chr(ord(character) - 0xFEE0)
    value = unicodedata.decimal(character, None) if character <= "\uffff" else None
    return "_" if value is None else str(value)


def parse_double(text: str) -> float | None:
    """Return the result of Java's `Double.valueOf(text)`, or None if it throws.

    Blanks around it do not count; `NaN`, `Infinity`, hexadecimal floats (`0x1p3`) and a closing `f` or `d` are taken;
    what is too large is infinite.

    Example:
        >>> [parse_double(text) for text in (" 1e3 ", "42.5f", "0x1p3", "-Infinity", "1e999", "0x10", "inf")]
        [1000.0, 42.5, 8.0, -inf, inf, None, None]
    """
    text = text.strip(_BLANKS)
    unsigned = text[1:] if text.startswith(("+", "-")) else text
    if unsigned in _SPECIAL:
        return math.copysign(_SPECIAL[unsigned], -1.0 if text.startswith("-") else 1.0)
    number = text[:-1] if text.endswith(("f", "F", "d", "D")) else text
    if _DECIMAL.fullmatch(number):
        return float(number)
    if _HEXADECIMAL.fullmatch(number):
        try:
            return float.fromhex(number)
        except OverflowError:
            return -math.inf if text.startswith("-") else math.inf
    return None


def narrow(value: Number, datatype: DataType) -> Number | None:
    """Return `value` as a number field of that type holds it, or None if it rejects it.

    Integer fields drop the fraction (`coerce`, Elasticsearch's default) and refuse what is out of range; `float` and
    `half_float` round to their precision; no field takes what is not finite. `scaled_float` stays unchanged: the
    factor is the mapping's. For a type that is not numeric the value is returned unchanged.

    Example:
        >>> narrow(-1.9, DataType.INTEGER), narrow(128, DataType.BYTE), narrow(0.1, DataType.FLOAT)
        (-1, None, 0.10000000149011612)
    """
    if datatype in INTEGERS:
        if isinstance(value, float):
            if not math.isfinite(value):
                return None
            value = int(value)
        low, high = _RANGES[datatype]
        return value if low <= value <= high else None
    if datatype in _PRECISIONS:
        return _round(value, _PRECISIONS[datatype])
    return value


_PRECISIONS: Final = {
    DataType.DOUBLE: (),
    DataType.SCALED_FLOAT: (),
    DataType.FLOAT: (struct.Struct("<f"),),
    # Elasticsearch goes by way of a float, so a half is rounded twice.
    DataType.HALF_FLOAT: (struct.Struct("<f"), struct.Struct("<e")),
}


def _round(value: Number, steps: tuple[struct.Struct, ...]) -> float | None:
    """Return `value` as a float rounded through `steps`, or None beyond their range."""
    try:
        rounded = float(value)
        for step in steps:
            (rounded,) = step.unpack(step.pack(rounded))
    except OverflowError:
        return None
    return rounded if math.isfinite(rounded) else None


def add(left: object, right: object, *, bits: int = 64) -> Number | None:
    """Return `left + right`, or None if either is not a number.

    Args:
        left, right: operands; null, booleans and text are no numbers (read text with `to_number` first).
        bits: width of integers: 32 where both are literals that fit 32 bits, otherwise 64.

    Raises:
        ArithmeticFault: two integers whose sum does not fit.

    Example:
        >>> add(2**31 - 1, 1), add(1, None)
        (2147483648, None)
    """
    return _combine(operator.add, left, right, bits)


def subtract(left: object, right: object, *, bits: int = 64) -> Number | None:
    """Return `left - right`, like `add`."""
    return _combine(operator.sub, left, right, bits)


def multiply(left: object, right: object, *, bits: int = 64) -> Number | None:
    """Return `left * right`, like `add`."""
    return _combine(operator.mul, left, right, bits)


def _combine(operation: Callable[[Number, Number], Number], left: object, right: object, bits: int) -> Number | None:
    """Return the result of `+`, `-` or `*`, which two integers must not overflow."""
    pair = _operands(left, right)
    if pair is None:
        return None
    result = operation(*pair)
    return result if isinstance(result, float) else _exact(result, pair, bits)


def divide(left: object, right: object, *, bits: int = 64) -> Number | None:
    """Return `left / right`, or None if either is not a number.

    Two integers give an integer, cut toward zero; the smallest one divided by -1 is itself, as in Java.

    Raises:
        ArithmeticFault: two integers, the second one zero.

    Example:
        >>> divide(-7, 2), divide(-7, 2.0), divide(1, 0.0)
        (-3, -3.5, inf)
    """
    pair = _operands(left, right)
    if pair is None:
        return None
    a, b = pair
    if isinstance(a, float) or isinstance(b, float):
        if b:
            return a / b
        return math.nan if not a or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)
    if not b:
        raise ArithmeticFault("/ by zero")
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    if quotient == 1 << (bits - 1) and a < 0:
        return a  # Java's `/` is the one operation that wraps around
    return _exact(quotient, pair, bits)


def modulo(left: object, right: object, *, bits: int = 64) -> Number | None:
    """Return `left % right` with the sign of `left`, or None if either is not a number.

    Raises:
        ArithmeticFault: two integers, the second one zero.

    Example:
        >>> modulo(-10, 6), modulo(10, -6), modulo(10, 0.75), modulo(1.0, 0)
        (-4, 4, 0.25, nan)
    """
    pair = _operands(left, right)
    if pair is None:
        return None
    a, b = pair
    if isinstance(a, float) or isinstance(b, float):
        return math.fmod(a, b) if b and math.isfinite(a) else math.nan
    if not b:
        raise ArithmeticFault("/ by zero")
    remainder = abs(a) % abs(b)
    return _exact(-remainder if a < 0 else remainder, pair, bits)


def negate(value: object, *, bits: int = 64) -> Number | None:
    """Return `-value`, or None if it is not a number.

    Raises:
        ArithmeticFault: the smallest integer, an unsigned long above 0, and by mistake the smallest double.

    Example:
        >>> negate(5), negate(-0.5), negate("5")
        (-5, 0.5, None)
    """
    pair = _operands(value, value)
    if pair is None:
        return None
    number = pair[0]
    if isinstance(number, float):
        if number == 5e-324:
            raise ArithmeticFault("double overflow")
        return -number
    return _exact(-number, pair, bits)


def _operands(left: object, right: object) -> tuple[int, int] | tuple[float, float] | None:
    """Return both operands in the class that Java widens them to, or None for other values."""
    a, b = _in_range(left), _in_range(right)
    if a is None or b is None:
        return None
    if isinstance(a, int) and isinstance(b, int):
        return a, b
    return float(a), float(b)


def _in_range(value: object) -> Number | None:
    """Return a number in Elasticsearch's range, a double beyond 64 bits, or None for other values."""
    if isinstance(value, float):
        return value
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if _MIN_LONG <= value <= _MAX_UNSIGNED else _to_double(value)


def _to_double(value: Number) -> float:
    """Return `value` as a float, infinite beyond its range."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _exact(result: int, operands: tuple[Number, Number], bits: int) -> int:
    """Return the result of an integer operation, or raise a fault if it does not fit.

    An operand of an unsigned_long field, or beyond a long, makes the result one as well: it may not be negative.
    """
    if max(operands) > _MAX_LONG or any(isinstance(operand, UnsignedLong) for operand in operands):
        if 0 <= result <= _MAX_UNSIGNED:
            return UnsignedLong(result)
        raise ArithmeticFault("unsigned_long overflow")
    limit = 1 << (bits - 1)
    if -limit <= result < limit:
        return result
    raise ArithmeticFault("integer overflow" if bits == 32 else "long overflow")


def to_int32(value: Number) -> int:
    """Return the result of Java's `Number.intValue`: the low 32 bits of an integer, a float cut and clamped.

    Example:
        >>> to_int32(7.9), to_int32(2**32 + 5), to_int32(1e300), to_int32(float("nan"))
        (7, 5, 2147483647, 0)
    """
    if isinstance(value, int):
        return ((value + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
    if value != value:
        return 0
    return int(min(max(value, _MIN_INT), _MAX_INT))


def compare(left: object, right: object) -> int | None:
    """Return -1, 0 or 1 as scripts compare two values, None where they cannot be compared (`Comparisons.java`).

    Null is comparable with nothing, nor are values of different classes (`1` and `"1"`, `true` and `1`). Numbers
    compare as doubles if one is a float, by `Double.compare`: NaN equals itself and is greater than the rest, -0.0 is
    less than 0.0. Text compares by UTF-16 unit, false is less than true.

    Example:
        >>> compare(1, 1.5), compare("b", "a"), compare(True, True), compare(1, "1"), compare(None, None)
        (-1, 1, 0, None, None)
    """
    if isinstance(left, str):
        alike = isinstance(right, str) and isinstance(left, InstantText) is isinstance(right, InstantText)
        return compare_text(left, right) if isinstance(right, str) and alike else None
    if isinstance(left, bool) or isinstance(right, bool):
        return left - right if isinstance(left, bool) and isinstance(right, bool) else None
    if isinstance(left, int) and isinstance(right, int):
        return (left > right) - (left < right)
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return _compare_doubles(_to_double(left), _to_double(right))
    return None


def _compare_doubles(left: float, right: float) -> int:
    """Return the order of two floats by `Double.compare`, which is total."""
    if left < right:
        return -1
    if left > right:
        return 1
    if left == right:
        return int(math.copysign(1.0, left) - math.copysign(1.0, right)) // 2
    return (left != left) - (right != right)
