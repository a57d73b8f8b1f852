r"""Regular expressions as Elasticsearch matches them: the whole value, in time linear in the value's length.

Three flavours: Lucene's for the values of fields; for the results of functions Lucene's again, for patterns that
are one text or match everything (`script`), and Java's for all others. All become one automaton (`lazy_dfa`) that never
backtracks, so a value chosen by an attacker costs no more than any other.

Example:
    >>> compile_regex(r".*\.(vbs|js)\.exe").matches("invoice.js.exe")
    True
    >>> compile_regex("[0-9]{3}").matches("1234")
    False
    >>> compile_regex("power(shell|cmd)", insensitive=True).matches("PowerShell")
    True

Source: semantics 6.2 and 6.3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final, Literal

from eqlite.limits import MAX_REGEX_CHARACTERS
from eqlite.values.case_folding import ascii_variants, fold_variants
from eqlite.values.regex.java_parser import parse_java
from eqlite.values.regex.lazy_dfa import Automaton
from eqlite.values.regex.literals import LiteralMatcher, RequiredRun, find_literals, find_run
from eqlite.values.regex.lucene_parser import parse_lucene
from eqlite.values.regex.position_automaton import build_fragment
from eqlite.values.regex.tree import RegexLimitError, RegexSyntaxError

__all__ = ["Flavour", "Regex", "RegexLimitError", "RegexSyntaxError", "compile_regex"]

Flavour = Literal["lucene", "script", "java"]

_CACHED_PATTERNS: Final = 1_024
_LONG_LITERAL: Final = 3


@dataclass(frozen=True, slots=True)
class Regex:
    """A compiled regular expression, shared among threads and pickled as its pattern.

    Attributes:
        pattern: the text, as given.
        insensitive: whether it is a `regex~`.
        flavour: whose syntax and rules.
        folds_ascii: whether `regex~` folds ASCII letters alone.
        required_literal: text that every match contains literally, or None if none is known.
        required_run: consecutive classes of characters in every match, or None if they are not selective.
        single_string: the string that matches, where exactly one does, otherwise None. Under `insensitive` that is a
            string without letters; ask the sensitive pattern for what Elasticsearch turns into equality.
        matches_everything: whether every string matches. A False may be wrong only for patterns of hundreds of states.
        has_range_class: whether a class holds a range, such as `[a-z]`, with an ASCII letter whose other case the class
            does not hold: under `regex~` on a field such a range does not fold.
    """

    pattern: str
    insensitive: bool
    flavour: Flavour
    folds_ascii: bool
    required_literal: str | None = field(compare=False, repr=False)
    single_string: str | None = field(compare=False, repr=False)
    matches_everything: bool = field(compare=False, repr=False)
    has_range_class: bool = field(compare=False, repr=False)
    automaton: Automaton = field(compare=False, repr=False)
    literals: LiteralMatcher | None = field(compare=False, repr=False)
    required_run: RequiredRun | None = field(compare=False, repr=False)

    def may_match(self, text: str) -> bool:
        """Return whether a part of `text` may match, by a quick test that may say yes wrongly."""
        if self.required_literal is not None and self.required_literal not in text:
            return False
        return self.required_run is None or bool(self.required_run.search(text))

    def matches(self, text: str) -> bool:
        """Return whether the whole of `text` matches, in time linear in its length."""
        # First what decides most values at the least cost: they lack the literal, or characters in a row.
        if not self.may_match(text):
            return False
        if self.literals is not None:
            return self.literals.matches(text)
        if self.single_string is not None:
            return text == self.single_string
        return self.automaton.accepts(text)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the pattern alone: the machine is built again where it is needed."""
        remade = partial(
            compile_regex, insensitive=self.insensitive, flavour=self.flavour, folds_ascii=self.folds_ascii
        )
        return remade, (self.pattern,)


def compile_regex(
    pattern: str, *, insensitive: bool = False, flavour: Flavour = "lucene", folds_ascii: bool = False
) -> Regex:
    r"""Return the compiled form of a pattern, the same object while it is cached.

    Args:
        pattern: the text after EQL's string escapes; the patterns of a list joined with `|`, ungrouped.
        insensitive: fold case: under `lucene` single characters by Unicode's simple folding, but not ranges and not
            `\w`; under `java` ASCII letters, ranges included.
        flavour: `lucene` for a field's values; `script` for Lucene's reading of a pattern for a function's result,
            where a letter behind a backslash may stand for itself; `java` for how such a pattern is matched.
        folds_ascii: under `lucene` fold ASCII letters alone, as Elasticsearch up to 9.0 does.

    Raises:
        RegexSyntaxError: for what the flavour does not take.
        RegexLimitError: for a pattern of more than 1,000 characters (UTF-16 units, as Elasticsearch counts them) or a
            machine of more than 10,000 states.

    Example:
        >>> compile_regex("<1-12>:[0-5][0-9]").matches("09:59")
        True
        >>> compile_regex("net\\.exe").single_string
        'net.exe'
        >>> compile_regex(".*^a$.*").matches("x^a$y"), compile_regex("^a$", flavour="java").matches("a")
        (True, True)
    """
    return _compile(pattern, insensitive=insensitive, flavour=flavour, folds_ascii=folds_ascii)


@lru_cache(maxsize=_CACHED_PATTERNS)
def _compile(pattern: str, *, insensitive: bool, flavour: Flavour, folds_ascii: bool) -> Regex:
    length = len(pattern) + sum(character > "\uffff" for character in pattern)
    if length > MAX_REGEX_CHARACTERS:
        raise RegexLimitError(
            f"the regular expression is {length:,} characters long; at most {MAX_REGEX_CHARACTERS:,} are allowed"
        )
    if flavour == "java":
        parsed = parse_java(pattern, insensitive=insensitive)
    else:
        fold = ascii_variants if folds_ascii else fold_variants
        parsed = parse_lucene(pattern, fold=fold if insensitive else None, any_escape=flavour == "script")
    automaton = Automaton(build_fragment(parsed.tree), parsed.assertions)
    required, literals = find_literals(parsed.tree)
    is_quick = literals is not None or len(required or "") >= _LONG_LITERAL
    return Regex(
        pattern=pattern,
        insensitive=insensitive,
        flavour=flavour,
        folds_ascii=folds_ascii,
        required_literal=required,
        single_string=automaton.only_string(),
        matches_everything=automaton.accepts_everything(),
        has_range_class=parsed.has_range_class,
        automaton=automaton,
        literals=literals,
        required_run=None if is_quick else find_run(parsed.tree),
    )
