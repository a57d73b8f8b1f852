"""Reserved words: one list for the grammar, the printer and the messages."""

from __future__ import annotations

import pytest

from eqlite import EqlError
from eqlite.language.keywords import CONTEXTUAL, RESERVED
from eqlite.language.parser import grammar, parse


def test_reserved_words_are_the_words_of_the_grammar() -> None:
    texts = {terminal.pattern.value for terminal in grammar().terminals if terminal.pattern.type == "str"}
    assert {text for text in texts if text.isalpha()} == RESERVED


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_a_reserved_word_is_a_name_in_backticks_only(word: str) -> None:
    for name in (f"a.{word}", f"{word}.a", f"a.{word}.b"):
        with pytest.raises(EqlError):
            parse(f"any where {name} == 1")
        parse(f"any where {name.replace(word, f'`{word}`')} == 1")
        parse(f"any where {name.replace(word, f'{word}s')} == 1")


@pytest.mark.parametrize("word", sorted(CONTEXTUAL))
def test_a_word_with_a_meaning_in_one_place_is_a_name(word: str) -> None:
    parse(f"any where {word} == 1 and {word}.{word} == 2")
