"""Reading TOML quickly gives what reading it slowly gives."""

import tomllib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eqlite.rules.formats.fast_toml import loads

PIECES = ["a", "b", " ", "=", "\n", "\r\n", "\t", "#", '"', '""', '"""', "'", "''", "'''", "\\", '\\"', "\\n", "é", "1"]
PIECES += [
    "[",
    "]",
    ",",
    "{",
    "}",
    ".",
    "\x00",
    "\na = ",
    '\nb = """',
    "\nc = '''",
    '"""\n',
    "'''\n",
    '\nd = ["',
    '"]\n',
]


STATEMENTS = ["[a]", "[a.b]", "[a.b.c]", "[b]", "[[a]]", "[[a.b]]", "[[a.b.c]]", "[[b]]", "[ a ]", "[a . b]", '["a"]']
STATEMENTS += ["a = 1", "b = 2", "a.b = 3", '"a" = 4', "a = {}", "b = { a = 1 }", "a = []", "b = [[1], ['x', \"y\"]]"]
STATEMENTS += [
    "b = [{ a = 1 }]",
    "c = 0 # note",
    "c = 01",
    "c = 1_0",
    "c = -1",
    "c = 1.5",
    "c = 1979-05-27",
    "c = true",
]
STATEMENTS += [
    r'c = "a\tb"',
    r'c = "\q"',
    'c = """\n\na"""',
    "c = '''\na'''",
    'c = ["a", # note\n]',
    "c = [\"a\",\n'b' , ]",
]
STATEMENTS += [
    'c = ["a" "b"]',
    "c = [,]",
    'c = ["""\na\\\n  b""", "a\\u0041"]',
    "c = false false",
    "",
    "# note",
    "\t# \x01",
]


def outcome(read, text):
    try:
        return repr(read(text))  # which tells the order, too
    except (tomllib.TOMLDecodeError, ValueError) as error:
        return type(error), str(error)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@example('a = """x""""')
@example('a = """x"""""')
@example('a = """\\\n x"""')
@example("a = \"\"\"it's '''quoted'''\"\"\"")
@example('a = """it\'s\'"""')
@example('a = ""\nb = """"""')
@example('a = "never closed\nb = "c"')
@example('"a b" = "c"\n"d".\'e\' = 1 # "f')
def test_nothing_is_read_differently(text):
    assert outcome(loads, text) == outcome(tomllib.loads, text)


@given(st.lists(st.sampled_from(STATEMENTS), max_size=8).map("\n".join))
@example("[[a]]\n[a.b]\n[[a]]\n[a.b]")
@example("[a.b]\n[a]")
@example("[[a.b]]\n[a]\nc = 0")
@example("[[a]]\n[[a.b]]\na = 1\n[[a.b]]\n[[a]]\n[[a.b]]")
@example("a = []\n[[a]]")
@example("[b]\na = {}\n[b.a]")
def test_tables_and_values_are_those_of_tomllib(text):
    assert outcome(loads, text) == outcome(tomllib.loads, text)


@pytest.mark.parametrize("piece", ['"', "'", '"""', "'''", '\\"', '"\\', '""" \\"', "#", "'''\n"])
def test_time_is_linear_in_what_is_never_closed(piece):
    with pytest.raises(tomllib.TOMLDecodeError):
        loads('[rule]\na = """ it\\\'s' + piece * 100_001)


@pytest.mark.parametrize("statement", ["[[a]]\n[[a.b]]", "[a{0}]\n[[b]]", 'a{0} = "\\t"', "a{0} = [['x'], [1]]"])
def test_time_is_linear_in_the_statements(statement):
    assert loads("\n".join(statement.format(number) for number in range(20_000)))
