"""Wildcard patterns and regular expressions, and values that match them."""

from __future__ import annotations

from hypothesis import strategies as st

from eqlite.values.regex.lucene_parser import parse_lucene
from eqlite.values.regex.tree import Alternation, Characters, Concatenation, Intersection, Repetition, postorder
from eqlite.values.wildcard import Pattern, like_pattern

ALPHABET = "aAbBéÉ.\\/ \n\0[~\U0001f600\ud800"
"""Characters that have gone wrong somewhere before: case, beyond ASCII, escapes, line ends, NUL, half a pair."""

_FILLERS = ["", "a", "B", "exe", " ", "\n", "é", "*", "?", "\\", "\0", "\U0001f600", "\ud800"]


def wildcard_patterns(*, alphabet: str = ALPHABET, max_size: int = 12) -> st.SearchStrategy[str]:
    """Return patterns for `:`, `like` and `like~`: half of their characters are `*` or `?`.

    Args:
        alphabet: the other characters.
        max_size: the greatest length.

    >>> from eqlite import strategies
    >>> from hypothesis import given
    >>> @given(strategies.wildcard_patterns(alphabet="ab", max_size=3))
    ... def check(pattern):
    ...     assert set(pattern) <= set("ab*?") and len(pattern) <= 3
    >>> check()
    """
    character = st.one_of(st.sampled_from(alphabet), st.sampled_from("*?"))
    return st.lists(character, max_size=max_size).map("".join)


def matching_values(pattern: str, *, insensitive: bool = False) -> st.SearchStrategy[str]:
    """Return texts that a pattern matches under `like`, or with `insensitive` under `:` and `like~`.

    Args:
        pattern: text with the wildcards `*` and `?`.
        insensitive: whether the case of letters does not count.

    >>> from eqlite import strategies
    >>> from hypothesis import given
    >>> @given(strategies.matching_values("*.ex?"))
    ... def check(value):
    ...     assert value[-4:-1] == ".ex"
    >>> check()
    """
    return st.composite(value_of_pattern)(like_pattern(pattern, insensitive=insensitive))


def value_of_pattern(draw: st.DrawFn, pattern: Pattern) -> str:
    """Return a value that matches a pattern."""
    fillers = draw(st.lists(st.sampled_from(_FILLERS), min_size=3, max_size=3))
    choice = draw(st.integers(0, 7))
    parts: list[str] = []
    for number, segment in enumerate(pattern.segments):
        if number:
            parts.append(fillers[number % 3])
        for place, atom in enumerate(segment.atoms):
            if atom is None:
                parts.append(fillers[place % 3][:1] or "x")
            else:
                parts.append(atom[(choice + place) % len(atom)])
    text = "".join(parts)
    return in_some_case(draw, text) if pattern.folded else text


def in_some_case(draw: st.DrawFn, text: str) -> str:
    """Return a text with its ASCII letters in upper or lower case, or some of each."""
    changed = draw(st.sampled_from(["as it is", "upper", "lower", "mixed"]))
    if changed == "as it is":
        return text
    flips = {"upper": (True,), "lower": (False,), "mixed": (True, False)}[changed]
    letters = [
        (character.upper() if flips[place % len(flips)] else character.lower()) if character.isascii() else character
        for place, character in enumerate(text)
    ]
    return "".join(letters)


def regexes() -> st.SearchStrategy[str]:
    """Return small regular expressions that both Lucene and Java take, though not always for the same."""
    atoms = st.sampled_from(
        [
            "a",
            "b",
            "A",
            "B",
            ".",
            "é",
            r"\.",
            r"\\",
            r"\*",
            "[ab]",
            "[^a]",
            "[a-c]",
            r"\d",
            r"\w",
            r"\S",
            "exe",
            " ",
            "@",
            "#",
        ]
    )
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map("".join),
            st.tuples(inner, inner).map(lambda both: f"({both[0]}|{both[1]})"),
            st.tuples(inner, st.sampled_from("*+?")).map(lambda both: f"({both[0]}){both[1]}"),
            inner.map(lambda text: f"({text}){{1,2}}"),
            inner.map(lambda text: f"~({text})"),
            st.tuples(inner, inner).map(lambda both: f"({both[0]})&({both[1]})"),
        ),
        max_leaves=5,
    )


def value_of_regex(draw: st.DrawFn, pattern: str, *, insensitive: bool) -> str:
    """Return a value that a regular expression of Lucene matches, or comes near: complements are not followed."""
    texts: dict[int, str] = {}
    choice, times = draw(st.integers(0, 7)), draw(st.integers(0, 2))
    for node in postorder(parse_lucene(pattern).tree):
        match node:
            case Characters(ranges):
                first, last = ranges[choice % len(ranges)] if ranges else (97, 97)
                texts[id(node)] = chr(min(first + choice, last, 0x10FFFF))
            case Concatenation(parts):
                texts[id(node)] = "".join(texts[id(part)] for part in parts)
            case Alternation(options):
                texts[id(node)] = texts[id(options[choice % len(options)])]
            case Intersection(operands):
                texts[id(node)] = texts[id(operands[0])]
            case Repetition(body, low, high):
                count = low + times if high is None else min(low + times, high)
                texts[id(node)] = texts[id(body)] * min(count, 64)
            case _:
                texts[id(node)] = ""
        if len(texts[id(node)]) > 1_000:
            texts[id(node)] = texts[id(node)][:1_000]
    text = texts[id(node)]
    return in_some_case(draw, text) if insensitive else text
