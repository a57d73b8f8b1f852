"""Matchers that are too simple to be wrong, for the property tests to compare with."""

from __future__ import annotations

STAR, ANY = object(), object()
Token = object | tuple[str, bool]
"""`*`, `?`, or a character and whether its case counts."""


def like_tokens(pattern: str, *, insensitive: bool) -> list[Token]:
    """Read a pattern of `:` and `like`: two wildcards, no escape."""
    found: list[Token] = []
    for character in pattern:
        found.append({"*": STAR, "?": ANY}.get(character, (character, not insensitive)))
    return found


def lucene_tokens(pattern: str, *, insensitive: bool) -> list[Token]:
    """Read a wildcard of Lucene's: a backslash takes the character behind it as it is, at the end it is itself."""
    found: list[Token] = []
    rest = pattern
    while rest:
        if rest[0] == "\\" and len(rest) > 1:
            found.append((rest[1], True))
            rest = rest[2:]
        else:
            found.append({"*": STAR, "?": ANY}.get(rest[0], (rest[0], not insensitive)))
            rest = rest[1:]
    return found


def tokens_match(tokens: list[Token], value: str) -> bool:
    """Tell whether the whole value matches, character by character, every place of the tokens kept in mind."""
    places = {0}
    for character in [*value, None]:
        while more := {place + 1 for place in places if place < len(tokens) and tokens[place] is STAR} - places:
            places |= more
        if character is None:
            return len(tokens) in places
        following = set()
        for place in places:
            if place == len(tokens):
                continue
            token = tokens[place]
            if token is STAR:
                following.add(place)
            elif token is ANY or (isinstance(token, tuple) and same_character(*token, character)):
                following.add(place + 1)
        places = following
    raise AssertionError


def same_character(wanted: str, case_counts: bool, character: str) -> bool:
    """Tell whether two characters are the same; where case does not count, only that of ASCII letters does not."""
    if wanted == character:
        return True
    return not case_counts and wanted.isascii() and character.isascii() and wanted.lower() == character.lower()
