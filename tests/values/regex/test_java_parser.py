"""Regular expressions over the results of functions: Java's syntax, whole values, no DOTALL."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqlite.values.regex.compile import RegexLimitError, RegexSyntaxError, compile_regex


def matched(pattern: str, texts: Iterable[str], *, insensitive: bool = False) -> list[str]:
    regex = compile_regex(pattern, insensitive=insensitive, flavour="java")
    return [text for text in texts if regex.matches(text)]


@pytest.mark.parametrize("line_end", ["\n", "\r", "\x85", "\u2028", "\u2029"])
def test_a_dot_is_no_line_end(line_end: str) -> None:
    assert matched("a.b", ["a b", "a\vb", f"a{line_end}b"]) == ["a b", "a\vb"]
    assert not compile_regex(".*", flavour="java").matches_everything


@pytest.mark.parametrize(
    ("pattern", "accepted", "refused"),
    [
        ("a|", ["a", ""], ["b"]),
        ("(|a)b", ["b", "ab"], ["a"]),
        ("", [""], ["a"]),
        ("(?:ab)+", ["ab", "abab"], [""]),
        ("(?<name1>ab)+", ["ab", "abab"], [""]),
        ("a*?b", ["b", "aab"], ["a"]),
        ("a{2,3}?", ["aa", "aaa"], ["a"]),
        ("~&@#<\"a\"-}]", ["~&@#<\"a\"-}]"], ["a"]),
        ("[a-c]", ["a", "c"], ["-"]),
        ("[a-]", ["a", "-"], ["b"]),
        ("[]a]", ["]", "a"], ["[]a]"]),
        ("[^a-c&]", ["d", "\n"], ["a", "&"]),
        ("[a-d[x-z]]", ["b", "y"], ["m"]),
        ("[a-z&&[^b-y]]", ["a", "z"], ["b", "A"]),
        ("[a-f&&d-z]", ["d", "f"], ["a", "z"]),
        (r"[\d\-\]]", ["5", "-", "]"], ["\\"]),
        (r"\d\D", ["1a"], ["11", "aa"]),
        (r"\s+", [" \t\n\v\f\r"], ["\xa0"]),
        (r"\h", [" ", "\xa0", "\u2003"], ["\n"]),
        (r"\v", ["\n", "\u2028"], [" "]),
        (r"\w\W", ["_-"], ["ab"]),
        (r"\t\n\r\f\a\e", ["\t\n\r\f\a\x1b"], ["t"]),
        (r"\x41\u0042\x{1F600}", ["AB😀"], ["x41"]),
        (r"\.\\\-\é", [".\\-é"], ["a"]),
        (r"\Qa.*\E+", ["a.*", "a.***"], ["ab"]),
        (r"\Q[", ["["], [""]),
        (r"\p{Alpha}\p{Digit}\p{Punct}", ["a1!"], ["é1!"]),
        (r"\p{L}\pN\p{Lu}\P{L}", ["éⅧÉ1"], ["1ééé"]),
        (r"\p{IsSc}", ["€"], ["e"]),
    ],
)  # fmt: skip
def test_operators(pattern: str, accepted: list[str], refused: list[str]) -> None:
    assert matched(pattern, accepted + refused) == accepted


@pytest.mark.parametrize(
    ("pattern", "accepted", "refused"),
    [
        ("^a$", ["a"], ["a\n", "\na", "^a$"]),
        ("a$\n", ["a\n"], ["a", "a\n\n"]),
        ("a$\r\n", ["a\r\n"], ["a\n"]),
        ("a$.?\u2028?", ["a", "a\u2028"], ["ab"]),
        ("a\r$\n", [], ["a\r\n"]),
        ("x*^a", ["a"], ["xa", "x^a"]),
        ("^", [""], ["a", "\n"]),
        ("$^", [""], ["a", "\n"]),
        ("$\n", ["\n"], [""]),
        ("^$\n", ["\n"], [""]),
        ("(a$|b)\n?", ["a", "b", "a\n", "b\n"], ["ab"]),
        ("(^a|b)+", ["a", "b", "ab", "abb"], ["ba", "aa"]),
        (r"\Aa\z", ["a"], ["a\n"]),
        (r"a\z\n?", ["a"], ["a\n"]),
        (r"a\Z\n?", ["a", "a\n"], ["a\n\n"]),
        ("a$b", [], ["ab", "a$b", "a\nb"]),
    ],
)
def test_anchors(pattern: str, accepted: list[str], refused: list[str]) -> None:
    assert matched(pattern, accepted + refused) == accepted


@pytest.mark.parametrize(
    ("pattern", "accepted", "refused"),
    [
        ("(?i)ab.", ["abc", "ABC"], ["a"]),
        ("a(?i)b(?-i)c", ["abc", "aBc"], ["Abc", "abC"]),
        ("(a(?i)b)c", ["aBc"], ["aBC"]),
        ("(?i:a)b", ["Ab"], ["AB"]),
        ("a(?i)|b", ["a", "B"], ["A"]),
        ("(?i)é", ["é"], ["É"]),
        ("(?iu)é[à-ü]", ["éà", "ÉÀ", "Éü"], ["éa"]),
        ("(?iu)k", ["k", "K", "\u212a"], ["l"]),
        ("(?s)a.b", ["a\nb", "a b"], []),
        ("(?s:.).", ["\na"], ["a\n"]),
        ("(?d)a.b", ["a\rb"], ["a\nb"]),
        ("(?d)a$\r?\n?", ["a", "a\n"], ["a\r", "a\r\n"]),
        ("(?m)a$\n^b", ["a\nb"], ["a\rb"]),
        ("(?m)(a$\r\n^b)", ["a\r\nb"], []),
        ("(?m)(^)", [], [""]),
        ("(?m)a\n^", [], ["a\n"]),
        ("(?md)a\r^b", [], ["a\rb"]),
        ("(?x) a b # c\n[ c d ]", ["abc", "abd"], ["ab ", "a b"]),
        (r"(?x)a\ b", ["a b"], ["ab"]),
    ],
)
def test_inline_flags(pattern: str, accepted: list[str], refused: list[str]) -> None:
    assert matched(pattern, accepted + refused) == accepted


@pytest.mark.parametrize(
    ("pattern", "accepted", "refused"),
    [
        (r"\bcmd\b.*", ["cmd", "cmd x", "cmd-é"], ["cmdx", "cmd_", "cmd1"]),
        (r".*\bé\b.*", [], ["é", "a é"]),
        (r"a\b\u0301.*", [], ["a\u0301"]),
        (r"-\b\u0301.*", [], ["-\u0301"]),
        (r"a\Bb|\B", ["ab", ""], ["a"]),
        (r"(?:\b|x)*", [""], ["a"]),
        (r"\b+a\b{2}", ["a"], ["aa"]),
        (r"(?:\b\w+\b ?)+", ["one two", "one"], ["one  two", ""]),
        (r"\Ga\Z", ["a"], ["a\n"]),
        ("(^|$)a?", ["", "a"], ["b"]),
        ("^*a^{0,2}", ["a"], ["b"]),
    ],
)
def test_word_boundaries_and_repeated_assertions(pattern: str, accepted: list[str], refused: list[str]) -> None:
    assert matched(pattern, accepted + refused) == accepted


@pytest.mark.parametrize(
    ("pattern", "accepted", "refused"),
    [
        ("a*+b", ["b", "aab"], ["a"]),
        ("a*+a", [], ["a", "aa"]),
        ("[ab]++c?", ["ab", "abc"], ["c"]),
        ("a?+a", ["aa"], ["a"]),
        ("a{1,2}+a?b", ["ab", "aab", "aaab"], ["b"]),
        ("a{2}+a", ["aaa"], ["aa"]),
        ("(a|b)*+b", [], ["b", "ab"]),
        ("(?:ab){2}+", ["abab"], ["ab"]),
        ("(?>ab?)b", ["abb"], ["ab"]),
        ("(?>a|b)c", ["ac", "bc"], ["c"]),
        ("(?:x(?>a*)a?)+", ["xa", "xaxaa"], ["a"]),
        (r"\d++-\d++", ["1-22"], ["1-"]),
    ],
)
def test_possessive_repetition_gives_nothing_back(pattern: str, accepted: list[str], refused: list[str]) -> None:
    assert matched(pattern, accepted + refused) == accepted


@pytest.mark.parametrize(
    ("pattern", "accepted", "refused"),
    [
        ("(?=a).*", ["a", "ab"], ["", "ba"]),
        ("(?!cmd).*", ["", "cm", "x cmd"], ["cmd", "cmd.exe"]),
        ("^(?=.*\\d)(?=.*[a-z]).{3,}$", ["a1b", "12x"], ["abc", "123", "a1"]),
        ("(?!a|b)[a-z]|a", ["c", "a"], ["b"]),
        ("(?i)(?=CMD).*", ["cmd.exe", "Cmd"], ["pwsh"]),
        ("(?=a)b|(?!a)c|d", ["c", "d"], ["b", "a"]),
        ("(?=(?:ab)+).*", ["ab", "abx"], ["ax"]),
    ],
)
def test_a_look_ahead_from_the_start(pattern: str, accepted: list[str], refused: list[str]) -> None:
    assert matched(pattern, accepted + refused) == accepted


def test_escapes_that_java_alone_knows() -> None:
    assert matched(r"a\R+b", ["a\nb", "a\r\n\vb", "aRb"]) == ["a\nb", "a\r\n\vb"]
    assert matched(r"\R", ["\r\n", "\r", "\n", "\n\r"]) == ["\r\n", "\r", "\n"]
    assert matched(r"\0101\07\0477\cA", ["A\a'7\x01"]) == ["A\a'7\x01"]
    assert matched("a{2}{3}", ["aa", "aaaaaa"]) == ["aa"]


def test_assertions_cost_a_bounded_number_of_steps() -> None:
    automaton = compile_regex(r"(?:\b[a-z]++\b ?+)*x?", flavour="java").automaton
    assert automaton.accepts("ab cd " * 5_000)
    assert automaton.steps_computed < 100


def test_insensitive_is_ascii_and_folds_ranges_too() -> None:
    assert matched("cmd", ["cmd", "CMD"], insensitive=True) == ["cmd", "CMD"]
    assert matched("[a-c]", ["a", "B", "d"], insensitive=True) == ["a", "B"]
    assert matched("[^a-c]", ["a", "B", "d"], insensitive=True) == ["d"]
    assert matched("[X-b]", ["x", "Y", "A", "B", "c"], insensitive=True) == ["x", "Y", "A", "B"]
    assert matched("é", ["é", "É"], insensitive=True) == ["é"]
    assert matched("k", ["k", "K", "\N{KELVIN SIGN}"], insensitive=True) == ["k", "K"]
    assert matched(r"\p{Lower}\p{Lu}", ["Aa", "aA", "1a"], insensitive=True) == ["Aa", "aA"]


@pytest.mark.parametrize(
    "pattern",
    [
        "a(?=b)b", "((?=a)a)", "(?=a)?a", r"(?=a)\bb", "(?!a*+)b", "a(?!b)",
        "(?<=a)b", "(?<!a)b", "(?U)a", r"(a)\1", r"\k<a>", "(?:ab)*+", "(?>a*?)", "(?:a??)*+",
        "(?:a+){2}+", "(?>a|ab)", r"\X", r"\N{DIGIT ONE}", r"\p{IsLatin}", r"\p{javaLowerCase}", "[[a]b&&c&&d]",
    ],
)  # fmt: skip
def test_features_beyond_a_linear_matcher_are_unsupported(pattern: str) -> None:
    with pytest.raises(RegexSyntaxError, match="not supported"):
        compile_regex(pattern, flavour="java")


@pytest.mark.parametrize(
    "pattern",
    ["*a", "a**", "(a", "a)", "[a", "[", "[]", "[b-a]", r"[a-\d]", "a{", "a{,2}", "a{2,1}", "a\\", r"\x4", r"\u12",
     r"\x{110000}", r"\x{", "(?<1a>b)", "(?<", "(?", r"\y", "[a&&]", r"\p{L"],
)  # fmt: skip
def test_bad_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(RegexSyntaxError):
        compile_regex(pattern, flavour="java")


def test_deep_groups_need_no_deep_stack() -> None:
    assert matched("(" * 499 + "a" + ")" * 499, ["a"]) == ["a"]


def test_deep_classes_are_refused() -> None:
    assert matched("[" * 50 + "a" + "]" * 50, ["a"]) == ["a"]
    with pytest.raises(RegexLimitError):
        compile_regex("[" * 499 + "a" + "]" * 499, flavour="java")


def test_a_lazy_or_nested_repetition_takes_a_step_a_character() -> None:
    automaton = compile_regex("(?:(?:a?){10}?)*(?:a|a)*?$", flavour="java").automaton
    assert automaton.accepts("a" * 20_000)
    assert automaton.steps_computed < 20


# What Python and Java read alike, for whole matches, once the text holds no other line end than a newline.
TOKENS = st.sampled_from(
    ["a", "b", "B", ".", "[ab]", "[^a]", "[a-c]", r"\d", r"\w", r"\.", r"\n", "(?:a|b)", "(?:ab)*", "(a|$)",
    "a*?", "b+",
    "a?", "a{2}", "b{1,2}", ".*", "^", "$", "|", "(?:|a)+", r"\b", r"(?:\b|a)", "a*+", "[ab]++", "b?+", "a{1,2}+",
    "(?>a|b)", "(?>ab?)", "(?i:b)", "(?s:.)", "(?:b(?>a*)|a)*"]
)  # fmt: skip


@given(st.lists(TOKENS, max_size=6).map("".join), st.lists(st.text("abB.\n0", max_size=5), max_size=10), st.booleans())
def test_the_same_texts_match_as_in_python_on_the_common_syntax(
    pattern: str, texts: list[str], insensitive: bool
) -> None:
    known = re.compile(pattern, re.ASCII | (re.IGNORECASE if insensitive else 0))
    assert matched(pattern, texts, insensitive=insensitive) == [text for text in texts if known.fullmatch(text)]


LOOK_AHEADS = st.sampled_from(["", "^", "(?=a)", "(?!b)", "(?=.*b)", "(?!.*a)", "(?=a|.b)", "(?!a.b)", r"(?=.*\d)"])
PLAIN = st.sampled_from(["a", "b", ".", "[ab]", "a*", "b+?", ".*", "(?:a|b)", "(ab)?", r"\d"])


@given(
    st.lists(LOOK_AHEADS, min_size=1, max_size=3).map("".join),
    st.lists(PLAIN, max_size=4).map("".join),
    st.sampled_from(["", "$", "|a.*"]),
    st.lists(st.text("ab.\n0", max_size=5), max_size=10),
)
def test_look_ahead_from_the_start_is_that_of_python(looks: str, rest: str, end: str, texts: list[str]) -> None:
    pattern = looks + rest + end
    assert matched(pattern, texts) == [text for text in texts if re.compile(pattern, re.ASCII).fullmatch(text)]


@given(st.text("ab.*?+|&~^$\\()[]{}<>-:=!,pQEx012\n", max_size=12), st.booleans())
def test_any_text_compiles_or_is_refused(pattern: str, insensitive: bool) -> None:
    try:
        regex = compile_regex(pattern, insensitive=insensitive, flavour="java")
    except (RegexSyntaxError, RegexLimitError):
        return
    assert regex.matches(pattern) is regex.automaton.accepts(pattern)
