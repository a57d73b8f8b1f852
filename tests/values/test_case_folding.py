"""One-to-one case folding, held against Python's own Unicode tables."""

from __future__ import annotations

import sys
import unicodedata
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqlite.values.case_folding import ascii_variants, fold_variants, simple_lower, simple_upper

EVERY_CHARACTER = [chr(code_point) for code_point in range(sys.maxunicode + 1)]


def test_a_character_stands_for_all_that_fold_to_the_same() -> None:
    by_fold: defaultdict[str, set[str]] = defaultdict(set)
    for character in EVERY_CHARACTER:
        by_fold[character.casefold()].add(character)
    wrong = [members for members in by_fold.values() for member in members if not members <= fold_variants(member)]
    assert wrong == []


def test_variants_of_a_character_are_its_fold_and_simple_cases() -> None:
    for character in EVERY_CHARACTER:
        strangers = {other for other in fold_variants(character) if other.casefold() != character.casefold()}
        assert strangers <= {simple_upper(character), simple_lower(character)}, character


@pytest.mark.parametrize(
    ("character", "upper"), [("ß", "ß"), ("ŉ", "ŉ"), ("ﬁ", "ﬁ"), ("ᾀ", "ᾈ"), ("ÿ", "Ÿ"), ("ǆ", "Ǆ"), ("1", "1")]
)
def test_upper_case_is_one_character(character: str, upper: str) -> None:
    assert simple_upper(character) == upper


@pytest.mark.parametrize(("character", "lower"), [("İ", "i"), ("Σ", "σ"), ("ẞ", "ß"), ("ǅ", "ǆ"), ("!", "!")])
def test_lower_case_is_one_character(character: str, lower: str) -> None:
    assert simple_lower(character) == lower


def test_only_one_lower_case_is_longer_than_its_character() -> None:
    assert [character for character in EVERY_CHARACTER if len(character.lower()) > 1] == ["İ"]


@pytest.mark.parametrize(
    ("character", "variants"),
    [
        ("k", {"k", "K", "\N{KELVIN SIGN}"}),
        ("\N{KELVIN SIGN}", {"k", "K", "\N{KELVIN SIGN}"}),
        ("s", {"s", "S", "\N{LATIN SMALL LETTER LONG S}"}),
        ("å", {"å", "Å", "\N{ANGSTROM SIGN}"}),
        ("ß", {"ß", "ẞ"}),
        ("\N{MICRO SIGN}", {"\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}", "\N{GREEK CAPITAL LETTER MU}"}),
        ("σ", {"σ", "ς", "Σ"}),
        ("é", {"é", "É"}),
        ("-", {"-"}),
        ("\ud83d", {"\ud83d"}),
    ],
)
def test_pattern_characters_stand_for_their_folding_class(character: str, variants: set[str]) -> None:
    assert fold_variants(character) == variants


def test_folding_is_not_symmetric() -> None:
    assert "i" in fold_variants("İ")
    assert "İ" not in fold_variants("i")
    assert fold_variants("\N{LATIN SMALL LETTER DOTLESS I}") == {"\N{LATIN SMALL LETTER DOTLESS I}", "I"}
    assert fold_variants("I") == {"I", "i"}


@given(st.characters())
def test_ascii_variants_are_both_cases_of_ascii_letters_only(character: str) -> None:
    letter = character.isascii() and unicodedata.category(character) in ("Lu", "Ll")
    assert ascii_variants(character) == ({character.lower(), character.upper()} if letter else {character})
