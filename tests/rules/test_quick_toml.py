"""Reading TOML quickly gives what reading it slowly gives."""

import tomllib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eqlite.rules.loaders.quick_toml import loads

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


def outcome(read, text):
    try:
        return read(text)
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


@pytest.mark.parametrize("piece", ['"', "'", '"""', "'''", '\\"', '"\\', '""" \\"', "#", "'''\n"])
def test_time_is_linear_in_what_is_never_closed(piece):
    with pytest.raises(tomllib.TOMLDecodeError):
        loads('[rule]\na = """ it\\\'s' + piece * 100_001)
