"""The exception that a set of diagnostics raises: its class is that of the category in the register."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import eqlite
from eqlite.diagnostics import Diagnostic
from eqlite.diagnostics.register import REGISTER
from eqlite.errors import error_for


def diagnostics(*ids: str) -> list[Diagnostic]:
    return [Diagnostic(id, "a message") for id in ids]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["bad-escape"], eqlite.EqlSyntaxError),
        (["too-few-stages"], eqlite.EqlSemanticError),
        (["unknown-field"], eqlite.EqlSchemaError),
        (["type-mismatch"], eqlite.EqlTypeMismatchError),
        (["regex-too-large"], eqlite.LimitError),
        (["bad-rule-file"], eqlite.RuleError),
        (["bad-escape", "list-too-long"], eqlite.LimitError),
        (["bad-escape", "unknown-field", "not-boolean"], eqlite.EqlSchemaError),
        (["unknown-category", "not-boolean", "unknown-field"], eqlite.EqlTypeMismatchError),
    ],
    ids=str,
)
def test_first_error_beyond_syntax_decides_the_class(ids: list[str], expected: type[eqlite.EqlError]) -> None:
    error = error_for(diagnostics(*ids))
    assert type(error) is expected
    assert error.diagnostics == tuple(each for each in diagnostics(*ids) if each.is_error)


def test_warnings_raise_nothing() -> None:
    warnings = [id for id, entry in REGISTER.items() if entry.severity == "warning"]
    assert error_for(diagnostics(*warnings)) is None
    assert error_for(()) is None


def test_strictness_refuses_what_fails_the_search() -> None:
    error = error_for(diagnostics("unknown-category", "constant-fault", "literal-out-of-type"), strict=True)
    assert type(error) is eqlite.EqlSemanticError
    assert [each.id for each in error.diagnostics] == ["constant-fault", "literal-out-of-type"]
    assert error_for(diagnostics("unknown-category"), strict=True) is None


def test_a_diagnostic_shows_its_category() -> None:
    (problem,) = eqlite.analyze("process where")
    assert (problem.category, problem.fails_search) == ("syntax", False)
    assert {entry.category for entry in REGISTER.values() if entry.severity == "warning"} == {"lint", "rule"}


def test_an_event_error_names_its_file(tmp_path: Path) -> None:
    missing = str(tmp_path / "a `quoted` name.ndjson")
    with pytest.raises(eqlite.EventError) as caught:
        list(eqlite.read_events(missing))
    assert caught.value.file == missing
    with pytest.raises(eqlite.EventError) as caught:
        eqlite.compile("any where true").search([1])  # type: ignore[list-item]
    assert (caught.value.file, caught.value.reason) == (None, str(caught.value))


def test_an_event_error_is_pickled_with_its_file() -> None:
    error = eqlite.EventError(file="a.ndjson", reason="was cut short")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.file, again.reason) == ("`a.ndjson` was cut short", "a.ndjson", "was cut short")
