"""Did you mean …? Names near to one that is not there, by Elasticsearch's measure."""

from __future__ import annotations

from collections.abc import Iterable

_LEAST_SCORE = 0.5
_LONGEST = 200


def similar_names(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names of which at least half agrees with `name`, the nearest first, then by name.

    >>> similar_names("pib", ["pid", "ppid", "md5"])
    ['pid', 'ppid']
    """
    if len(name) > _LONGEST:
        return []
    scored = []
    for candidate in known:
        longest = max(len(name), len(candidate))
        if longest == 0 or abs(len(name) - len(candidate)) > longest * (1 - _LEAST_SCORE):
            continue
        score = 1 - _distance(name, candidate) / longest
        if score >= _LEAST_SCORE:
            scored.append((-score, candidate))
    return [candidate for _, candidate in sorted(scored)]


def _distance(left: str, right: str) -> int:
    """Return the number of insertions, deletions and replacements that turn one text into the other."""
    previous = list(range(len(right) + 1))
    for row, a in enumerate(left, 1):
        current = [row]
        for column, b in enumerate(right, 1):
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (a != b)))
        previous = current
    return previous[-1]
