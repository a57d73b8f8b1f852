"""Case folding, one character to one character, as Java and Lucene do it.

Takes and gives characters (code points, as one-character strings). Python's own `upper`, `lower` and `casefold` are
*full* mappings: `"ß".upper()` is `"SS"`. The rules of `regex~` and of insensitive comparison know only *simple*
mappings, which never change the number of characters.

Example:
    >>> sorted(fold_variants("k"))
    ['K', 'k', '\u212a']
    >>> sorted(fold_variants("ß"))
    ['ß', 'ẞ']

What does not belong here: wildcards and regular expressions, which use these functions.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["ascii_variants", "fold_variants", "simple_lower", "simple_upper"]

# Characters that Unicode's simple case folding puts together and that simple upper and lower casing alone do not: the
# classes of CaseFolding.txt (status C and S) that hold more than one upper and one lower form.
# `tests/values/test_case_folding.py` derives the same list from Python's own tables.
_CLASSES = (
    "Kk\u212a",
    "Ss\u017f",
    "\u00c5\u00e5\u212b",
    "\u00df\u1e9e",
    "\u00b5\u039c\u03bc",
    "\u01c4\u01c5\u01c6",
    "\u01c7\u01c8\u01c9",
    "\u01ca\u01cb\u01cc",
    "\u01f1\u01f2\u01f3",
    "\u0345\u0399\u03b9\u1fbe",
    "\u0390\u1fd3",
    "\u03b0\u1fe3",
    "\u0392\u03b2\u03d0",
    "\u0395\u03b5\u03f5",
    "\u0398\u03b8\u03d1\u03f4",
    "\u039a\u03ba\u03f0",
    "\u03a0\u03c0\u03d6",
    "\u03a1\u03c1\u03f1",
    "\u03a3\u03c2\u03c3",
    "\u03a6\u03c6\u03d5",
    "\u03a9\u03c9\u2126",
    "\u0412\u0432\u1c80",
    "\u0414\u0434\u1c81",
    "\u041e\u043e\u1c82",
    "\u0421\u0441\u1c83",
    "\u0422\u0442\u1c84\u1c85",
    "\u042a\u044a\u1c86",
    "\u0462\u0463\u1c87",
    "\u1c88\ua64a\ua64b",
    "\u1e60\u1e61\u1e9b",
    "\ufb05\ufb06",
)
_CLASS_OF = {character: frozenset(members) for members in _CLASSES for character in members}


def simple_upper(character: str) -> str:
    """Return the simple upper case of one character, or the character itself.

    Example:
        >>> simple_upper("ß"), simple_upper("ᾀ"), simple_upper("é")
        ('ß', 'ᾈ', 'É')
    """
    upper = character.upper()
    if len(upper) == 1:
        return upper
    # Where the full upper case is several characters (`ᾀ` gives `ἈΙ`), the simple one, if any, is the title case.
    title = character.title()
    return title if len(title) == 1 else character


def simple_lower(character: str) -> str:
    """Return the simple lower case of one character, or the character itself.

    Example:
        >>> simple_lower("Σ"), simple_lower("İ")
        ('σ', 'i')
    """
    lower = character.lower()
    return lower if len(lower) == 1 else lower[0]  # only `İ` has a longer one: `i` and a combining dot


@lru_cache(maxsize=4096)
def fold_variants(character: str) -> frozenset[str]:
    """Return every character that a pattern's `character` stands for under `regex~` on a field.

    The relation runs from the pattern outward and is not symmetric: `İ` stands for `i` too, `i` not for `İ`. The result
    holds the character itself.

    Source: semantics 6.2, row `regex~` (Elasticsearch from 9.1).

    Example:
        >>> sorted(fold_variants("İ")), sorted(fold_variants("i"))
        (['i', 'İ'], ['I', 'i'])
    """
    variants = {character, simple_upper(character), simple_lower(character)}
    return frozenset(variants | _CLASS_OF.get(character, frozenset()))


def ascii_variants(character: str) -> frozenset[str]:
    """Return the character and, for an ASCII letter, its other case.

    Source: semantics 6.2: clauses up to Elasticsearch 9.5, and regular expressions over function results.

    Example:
        >>> sorted(ascii_variants("k")), sorted(ascii_variants("é"))
        (['K', 'k'], ['é'])
    """
    if character.isascii() and character.isalpha():
        return frozenset((character, character.swapcase()))
    return frozenset((character,))
