"""Keys of values for dicts and sets, which no event can make collide.

Python hashes whole numbers by their remainder modulo 2**61 - 1, and floats alike. With numbers of one remainder every
look-up takes as long as there are entries. Hashes of texts are seeded by the process, so large numbers are keyed by
their digits.
"""

from __future__ import annotations

from typing import Any

_FEW_COLLIDE = 1 << 64
"""Of the whole numbers below, at most 17 have the same hash."""


def distinct_key(value: object) -> Any:
    """Return a key of a scalar: equal for equal values of one type, and for no others.

    >>> (
    ...     distinct_key(1) == distinct_key(1.0),
    ...     distinct_key(True) == distinct_key(1),
    ...     distinct_key(0.0) == distinct_key(-0.0),
    ... )
    (False, False, False)
    """
    kind = value.__class__
    if kind is str or value is None:
        return value
    if isinstance(value, float):
        return kind, repr(value)
    return kind, small_or_text(value) if isinstance(value, int) else value


def small_or_text(number: int) -> int | str:
    """Return a whole number, beyond 64 bits its 32 or more hexadecimal digits: texts that sort as the numbers do."""
    return number if -_FEW_COLLIDE < number < _FEW_COLLIDE else f"{number:032x}"
