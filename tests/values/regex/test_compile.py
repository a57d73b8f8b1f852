"""Lucene regular expressions over whole values: every operator, the limits, and linear time."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eqlite.limits import MAX_REGEX_CHARACTERS
from eqlite.values.regex import lazy_dfa as regex_automaton
from eqlite.values.regex.compile import Regex, RegexLimitError, RegexSyntaxError, compile_regex


def matched(pattern: str, texts: Iterable[str], *, insensitive: bool = False) -> list[str]:
    regex = compile_regex(pattern, insensitive=insensitive)
    return [text for text in texts if regex.matches(text)]


# --- operators --------------------------------------------------------------------------------------------------------

OPERATORS = [
    ("net", "net", "xnet|netx|Net|"),
    (".", "a|é|😀|\n", "|ab"),
    ("a?", "|a", "aa|b"),
    ("a*", "|a|aaaa", "b|aab"),
    ("a+", "a|aaaa", "|b|aab"),
    ("a{2}", "aa", "|a|aaa"),
    ("a{2,}", "aa|aaaaa", "|a"),
    ("a{1,3}", "a|aa|aaa", "|aaaa"),
    ("a{0}", "", "a"),
    ("(ab){2}", "abab", "ab|abb"),
    ("a|b", "a|b", "|ab"),
    ("ab|cd", "ab|cd", "abd|acd"),
    ("a(b|c)d", "abd|acd", "ad|abcd"),
    ("()", "", "a"),
    ("a()b", "ab", "a"),
    ("[abc]", "a|b|c", "d|ab|"),
    ("[a-cx]", "a|b|c|x", "d|-"),
    ("[^abc]", "d|é|\n", "a|b|c|"),
    ("[^a-c]x", "dx", "ax|bx|x"),
    ("[]a]", "]|a", "["),
    ("[^]]", "a", "]"),
    ("[a^]", "a|^", "b"),
    ("[.*(\"~]", ".|*|(|\"|~", "a"),
    (r"[\-\]]", "-|]", "\\"),
    (r"[\\-a]", "\\|-|a", "]|^"),
    (r"[\.-z]", ".|-|z", "a|/"),
    (r"[a-\d]", "a|b|c|d", "5|e"),
    (r"[\d_]", "0|9|_", "a"),
    (r"[^\d]", "a|_", "0"),
    (r"\d+", "0|123", "a|٣"),
    (r"\D", "a|٣", "0"),
    (r"\s", " |\t|\n|\r", "\f|\v|\xa0"),
    (r"\S", "\f|\xa0|a", " |\n"),
    (r"\w+", "aZ_0", "é|-"),
    (r"\W", "é|-", "a|_"),
    (r"\.", ".", "a"),
    (r"\\", "\\", "a"),
    (r"\é", "é", "É"),
    ('"a.*b"', "a.*b", "axb|ab"),
    ('"a"*', "|a|aa", "\""),
    ("@", "|a|a\nb", None),
    ("a@", "a|ab", "|ba"),
    ("#", None, "|a|#"),
    ("#|a", "a", "|#"),
    ("a#?", "a", "a#"),
    ("~a", "|b|aa", "a"),
    ("~(ab)", "|a|b|aba", "ab"),
    ("~ab", "b|bb|aab", "ab|a|"),
    ("a~b*", "a|ac|acc|abb", "b|"),
    ("~~a", "a", "|b"),
    ("a~bc", "ac|axc|abbc", "abc"),
    ("~(.*x.*)", "|abc", "x|axb"),
    ("a.*&.*b", "ab|axb", "a|b|ba"),
    ("a&b", None, "a|b|"),
    ("[ab]&[bc]|x", "b|x", "a|c"),
    ("ab&a.", "ab", "a&a."),
    ("^a$", "^a$", "a"),
    ("x*?", "|x|xxx", "y"),
    ("x+?", "|x|xxx", "y"),
    ("x??", "|x", "xx"),
    ("(a|b){2,3}c", "abc|aabc|bbbc", "ac|aaaac"),
    ("*a", "*a", "a|aa"),
    ("?", "?", "|a"),
    ("{2}", "{2}", "2"),
    ("&a", "&a", "a"),
    ("a]", "a]", "a"),
    ("", "", "a"),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "accepted", "refused"), OPERATORS)
def test_operators(pattern: str, accepted: str | None, refused: str | None) -> None:
    for texts, expected in ((accepted, True), (refused, False)):
        for text in [] if texts is None else texts.split("|"):
            assert compile_regex(pattern).matches(text) is expected, text


def test_a_bar_in_front_is_itself() -> None:
    assert matched("|a", ["", "a", "|a"]) == ["|a"]
    assert matched("(|a)", ["", "a", "|a"]) == ["|a"]
    assert matched(r"a\|b", ["a", "b", "a|b"]) == ["a|b"]
    assert matched("[|]", ["", "|"]) == ["|"]


def test_the_whole_value_must_match() -> None:
    assert matched("net.exe", ["net.exe", "net1exe", "xnet.exe", "net.exe ", "net.exe\n", "\nnet.exe"]) == [
        "net.exe",
        "net1exe",
    ]


def test_a_list_joined_with_bars_keeps_its_parts_apart() -> None:
    assert matched("a|b|c", ["a", "b", "c", "ab", "a|b"]) == ["a", "b", "c"]


@pytest.mark.parametrize("pattern", [".*", "@", "(a|[^a])*", ".*.*", "(.+)?", "~#", ".*|a", "~(a&b)"])
def test_patterns_that_match_everything_are_known(pattern: str) -> None:
    assert compile_regex(pattern).matches_everything
    assert matched(pattern, ["", "a", "\n\r\u2028", "\ud83d"]) == ["", "a", "\n\r\u2028", "\ud83d"]


@pytest.mark.parametrize("pattern", ["", "a*", ".+", ".", "[^a]*", "~a", "(..)*", "#"])
def test_patterns_that_do_not_match_everything_are_known(pattern: str) -> None:
    assert not compile_regex(pattern).matches_everything


@pytest.mark.parametrize(
    ("pattern", "string"),
    [
        (r"net\.exe", "net.exe"),
        ("", ""),
        ("()", ""),
        ('"a*"b', "a*b"),
        ("a{3}", "aaa"),
        ("(ab|ab)", "ab"),
        ("[ab]&[bc]", "b"),
        ("[a-a]", "a"),
        ("<7-7>", "7"),
        ("net.exe", None),
        ("a?", None),
        ("a|b", None),
        ("#", None),
        ("a*", None),
    ],
)
def test_patterns_of_one_string_are_known(pattern: str, string: str | None) -> None:
    assert compile_regex(pattern).single_string == string


def test_an_insensitive_pattern_with_letters_is_not_one_string() -> None:
    assert compile_regex("a", insensitive=True).single_string is None
    assert compile_regex("1\\.2", insensitive=True).single_string == "1.2"


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        (r".*\.exe", ".exe"),
        ("foo.*barbar", "barbar"),
        ("xa+y.*", "xa"),
        (".*(ab){2,}", "abab"),
        (".*(ab){2}c", "ababc"),
        ("(foo|bar).*", None),
        ("(foo1|foo1).*", "foo1"),
        ("(foo)?.*", None),
        ("~(foo)", None),
        (".*foo.*&.*ba.*", "foo"),
        ("[a-z]+", None),
    ],
)
def test_the_required_literal_is_the_longest_that_is_sure(pattern: str, literal: str | None) -> None:
    assert compile_regex(pattern).required_literal == literal


@pytest.mark.parametrize(
    ("pattern", "run"),
    [
        (r".*[0-9]{1,3}\.[0-9]{1,3}\.[0-9]+.*", "[0-9][.][0-9]"),
        ("x?[a-c]+[0-9]{2}", "[a-c][0-9][0-9]"),
        (".*[\u02b0-\u02ff]+.*", "[\u02b0-\u02ff]"),
        ("([0-9]-){3}", "[0-9][-][0-9][-][0-9][-]"),
        ("([0-9][a-z]){9,}", "[0-9][a-z][0-9][a-z][0-9][a-z][0-9][a-z]"),
        ("([0-9][a-z]-){3}x", "[0-9][a-z][-][0-9][a-z][-][0-9][a-z]"),  # cut in the middle: the `x` does not follow
        (".[^a].", None),
        ("[0-9]?", None),
        ("[0-9]|ab", None),
        (".*long enough.*[0-9]", None),
    ],
)
def test_the_required_run_says_most_of_what_is_sure(pattern: str, run: str | None) -> None:
    found = compile_regex(pattern).required_run
    if run is None:
        assert found is None
    else:
        assert found is not None
        wanted = re.findall(r"\[(.)(?:-(.))?\]", run)
        assert found.classes == tuple(((ord(first), ord(last or first)),) for first, last in wanted)


@pytest.mark.parametrize(
    ("pattern", "is_beyond", "text"),
    [
        (".*[ʰ-˿ᴬ-ᶻ]+.*", True, "aʰ0"),
        ("a.*é[0-9].*", True, "aé0"),
        (".*[0-9é][0-9].*", False, "a00"),
        (".*[a-z][0-9].*", False, "a00"),
    ],
)
def test_a_text_of_ascii_is_not_searched_for_what_lies_beyond(pattern: str, is_beyond: bool, text: str) -> None:
    regex = compile_regex(pattern)
    assert regex.required_run is not None
    assert regex.required_run.is_beyond_ascii is is_beyond
    assert regex.matches(text)
    assert regex.matches("a00") is not is_beyond


def test_a_required_insensitive_literal_has_no_letters() -> None:
    assert compile_regex(r".*\$10:\$abc.*", insensitive=True).required_literal == "$10:$"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[a-z]+", True),
        ("[C-Z]:.*", True),
        (r"[\s_0-9a-f]", True),
        ("[a-zA-Z]", False),
        ("[a-cABC]", False),
        ("[0-9]", False),
        (r"\w+", False),
        ("[abc]", False),
        ("[ -~]", False),
    ],
)
def test_ranges_that_leave_out_a_case_are_noted(pattern: str, expected: bool) -> None:
    assert compile_regex(pattern).has_range_class is expected


# --- intervals --------------------------------------------------------------------------------------------------------


def test_ends_of_equal_width_ask_for_that_width() -> None:
    assert matched("<08-12>", ["8", "08", "09", "12", "13", "07", "012"]) == ["08", "09", "12"]


def test_ends_of_different_width_allow_leading_zeros() -> None:
    assert matched("<8-12>", ["8", "08", "009", "12", "13", "7", "0", ""]) == ["8", "08", "009", "12"]


@given(
    st.integers(0, 1200), st.integers(0, 1200), st.integers(0, 4), st.integers(0, 4), st.text("0123456789", max_size=5)
)
def test_intervals_are_numbers(low: int, high: int, low_width: int, high_width: int, text: str) -> None:
    ends = str(low).zfill(low_width), str(high).zfill(high_width)
    expected = text != "" and min(low, high) <= int(text) <= max(low, high)
    if len(ends[0]) == len(ends[1]):
        expected = expected and len(text) == len(ends[0])
    assert compile_regex(f"<{ends[0]}-{ends[1]}>").matches(text) is expected


# --- folding ----------------------------------------------------------------------------------------------------------


def test_insensitive_folds_single_characters() -> None:
    assert matched("PowerShell", ["powershell", "POWERSHELL", "power"], insensitive=True) == [
        "powershell",
        "POWERSHELL",
    ]
    assert matched("[abc]+", ["abc", "ABC", "D"], insensitive=True) == ["abc", "ABC"]
    assert matched("[^abc]", ["a", "A", "d"], insensitive=True) == ["d"]
    assert matched('"ab"', ["AB", "ab"], insensitive=True) == ["AB", "ab"]
    assert matched("~(ab)", ["AB", "ac"], insensitive=True) == ["ac"]


def test_insensitive_does_not_fold_ranges() -> None:
    assert matched("[a-c]+", ["abc", "ABC"], insensitive=True) == ["abc"]
    assert matched("[^a-c]", ["a", "A"], insensitive=True) == ["A"]
    assert matched("[a-cx]", ["a", "A", "x", "X"], insensitive=True) == ["a", "x", "X"]


def test_insensitive_folds_by_unicode() -> None:
    assert matched("é", ["é", "É", "e"], insensitive=True) == ["é", "É"]
    assert matched("k", ["k", "K", "\N{KELVIN SIGN}"], insensitive=True) == ["k", "K", "\N{KELVIN SIGN}"]
    assert matched("ß", ["ß", "ẞ", "ss", "SS"], insensitive=True) == ["ß", "ẞ"]
    assert matched("İ", ["i", "İ", "I"], insensitive=True) == ["i", "İ"]
    assert matched("i", ["i", "I", "İ", "\N{LATIN SMALL LETTER DOTLESS I}"], insensitive=True) == ["i", "I"]


def test_escaped_characters_fold_unless_they_share_a_class() -> None:
    assert matched(r"\é", ["é", "É"], insensitive=True) == ["é", "É"]
    assert matched(r"[\é]", ["é", "É"], insensitive=True) == ["é", "É"]
    assert matched(r"[\éx]", ["é", "É", "x", "X"], insensitive=True) == ["é", "x", "X"]


def test_predefined_classes_do_not_fold_into_unicode() -> None:
    assert matched(r"\w", ["k", "K", "\N{KELVIN SIGN}"], insensitive=True) == ["k", "K"]


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "offset"),
    [
        ("(a", 0),
        ("a)", 1),
        ("a(b|c", 1),
        ("[a", 0),
        ("[", 1),
        ("[]", 0),
        ("[a-]", 3),
        ("[+-]", 0),
        ("[b-a]", 3),
        ("a{", 2),
        ("a{,5}", 2),
        ("a{2", 3),
        ("a{3,1}", 2),
        ('"abc', 0),
        ("a|", 2),
        ("a&", 2),
        ("a~", 2),
        ("a\\", 2),
        ("<1-2", 0),
        ("<name>", 0),
        ("x<a-b>", 1),
        ("<1-2-3>", 0),
        ("<-2>", 0),
        ("<1-99999999999>", 0),
        (r"a\n", 1),
        (r"\bfoo", 0),
        (r"[\t]", 1),
    ],
)
def test_bad_patterns_are_refused_with_their_place(pattern: str, offset: int) -> None:
    with pytest.raises(RegexSyntaxError) as refused:
        compile_regex(pattern)
    assert refused.value.offset == offset
    assert f"at offset {offset}" in str(refused.value)


def test_a_named_automaton_is_not_found() -> None:
    with pytest.raises(RegexSyntaxError, match="'name' not found"):
        compile_regex("<name>")


def test_exceptions_pickle() -> None:
    error = RegexSyntaxError("what", 3)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.message, copy.offset) == ("what", 3)


@pytest.mark.parametrize(
    "pattern",
    [
        "a{10001}",
        "a{1000}{1000}",
        "((a{100}){100}){100}",
        "a{0,2147483647}",
        "a" + "{9}" * 300,
        "~(.*a.{20})",
        "&".join(f".*{letter}.*" for letter in "abcdefghijklmnop"),
        ".*(ab?c?d?){2000}",
    ],
)
def test_patterns_of_too_many_states_are_refused(pattern: str) -> None:
    with pytest.raises(RegexLimitError):
        compile_regex(pattern)


def test_patterns_are_as_long_as_elasticsearch_counts_them() -> None:
    assert compile_regex("a" * MAX_REGEX_CHARACTERS).matches("a" * MAX_REGEX_CHARACTERS)
    assert compile_regex("😀" * (MAX_REGEX_CHARACTERS // 2)).matches("😀" * (MAX_REGEX_CHARACTERS // 2))
    for pattern in ("a" * (MAX_REGEX_CHARACTERS + 1), "😀" * (MAX_REGEX_CHARACTERS // 2) + "a"):
        with pytest.raises(RegexLimitError, match="1,001"):
            compile_regex(pattern)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(" * 499 + "a" + ")" * 499, "a"),
        ("(" * 500 + ")" * 499, None),
        ("(a|" * 249 + "b" + ")" * 249, "b"),
        ("(a(b|" * 142 + "c" + "))" * 142, "ab"),
        ("~" * 999 + "a", "b"),
        ("~(" * 333 + "a" + ")" * 333, "b"),
        ("a" + "?*+" * 333, "aaa"),
        ("a" + "{1}" * 333, "a"),
        ("(a&" * 249 + "a" + ")" * 249, "a"),
    ],
)
def test_deep_patterns_need_no_deep_stack(pattern: str, text: str | None) -> None:
    if text is None:
        with pytest.raises(RegexSyntaxError):
            compile_regex(pattern)
    else:
        assert compile_regex(pattern).matches(text)


# --- characters -------------------------------------------------------------------------------------------------------


def test_a_dot_is_any_code_point_even_a_line_end_or_surrogate() -> None:
    assert matched("a.b", ["a\nb", "a\r\nb", "a😀b", "a\ud83db", "a\ud83d\ude00b"]) == ["a\nb", "a😀b", "a\ud83db"]


def test_surrogates_in_patterns_are_characters() -> None:
    assert matched("\ud83d", ["\ud83d", "\ude00"]) == ["\ud83d"]
    assert matched("[\ud800-\udfff]", ["\ud83d", "a"]) == ["\ud83d"]


# --- time -------------------------------------------------------------------------------------------------------------

HOSTILE = [
    "(a|a)*b?",
    "(.*a){20}",
    "(.*a){20}b?",
    ".*a.{20}",
    ".*a.{0,500}[bc]",
    "(a*)*",
    "(a*a*)*[bc]",
    "(x+x+|a)+[bc]",
    "((a?){30}){30}",
    "(.{1,99}){100}",
    "(~(a.{8})&.*b.*){3}",
]


@pytest.fixture(scope="module")
def disorderly() -> str:
    """Return 20,000 letters a and b without a period."""
    state, letters = 1, []
    for _ in range(20_000):
        state = (state * 1_103_515_245 + 12_345) % 2**31
        letters.append("ab"[state >> 20 & 1])
    return "".join(letters)


@pytest.mark.parametrize("pattern", HOSTILE)
def test_every_character_costs_at_most_one_step(pattern: str, disorderly: str) -> None:
    for text in ("a" * 20_000, disorderly):
        compile_regex.__globals__["_compile"].cache_clear()
        automaton = compile_regex(pattern).automaton
        automaton.accepts(text)
        assert automaton.steps_computed <= len(text)
        # A step's work is bounded by the pattern: its links times the machine words of a set of its positions.
        links, words = len(automaton.machine.links), 1 + len(automaton.machine.labels) // 64
        assert links * words <= 100_000


def test_a_plain_text_costs_hardly_any_step_after_the_first() -> None:
    automaton = compile_regex("(.*a){20}").automaton
    assert automaton.accepts("a" * 100_000)
    assert automaton.steps_computed < 100


def test_the_machine_forgets_rather_than_grow(disorderly: str) -> None:
    automaton = compile_regex(".*a.{20}").automaton
    answers = []
    for end in range(19_000, 20_000, 100):
        answers.append((automaton.accepts(disorderly[:end]), disorderly[end - 21] == "a"))
        assert len(automaton.states) <= regex_automaton.MAX_CACHED_STATES + 2
        assert sum(map(len, automaton.states.values())) <= regex_automaton.MAX_CACHED_STEPS + 1
    assert all(found == expected for found, expected in answers)


def test_many_different_characters_do_not_fill_the_machine() -> None:
    automaton = compile_regex("[^a]*").automaton
    assert automaton.accepts("".join(map(chr, range(0x4E00, 0x4E00 + 50_000))))
    assert sum(map(len, automaton.states.values())) <= regex_automaton.MAX_CACHED_STEPS + 1


def test_reading_stops_once_a_value_cannot_match() -> None:
    automaton = compile_regex("[ab]c.*[de]").automaton
    assert not automaton.accepts("ax" + "".join(map(chr, range(1000, 2000))))
    assert automaton.steps_computed == 2


def test_threads_may_share_a_machine_that_forgets(disorderly: str) -> None:
    regex = compile_regex(".*a.{18}")
    ends = range(3_000, 5_000, 50)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda end: regex.matches(disorderly[:end]), ends))
    assert found == [disorderly[end - 19] == "a" for end in ends]


# --- the object -------------------------------------------------------------------------------------------------------


def test_compiling_twice_gives_the_same_object() -> None:
    assert compile_regex("a+b") is compile_regex("a+b")
    assert compile_regex("a+b") is not compile_regex("a+b", insensitive=True)


@pytest.mark.parametrize("flavour", ["lucene", "java"])
def test_a_regex_pickles_as_its_pattern(flavour: str) -> None:
    regex = compile_regex("a.*B", insensitive=True, flavour=flavour)  # type: ignore[arg-type]
    copy = pickle.loads(pickle.dumps(regex))
    assert copy == regex
    assert copy.matches("A--b")
    assert len(pickle.dumps(regex)) < 300


# --- against another matcher ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """A regular expression built without our parser: an operator, its operands, and its text."""

    kind: str
    below: tuple[Part, ...] = ()
    characters: str = ""
    low: int = 0
    high: int | None = None

    def render(self) -> str:
        inner = [part.render() if part.kind == "class" else f"({part.render()})" for part in self.below]
        match self.kind:
            case "class":
                return {"": "#", "abc\n*~": "."}.get(self.characters, "[" + "".join(map(escape, self.characters)) + "]")
            case "repeat":
                return inner[0] + f"{{{self.low},{'' if self.high is None else self.high}}}"
            case "not":
                return "~" + inner[0]
            case _:
                return {"or": "|", "and": "&", "then": ""}[self.kind].join(inner) or "()"

    def ends(self, text: str, start: int) -> set[int]:
        """Return every place at which a match that begins at `start` may end."""
        match self.kind:
            case "class":
                return {start + 1} if text[start : start + 1] and text[start] in self.characters else set()
            case "or":
                return set().union(*(part.ends(text, start) for part in self.below))
            case "and":
                return set.intersection(*(part.ends(text, start) for part in self.below))
            case "not":
                return set(range(start, len(text) + 1)) - self.below[0].ends(text, start)
            case "then":
                found = {start}
                for part in self.below:
                    found = set().union(*(part.ends(text, end) for end in found))
                return found
            case _:
                found, all_ends = {start}, {start} if self.low == 0 else set()
                for count in range(1, (self.low + len(text) + 1 if self.high is None else self.high) + 1):
                    found = set().union(*(self.below[0].ends(text, end) for end in found))
                    all_ends |= found if count >= self.low else set()
                return all_ends


def escape(character: str) -> str:
    return "\\" + character if character in "*~" else character


CHARACTERS = ["a", "b", "c", "\n", "*", "ab", "b*", "a\n", "abc\n*~", ""]
LEAVES = st.sampled_from(CHARACTERS).map(lambda characters: Part("class", characters=characters))
COUNTS = st.sampled_from([(0, 1), (0, None), (1, None), (2, 2), (1, 2), (0, 3), (2, None), (3, 4), (1, 1)])


def grow(parts: st.SearchStrategy[Part], *, boolean: bool) -> st.SearchStrategy[Part]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    kinds = ["or", "then", *(["and"] if boolean else [])]
    return st.one_of(
        st.builds(lambda kind, below: Part(kind, below), st.sampled_from(kinds), several),
        st.builds(lambda part, count: Part("repeat", (part,), low=count[0], high=count[1]), parts, COUNTS),
        st.builds(lambda part: Part("not", (part,)), parts) if boolean else st.nothing(),
    )


def nested_repeats(part: Part) -> int:
    return (part.kind == "repeat") + max(map(nested_repeats, part.below), default=0)


ANY_PART = st.recursive(LEAVES, lambda parts: grow(parts, boolean=True), max_leaves=7)
# Python's `re` goes back and tries again: `(((((a?){1,2}){3,4}){1,2}){3,4}` keeps it busy for hours, past any timeout.
PLAIN_PART = st.recursive(
    LEAVES.filter(lambda part: part.characters), lambda parts: grow(parts, boolean=False), max_leaves=7
).filter(lambda part: nested_repeats(part) <= 2)
TEXTS = st.lists(st.text("abc\n*", max_size=7), min_size=1, max_size=10)
SHORT_TEXTS = ["".join(letters) for length in range(4) for letters in product("abc\n*", repeat=length)]


def compile_or_skip(pattern: str) -> Regex | None:
    try:
        return compile_regex(pattern)
    except RegexLimitError:
        return None


@given(ANY_PART, TEXTS)
@example(Part("then", ()), [""])
def test_the_same_texts_match_as_by_sets_of_end_positions(part: Part, texts: list[str]) -> None:
    regex = compile_or_skip(part.render())
    for text in texts if regex else []:
        assert regex.matches(text) is (len(text) in part.ends(text, 0)), (part.render(), text)


@given(PLAIN_PART, TEXTS)
def test_the_same_texts_match_as_in_python_on_the_common_syntax(part: Part, texts: list[str]) -> None:
    pattern = part.render()
    regex = compile_or_skip(pattern)
    for text in texts if regex else []:
        assert regex.matches(text) is bool(re.fullmatch(pattern, text, re.DOTALL)), (pattern, text)


@given(ANY_PART)
def test_what_is_known_of_a_pattern_is_true_of_its_matches(part: Part) -> None:
    regex = compile_or_skip(part.render())
    if regex is None:
        return
    found = [text for text in SHORT_TEXTS if regex.automaton.accepts(text)]
    assert found == [text for text in SHORT_TEXTS if regex.matches(text)]
    assert all((regex.required_literal or "") in text for text in found)
    assert all(regex.required_run is None or regex.required_run.search(text) for text in found)
    assert not regex.matches_everything or found == SHORT_TEXTS
    assert regex.single_string is None or set(found) <= {regex.single_string}


@given(st.text('ab.*?+|&~#@"\\()[]{}<>-^$,012', max_size=12), st.booleans())
def test_any_text_compiles_or_is_refused(pattern: str, insensitive: bool) -> None:
    try:
        regex = compile_regex(pattern, insensitive=insensitive)
    except (RegexSyntaxError, RegexLimitError):
        return
    assert regex.matches(pattern) in (True, False)
