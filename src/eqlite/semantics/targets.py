"""Versions of Elasticsearch: what is known to differ in the answers between 8.19 and 9.6.

The analyzer asks a `Target` and decides; the plan holds what was decided, so that nothing below it knows of versions.
`docs/explanation/differences.md` has the same table, and a test compares the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from eqlite.errors import EqlError

Version = tuple[int, int, int]

DEFAULT_TARGET = "9.5"
LINES = ("8.19", "9.0", "9.1", "9.2", "9.3", "9.4", "9.5", "9.6")
_NAME = re.compile(r"(?P<line>\d+\.\d+)(?:\.(?P<patch>\d{1,3}))?", re.ASCII)
_NEWEST_PATCH = 1_000


@dataclass(frozen=True, slots=True)
class Change:
    """A change of meaning.

    Attributes:
        source: the change to Elasticsearch that made it.
        since: the first versions that have it: of each line that got it later as a patch, and of the line after which
            all have it.
        before, after: what Elasticsearch answers without and with it.
    """

    source: str
    since: tuple[Version, ...]
    before: str
    after: str

    def is_in(self, version: Version) -> bool:
        """Return whether a version has the change."""
        return version >= self.since[-1] or any(version[:2] == first[:2] and version >= first for first in self.since)


REGEX_FOLDS_UNICODE = Change(
    "apache/lucene, by way of Lucene 10.2",
    ((9, 1, 0),),
    "`regex~` on a field folds A to Z only",
    "`regex~` on a field folds single characters by Unicode",
)
LEAVES_MIXED_CONDITIONS = Change(
    "elastic/elasticsearch#133134",
    ((8, 19, 3), (9, 0, 7), (9, 1, 3), (9, 2, 0)),
    "a condition that reads a join key and another field is copied to the other stages of a sequence",
    "only conditions that read nothing but join keys are copied",
)
LEAVES_MISSING_EVENTS = Change(
    "elastic/elasticsearch#145813",
    ((8, 19, 15), (9, 2, 9), (9, 3, 4), (9, 4, 0)),
    "the conditions of `![…]` on join keys are copied to the other stages",
    "the conditions of `![…]` stay where they are",
)
FOLDS_UNICODE = Change(
    "elastic/elasticsearch#153513",
    ((9, 6, 0),),
    "`:`, `in~`, `like~` and the functions with `~` on a field fold A to Z only",
    "they fold single characters by Unicode, as `regex~` does",
)
CHANGES = (REGEX_FOLDS_UNICODE, LEAVES_MIXED_CONDITIONS, LEAVES_MISSING_EVENTS, FOLDS_UNICODE)


@dataclass(frozen=True, slots=True)
class Target:
    """The version of Elasticsearch whose answers a query gives.

    Attributes:
        name: as it was asked for: a line, which stands for its newest patch release, or a patch release.
        regex_folds_unicode, folds_unicode: whether `regex~`, and the other insensitive tests, of a field fold letters
            beyond A to Z.
        copies_mixed_conditions: whether a condition on a join key is copied to other stages although it reads other
            fields too.
        copies_conditions_of_missing_events: whether those of `![…]` are.
    """

    name: str
    regex_folds_unicode: bool
    folds_unicode: bool
    copies_mixed_conditions: bool
    copies_conditions_of_missing_events: bool


@lru_cache(maxsize=64)
def target_named(name: str) -> Target:
    """Return the target of a name: `9.5`, or a patch release such as `8.19.14`.

    Raises:
        EqlError: there is none.

    >>> target_named("8.19").regex_folds_unicode, target_named("9.5").folds_unicode
    (False, False)
    >>> target_named("8.19.14").copies_conditions_of_missing_events
    True
    """
    version = _version(name)
    return Target(
        name,
        regex_folds_unicode=REGEX_FOLDS_UNICODE.is_in(version),
        folds_unicode=FOLDS_UNICODE.is_in(version),
        copies_mixed_conditions=not LEAVES_MIXED_CONDITIONS.is_in(version),
        copies_conditions_of_missing_events=not LEAVES_MISSING_EVENTS.is_in(version),
    )


def nearest_target(version: tuple[int, ...]) -> str:
    """Return the name of the target that fits a version: itself, or the first or last one that there is.

    >>> [nearest_target(version) for version in ((9, 2, 4), (8, 11, 0), (10, 0, 0))]
    ['9.2.4', '8.19.0', '9.6']
    """
    line = ".".join(map(str, version[:2]))
    if line in LINES:
        return ".".join(map(str, version[:3]))
    return f"{LINES[0]}.0" if version < (8, 19) else LINES[-1]


def _version(name: str) -> Version:
    if not isinstance(name, str):
        raise EqlError(f"a target is a text such as {DEFAULT_TARGET!r}; this is {name!r}")
    found = _NAME.fullmatch(name)
    if found is None or found["line"] not in LINES:
        raise EqlError(
            f"there is no target {name!r}: there are {', '.join(LINES)}, which stand for their newest patch release, "
            f"and patch releases such as {LINES[0]}.14"
        )
    major, minor = map(int, found["line"].split("."))
    return (major, minor, int(found["patch"] or _NEWEST_PATCH))
