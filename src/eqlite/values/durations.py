"""Time spans as EQL writes them: `500ms`, `5m`, `1d`."""

from __future__ import annotations

import datetime
import re

UNIT_MILLIS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

_DURATION = re.compile(r"([0-9]{1,15})(ms|[smhd])", re.ASCII)


def duration_ms(value: str | datetime.timedelta) -> int:
    """Return a time span in milliseconds. Zero is valid.

    Raises:
        ValueError: it is none, or negative.

    >>> duration_ms("90s"), duration_ms(datetime.timedelta(minutes=2))
    (90000, 120000)
    """
    if isinstance(value, datetime.timedelta):
        millis = value // datetime.timedelta(milliseconds=1)
        if millis < 0:
            raise ValueError("a time span cannot be negative")
        return millis
    found = _DURATION.fullmatch(value)
    if found is None:
        raise ValueError(f"`{value}` is no time span: write a whole number and one of ms, s, m, h, d, such as `30s`")
    return int(found[1]) * UNIT_MILLIS[found[2]]
