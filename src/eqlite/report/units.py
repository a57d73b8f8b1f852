"""Durations and percentages in short form."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Return a duration in a suitable unit.

    >>> duration(0.000_000_194), duration(0.000_005_31), duration(0.025), duration(3.4567), duration(0)
    ('194 ns', '5.3 µs', '25.0 ms', '3.46 s', '0 ns')
    """
    for unit, factor, digits in (("ns", 1e9, 0), ("µs", 1e6, 1), ("ms", 1e3, 1)):
        text = f"{seconds * factor:.{digits}f}"
        if float(text) < 1000:
            return f"{text} {unit}"
    return f"{seconds:,.2f} s"


def percent(part: float) -> str:
    """Return a share as a percentage.

    It is never 0 for a positive share, nor 100 for a share below 1.

    >>> percent(0.123), percent(0.9999), percent(0.00001), percent(0), percent(1)
    ('12.3%', '>99.9%', '<0.1%', '0%', '100%')
    """
    if part in (0, 1):
        return f"{part:.0%}"
    if part < 0.0005:
        return "<0.1%"
    return ">99.9%" if part >= 0.9995 else f"{part:.1%}"


def on_one_line(text: str) -> str:
    r"""Return a text of several lines as one line, with the blanks at line ends removed.

    >>> on_one_line("a or\n    b")
    'a or b'
    """
    return " ".join(line.strip() for line in text.strip().splitlines())
