"""Terms: the texts by which a requirement is found, as by the terms of an inverted index."""

from __future__ import annotations

from typing import NamedTuple

from eqlite import plan
from eqlite.predicates.literal_search import longest_literal
from eqlite.predicates.raw_values import SEPARATOR, STAND_IN
from eqlite.values.text import fold_ascii

_SHORTEST_PART = 3
_MOST_TEXTS = 2_000


class Terms(NamedTuple):
    """Texts of which a field's values have at least one wherever a requirement is met.

    Attributes:
        exact: whole values.
        folded: whole values, ASCII letters in lower case.
        parts: parts of the joined values (`raw_values.joined`), ASCII letters in lower case.
    """

    exact: frozenset[str] = frozenset()
    folded: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()

    @property
    def texts(self) -> frozenset[str]:
        """Return the texts of all kinds."""
        return self.exact | self.folded | self.parts

    @property
    def rank(self) -> tuple[int, int]:
        """Return a sort key by selectivity, the best first: whole values before long parts."""
        return (1, -min(map(len, self.parts))) if self.parts else (0, len(self.exact) + len(self.folded))


class TermReader:
    """Reads the terms of requirements, those of each part once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[plan.Condition, Terms | None]] = {}

    def terms_of(self, required: plan.Condition) -> Terms | None:
        """Return terms of which every value that meets a requirement has one. None if there are none."""
        known = self._known.get(id(required))
        if known is None:
            known = self._known[id(required)] = (required, self._read(required))  # held, so that its id stays its own
        return known[1]

    def _read(self, required: plan.Condition) -> Terms | None:
        match required:
            case plan.FieldTest(test=plan.TextIn(texts=texts, insensitive=insensitive)):
                return Terms(folded=texts) if insensitive else Terms(exact=texts)
            case plan.FieldTest(test=plan.TextLike(patterns=patterns)):
                return _parts([fold_ascii(longest_literal(pattern)) for pattern in patterns])
            case plan.FieldTest(test=plan.TextRegex() as test):
                return _parts([fold_ascii(test.regex.required_literal or "")])
            case plan.AllOf(terms=terms):
                found = [part for term in terms if (part := self.terms_of(term)) is not None]
                return min(found, key=lambda part: part.rank, default=None)
            case plan.AnyOf(terms=terms):
                return _union([self.terms_of(term) for term in terms])
            case _:
                return None


def _union(parts: list[Terms | None]) -> Terms | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    exact, folded, within = (frozenset[str]().union(*column) for column in zip(*known, strict=True))
    return Terms(exact, folded, within)


def _parts(texts: list[str]) -> Terms | None:
    """Return the terms for parts of values. None if they are too short or too many to be selective."""
    for text in texts:
        plain = text.strip(SEPARATOR)
        if (len(plain) < _SHORTEST_PART and len(plain) == len(text)) or not plain or STAND_IN in text:
            return None
    return Terms(parts=frozenset(texts)) if len(texts) <= _MOST_TEXTS else None
