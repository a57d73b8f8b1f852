"""What an interactive session shows of the library, and what its functions say to wrong arguments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import eqlite


def test_dir_shows_the_public_names_alone() -> None:
    assert dir(eqlite) == sorted(eqlite.__all__)
    assert {"compile", "load_rules", "read_events"} <= set(dir(eqlite))
    assert all(hasattr(eqlite, name) for name in dir(eqlite))


def test_no_module_has_the_name_of_a_public_name() -> None:
    """Importing such a module puts it in the place of the function: `eqlite.evaluate` was one."""
    modules = {path.stem for path in Path(eqlite.__file__).parent.iterdir()}
    assert modules & set(eqlite.__all__) == set()


def test_a_query_shows_its_text_and_kind() -> None:
    query = eqlite.compile("sequence by user.id\n  [process where true]\n  [file where true]", name="pair")
    expected = "Query('sequence by user.id [process where true] [file where true]', kind='sequence', name='pair')"
    assert repr(query) == expected
    long = repr(eqlite.compile(f"any where a in ({', '.join(map(str, range(1_000)))})"))
    assert long.startswith("Query('any where a in (0, 1, 2,")
    assert long.endswith("…', kind='event')")
    assert len(long) < 120


@pytest.mark.parametrize(
    ("given", "message"),
    [(None, "this is a NoneType"), (7, "this is a int"), (b"any where true", "bytes"), (Path("a.toml"), "load_rule")],
)
def test_a_query_that_is_no_text_is_refused(given: Any, message: str) -> None:
    for call in (eqlite.compile, eqlite.analyze, eqlite.parse, eqlite.format, lambda text: eqlite.search(text, [])):
        with pytest.raises(eqlite.EqlError, match=message):
            call(given)
