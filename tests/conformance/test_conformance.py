"""Runs every case of the TOML files beside it, on each backend; README.md says what a case is.

Covers `engine/match.py`, `engine/pipes.py`.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import eqlite
from eqlite.backends import BACKENDS
from eqlite.engine.order import ordinal
from eqlite.events.document import document_of

PATHS = sorted(Path(__file__).parent.glob("*.toml"))
FILES = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in PATHS}
CASE_KEYS = {"name", "where", "query", "schemas", "matches", "error", "warning", "faults", "kind", "targets"}
VALUE_KEYS = {"name", "expression", "value", "null"}
SEARCH_KEYS = {"name", "query", "schema", "size", "result_position", "hits", "faults", "target"}
NOTHING = "-"
"""Stands in a sequence for a missing event."""


@dataclass(frozen=True)
class Case:
    """One case under one schema, with the file it stands in."""

    file: str
    number: int
    spec: dict[str, Any]
    schema: str
    target: str

    @property
    def query(self) -> str:
        return self.spec["query"] if "query" in self.spec else f"any where {self.spec['where']}"

    @property
    def lines(self) -> dict[str, str]:
        return FILES[self.file]["events"]

    def compile(self, backend: str) -> eqlite.Query:
        chosen = schema(self.file, self.schema)
        return eqlite.compile(self.query, schema=chosen, backend=backend, target=self.target, name=str(self))

    def __str__(self) -> str:
        text = self.spec.get("name") or self.spec.get("where") or self.query
        target = f"-{self.target}" if "targets" in self.spec else ""
        return f"{self.file}-{self.number}-{self.schema}{target}-{text}"


def schema(file: str, name: str) -> eqlite.Schema | None:
    """Return a schema of a file: none, a table of fields and types, or an index mapping as JSON."""
    if name == "none":
        return None
    table = FILES[file]["schema"][name]
    if "mapping" in table:
        return eqlite.Schema.from_mapping(json.loads(table["mapping"]))
    return eqlite.Schema.from_fields(table)


def cases() -> Iterator[Case]:
    for file, content in FILES.items():
        for number, spec in enumerate(content.get("case", ()), 1):
            for name in spec.get("schemas", content["schemas"]):
                yield from (Case(file, number, spec, name, target) for target in spec.get("targets", ["9.5"]))


def cases_with(key: str) -> list[Case]:
    return [case for case in cases() if key in case.spec]


def values() -> list[Any]:
    found = [(file, spec) for file, content in FILES.items() for spec in content.get("value", ())]
    return [pytest.param(spec, id=f"{file}-{spec['expression']}") for file, spec in found]


def searches() -> list[Any]:
    found = [(file, n, spec) for file, content in FILES.items() for n, spec in enumerate(content.get("search", ()), 1)]
    return [
        pytest.param(file, spec, id=f"{file}-{n}-{spec['query']}-{spec.get('target', '')}".rstrip("-"))
        for file, n, spec in found
    ]


def documents(lines: dict[str, str]) -> dict[str, dict[str, Any]]:
    return {name: json.loads(line) for name, line in lines.items()}


def named(hits: list[Any]) -> set[str]:
    """Return the names of all events of results: a result is one event, or a list of several."""
    return {name for hit in hits for name in ([hit] if isinstance(hit, str) else hit)}


@pytest.mark.parametrize("file", FILES)
def test_a_file_has_no_misspelt_key(file: str) -> None:
    content = FILES[file]
    assert content.keys() <= {"schemas", "schema", "events", "case", "value", "search", "tiebreaker_field"}
    for kind, allowed in (("case", CASE_KEYS), ("value", VALUE_KEYS), ("search", SEARCH_KEYS)):
        for spec in content.get(kind, ()):
            assert spec.keys() <= allowed, spec
            assert named(spec.get("matches", spec.get("hits", ()))) <= {*content["events"], NOTHING}, spec


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", cases_with("matches"), ids=str)
def test_a_condition_matches_the_events_named(case: Case, backend: str) -> None:
    query = case.compile(backend)
    faults = query.new_faults()
    matching = [
        name for name, document in documents(case.lines).items() if query.predicate(document_of(document), faults)
    ]
    assert sorted(matching) == sorted(case.spec["matches"])
    assert bool(faults.count) == case.spec.get("faults", False)


@pytest.mark.parametrize("case", cases_with("error"), ids=str)
def test_a_bad_query_is_refused_with_the_diagnostic_named(case: Case) -> None:
    with pytest.raises(eqlite.EqlError) as caught:
        case.compile("python")
    assert case.spec["error"] in [found.id for found in caught.value.diagnostics]


@pytest.mark.parametrize("case", [case for case in cases() if "error" not in case.spec], ids=str)
def test_a_good_query_gets_the_warning_named_and_no_error(case: Case) -> None:
    found = eqlite.analyze(case.query, schema(case.file, case.schema))
    assert [problem.render() for problem in found if problem.is_error] == []
    if "warning" in case.spec:
        assert case.spec["warning"] in [problem.id for problem in found]
    else:
        assert [problem.id for problem in found if problem.id == "literal-out-of-type"] == []


@pytest.mark.parametrize("case", cases_with("kind"), ids=str)
def test_a_query_is_of_the_kind_named(case: Case) -> None:
    assert case.compile("python").kind == case.spec["kind"]


@pytest.mark.parametrize("spec", values())
def test_a_constant_expression_has_the_value_named(spec: dict[str, Any]) -> None:
    found = eqlite.evaluate(spec["expression"])
    if "null" in spec:
        assert found is None
        return
    assert type(found) is type(spec["value"])
    assert found == spec["value"] or (math.isnan(found) and math.isnan(spec["value"]))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("file", "spec"), searches())
def test_a_search_finds_the_events_named_in_order(file: str, spec: dict[str, Any], backend: str) -> None:
    by_name = documents(FILES[file]["events"])
    options = {"size": spec.get("size"), "result_position": spec.get("result_position", "tail")}
    query = search_query(file, spec, backend)
    stats = eqlite.SearchStats()
    found = query.search(by_name.values(), stats=stats, **options)
    assert hits(found, by_name) == spec["hits"]
    assert bool(stats.faults) == spec.get("faults", False)


@pytest.mark.parametrize(("file", "spec"), [each for each in searches() if "size" not in each.values[1]])
def test_a_stream_over_ordered_events_finds_the_same(file: str, spec: dict[str, Any]) -> None:
    by_name = documents(FILES[file]["events"])
    query = search_query(file, spec, "python")
    stream = query.stream()
    ordered = sorted(by_name.values(), key=lambda document: ordinal(document, 0, query.plan)[:3])
    found = [match for document in ordered for match in stream.push(document)]
    assert hits(found + stream.flush(), by_name) == spec["hits"]


def search_query(file: str, spec: dict[str, Any], backend: str) -> eqlite.Query:
    tiebreaker = FILES[file].get("tiebreaker_field")
    mapped = schema(file, spec.get("schema", "none"))
    options = {"target": spec["target"]} if "target" in spec else {}
    return eqlite.compile(spec["query"], schema=mapped, tiebreaker_field=tiebreaker, backend=backend, **options)


def hits(found: list[eqlite.Match], by_name: dict[str, Any]) -> list[str | list[str]]:
    names = {id(document): name for name, document in by_name.items()}
    results = [[NOTHING if event is None else names[id(event)] for event in match.events] for match in found]
    return [result[0] if len(result) == 1 else result for result in results]
