"""The order of versions."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqlite.values.versions import version_key

numbers = st.integers(0, 10**12).map(str)
words = st.from_regex(r"[0-9]{0,3}[a-zA-Z-][0-9a-zA-Z-]{0,5}", fullmatch=True)
version_texts = st.builds(
    lambda main, pre_release, build: (
        ".".join(main) + ("-" + ".".join(pre_release) if pre_release else "") + ("+" + ".".join(build) if build else "")
    ),
    st.lists(numbers, min_size=1, max_size=4),
    st.lists(st.one_of(numbers, words), max_size=3),
    st.lists(words, max_size=2),
)

ASCENDING = [
    "0",
    "0.0.1",
    "1.0.0-0",
    "1.0.0-2",
    "1.0.0-11",
    "1.0.0-alpha",
    "1.0.0-alpha+build",
    "1.0.0-alpha-1",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.0+a",
    "1.0.0+b",
    "1.0.0.0",
    "1.2",
    "1.2.0",
    "1.2.4",
    "1.11.3",
    "2",
    "10",
    "18446744073709551616.0",
    "",
    "01.0",
    "bad",
    "v1.0.0",
]


def is_valid(text: str) -> bool:
    return not version_key(text)[0]


@pytest.mark.parametrize(("lower", "higher"), list(pairwise(ASCENDING)))
def test_versions_are_in_order(lower: str, higher: str) -> None:
    assert version_key(lower) < version_key(higher)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "1.",
        ".1",
        "1..2",
        "01",
        "1.02",
        "1.0.0-",
        "1.0.0-01",
        "1.0.0-a..b",
        "1.0.0-ä",
        "1.0.0+",
        "1.0.0+a..b",
        "1.0.0+a+b",
        "+a",
        "-a",
        "-1",
        "v1",
        "1.x",
        "1 ",
        "\N{ARABIC-INDIC DIGIT ONE}.\N{ARABIC-INDIC DIGIT TWO}",
        "1.\N{SUPERSCRIPT TWO}",
        "1" * 128,
        "1.0.0-" + "1" * 128,
        "1.0.0-a." + "1" * 10_000,
        ".".join("1" * 33),
        "1.0.0-" + ".".join("a" * 33),
        "1.0.0+" + ".".join("a" * 33),
        "\ud800",
    ],
)
def test_invalid_versions_come_after_valid_ones(text: str) -> None:
    assert not is_valid(text)
    assert version_key(text) > version_key("9" * 127 + ".0")


@pytest.mark.parametrize(
    "text", ["0", "1", "1.0.0-0", "1.0.0-0a", "1.0.0-00a", "1.0.0---", "1.0.0+01", "1" * 127, ".".join("1" * 32)]
)
def test_unusual_versions_are_valid(text: str) -> None:
    assert is_valid(text)


@given(version_texts, version_texts)
def test_only_the_same_text_is_the_same_version(left: str, right: str) -> None:
    assert is_valid(left)
    assert (version_key(left) == version_key(right)) == (left == right)


@given(
    st.lists(st.integers(0, 10**20), min_size=1, max_size=5), st.lists(st.integers(0, 10**20), min_size=1, max_size=5)
)
def test_main_numbers_compare_as_numbers(left: list[int], right: list[int]) -> None:
    keys = [version_key(".".join(map(str, numbers_of_one))) for numbers_of_one in (left, right)]
    assert (keys[0] < keys[1]) == (left < right)


@given(version_texts, version_texts.filter(lambda text: "+" not in text))
def test_a_pre_release_comes_before_the_release(text: str, other: str) -> None:
    main = text.partition("+")[0].partition("-")[0]
    assert version_key(f"{main}-a.{other}") < version_key(main) < version_key(f"{main}+a")


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert version_key(text) == version_key(text)
