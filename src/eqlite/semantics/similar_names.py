"""Did you mean …? Names near to one that is not there, by Elasticsearch's measure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_LEAST_SCORE = 0.5
_LONGEST = 200


def similar_names(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names of which at least half agrees with `name`, the nearest first, then by name.

    >>> similar_names("pib", ["pid", "ppid", "md5"])
    ['pid', 'ppid']
    """
    if len(name) > _LONGEST:
        return []
    places: dict[str, int] = {}
    for place, character in enumerate(name):
        places[character] = places.get(character, 0) | 1 << place
    scored = []
    for candidate in known:
        longest = max(len(name), len(candidate))
        if longest == 0 or abs(len(name) - len(candidate)) > longest * (1 - _LEAST_SCORE):
            continue
        score = 1 - _distance(places, len(name), candidate) / longest
        if score >= _LEAST_SCORE:
            scored.append((-score, candidate))
    return [candidate for _, candidate in sorted(scored)]


def _distance(places: Mapping[str, int], length: int, other: str) -> int:
    """Return the number of insertions, deletions and replacements that turn one text into another.

    Myers' bit-parallel form of the usual table: a column of it is the bits of two integers, which say where the value
    is one more or one less than in the row above. A schema has thousands of names.

    Args:
        places: for each character of the one text, the bits of its places.
        length: of that text.
        other: the other text.
    """
    whole = (1 << length) - 1
    last = 1 << length >> 1
    more, less, distance = whole, 0, length
    for character in other:
        equal = places.get(character, 0)
        unchanged = equal | less
        level = (((equal & more) + more) ^ more) | equal
        up, down = less | ~(level | more), more & level
        distance += bool(up & last) - bool(down & last)
        up, down = up << 1 | 1, down << 1
        more, less = (down | ~(unchanged | up)) & whole, up & unchanged & whole
    return distance if length else len(other)
