"""Classes of values in Elasticsearch's scripts that JSON lacks, as subclasses of Python's."""

from __future__ import annotations

__all__ = ["InstantText", "UnsignedLong"]


class UnsignedLong(int):
    """A number of an unsigned_long field, and what whole numbers calculated with one come to.

    Java holds it as a BigInteger whatever its size, and it may not become negative.
    """

    __slots__ = ()


class InstantText(str):
    """The text of a date in a script, where Java has a date: comparing it with a text gives null."""

    __slots__ = ()
