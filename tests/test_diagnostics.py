"""Every message that a query can cause, as a person reads it: `tests/diagnostics/*.eql` and what is said, in `*.out`.

A case is named for the diagnostic that it shows, perhaps with a word behind it. Its first line may be a comment that
says what the index has: `// fields: name keyword, pid long`, `// mapping: {…}` or `// indices: {…}`.

After a message was changed on purpose: `EQLITE_UPDATE=1 pytest tests/test_diagnostics.py`, then read the differences.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import eqlite
from eqlite.diagnostics.register import REGISTER
from eqlite.limits import MAX_LIST_ITEMS, MAX_NESTING, MAX_QUERY_BYTES, MAX_REGEX_CHARACTERS

FOLDER = Path(__file__).parent / "diagnostics"
CASES = sorted(FOLDER.glob("*.eql"))

NOT_OF_QUERIES = {
    "unreadable-file",
    "bad-rule-file",
    "bad-rule-field",
    "odd-rule-field",
    "setting-not-applied",
    "duplicate-rule",
}
TOO_LARGE = {
    "query-too-long": f"any where a == 1 //{'x' * MAX_QUERY_BYTES}",
    "nesting-too-deep": f"any where {'(' * (MAX_NESTING + 1)}a{')' * (MAX_NESTING + 1)}",
    "list-too-long": f"any where a in ({', '.join('1' for _ in range(MAX_LIST_ITEMS + 1))})",
    "too-many-key-conditions": "sequence by k"
    + f"[any where {' and '.join(f'k != {number}' for number in range(257))}]" * 256,
    "regex-too-large": f'any where a regex "{"x" * (MAX_REGEX_CHARACTERS + 1)}"',
}
SHOWING_SEVERAL = {"several"}


def schema_of(text: str) -> eqlite.Schema | None:
    """Return what the first line of a case says of the index."""
    kind, colon, content = text.partition("\n")[0].removeprefix("// ").partition(": ")
    if not text.startswith("// ") or not colon:
        return None
    match kind:
        case "fields":
            return eqlite.Schema.from_fields(dict(pair.split() for pair in content.split(", ")))
        case "mapping":
            return eqlite.Schema.from_mapping(json.loads(content))
        case "indices":
            return eqlite.Schema.from_indices(json.loads(content))
        case _:
            raise AssertionError(f"unknown first line: {kind}")


def problems_of(path: Path) -> list[eqlite.Diagnostic]:
    text = path.read_text(encoding="utf-8").removesuffix("\n")
    return eqlite.analyze(text, schema_of(text))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_query_gets_the_messages_that_are_written_down(path: Path) -> None:
    found = "\n\n".join(problem.render() for problem in problems_of(path)) + "\n"
    expected = path.with_suffix(".out")
    if os.environ.get("EQLITE_UPDATE") == "1":
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_shows_what_it_is_named_for(path: Path) -> None:
    name = path.stem.partition(".")[0]
    if name not in SHOWING_SEVERAL:
        assert name in {problem.id for problem in problems_of(path)}


@pytest.mark.parametrize(("id", "text"), TOO_LARGE.items(), ids=TOO_LARGE)
def test_what_is_too_large_is_refused_as_such(id: str, text: str) -> None:
    with pytest.raises(eqlite.LimitError) as caught:
        eqlite.compile(text)
    assert [problem.id for problem in caught.value.diagnostics] == [id]
    assert max(map(len, str(caught.value).splitlines())) < 300


def test_every_id_that_a_query_can_cause_has_a_case() -> None:
    shown = {path.stem.partition(".")[0] for path in CASES} - SHOWING_SEVERAL
    assert shown | TOO_LARGE.keys() == REGISTER.keys() - NOT_OF_QUERIES


def test_every_expectation_has_its_query() -> None:
    assert {path.stem for path in FOLDER.glob("*.out")} == {path.stem for path in CASES}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_messages_are_in_the_house_style(path: Path) -> None:
    for problem in problems_of(path):
        assert not problem.message.endswith((".", "!"))
        assert problem.message[0].islower() or problem.message.startswith(("`", "EQL", "Elasticsearch"))
        assert len(problem.label) <= 60
        assert problem.help or problem.note or problem.elasticsearch, "says what is wrong and nothing to fix it"
        assert problem.source is not None
        assert 0 <= problem.span.start <= problem.span.end <= len(problem.source.text)
