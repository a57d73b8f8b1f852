"""Values of a file with their places, whatever language they are written in: what JSON and YAML have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from eqlite.source import Source, Span


class Tree(Protocol):
    """A value, and where it stands."""

    @property
    def value(self) -> object:
        """Return the value with all below it."""

    @property
    def span(self) -> Span:
        """Return the span of the value in the file."""

    def members(self) -> Iterable[tuple[str, Tree]]:
        """Return the members of an object, in order. A name may come twice."""

    def elements(self) -> Iterable[Tree]:
        """Return the elements of an array."""

    def source(self) -> Source:
        """Return a text with its place in the file."""
