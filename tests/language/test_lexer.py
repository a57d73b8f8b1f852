"""The quick lexer gives the tokens of Lark's own."""

from functools import cache

from hypothesis import given
from hypothesis import strategies as st
from lark import __version__ as lark_version
from lark.exceptions import UnexpectedCharacters
from lark.lexer import BasicLexer

from eqlite.language.lexer import QuickLexer
from eqlite.language.parser import grammar

WORDS = "any and by false in in~ join like like~ maxspan not null of or regex regex~ sample sequence true until where"
SIGNS = (
    '== != <= >= < > = : + - * / % . , ( ) [ ] ![ ? | [0] [ 12 ] # ! ~ \\ "a" "\\"" "" """x" """" ?"old" \'old\' `q` `'
)
OTHERS = "with process.name a.in.b a.b _x @t 1 1.5 .5 1e9 é"
PIECES = [*WORDS.split(), *SIGNS.split(), *OTHERS.split(), "\n", " ", "\t"]


@cache
def quick_lexer():
    return QuickLexer(grammar().parser.lexer_conf)


def outcome(tokens):
    found = []
    try:
        found += [(token.type, str(token), token.start_pos, token.end_pos) for token in tokens]
    except UnexpectedCharacters as error:
        return error.pos_in_stream
    return found


@given(st.lists(st.sampled_from(PIECES)).map("".join) | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_tokens_are_those_of_the_basic_lexer(text):
    assert outcome(quick_lexer().lex(text)) == outcome(grammar().lex(text))


def test_the_inner_parts_of_lark_are_where_they_were():
    """The lexer and the parser without unit productions use names that lark may change: pyproject.toml bounds it."""
    frontend = grammar().parser
    lalr = frontend.parser.parser
    assert lark_version.startswith("1.3.")
    assert BasicLexer(frontend.lexer_conf).scanner.terminals
    assert {"states", "start_states", "end_states"} <= vars(lalr.parse_table).keys()
    assert set(lalr.callbacks) == set(grammar().rules)
