"""Cases with Elasticsearch's answers, one query each: `es_cases.json` and `field_cases.json` of the shared material."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import eqlite
from eqlite.backends import BACKENDS
from eqlite.cli import cli
from eqlite.engine.order import ordinal
from eqlite.execution.run import run_rules

_OF_SEARCH = ("size", "result_position", "faults")


@dataclass(frozen=True)
class Case:
    """One case; what its keys mean stands in the README beside the files."""

    spec: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.spec["id"])

    @property
    def options(self) -> dict[str, Any]:
        return self.spec.get("options", {})

    @property
    def error(self) -> bool | str | None:
        """Return a part of the message with which the case is refused, True for any."""
        return self.spec.get("error") or self.spec.get("expect_error")

    def compile(self, backend: str) -> eqlite.Query:
        options = {name: value for name, value in self.options.items() if name not in _OF_SEARCH}
        mapping, schema = options.pop("schema_mapping", None), options.pop("schema", None)
        if mapping is not None:
            options["schema"] = eqlite.Schema.from_mapping(mapping)
        elif schema is not None:
            options["schema"] = eqlite.Schema.ecs() if schema == "ecs" else eqlite.Schema.from_fields(schema)
        return eqlite.compile(self.spec["query"], backend=backend, **options)

    def places(self, found: list[eqlite.Match] | list[eqlite.Detection]) -> list[list[int | None]]:
        """Return the numbers of the events of matches, None for a missing one."""
        numbers = {id(event): number for number, event in enumerate(self.spec.get("events", []))}
        return [[None if event is None else numbers[id(event)] for event in match.events] for match in found]


def read_cases(name: str) -> list[Case]:
    """Return the cases of a file, none where the shared material is not there."""
    path = Path(os.environ.get("EQLITE_SHARED", "")) / "conformance" / f"{name}.json"
    return [Case(spec) for spec in json.loads(path.read_text(encoding="utf-8"))] if path.is_file() else []


def by_id(cases: list[Case]) -> list[Any]:
    """Return the cases as parameters, each with its id."""
    return [pytest.param(case, id=case.id) for case in cases]


def check(case: Case, tmp_path: Path) -> None:
    """Compare what eqlite answers with what Elasticsearch does, whatever the case is about."""
    if "rule_text" in case.spec:
        _check_rules(case, tmp_path)
    elif "input_text" in case.spec:
        _check_input(case, tmp_path)
    elif "expression" in case.spec:
        _check_value(case)
    else:
        for backend in BACKENDS:
            _check_search(case, backend)


def _check_rules(case: Case, tmp_path: Path) -> None:
    path = tmp_path / case.spec["rule_name"]
    path.write_text(case.spec["rule_text"], encoding="utf-8")
    is_empty = case.spec["expect_rules"] == 0
    with pytest.warns(UserWarning, match="no EQL rule") if is_empty else contextlib.nullcontext():
        rules = eqlite.load_rules(path)
    assert len([rule for rule in rules if rule.compile()]) == case.spec["expect_rules"]


def _check_input(case: Case, tmp_path: Path) -> None:
    path = tmp_path / case.spec["input_name"]
    path.write_text(case.spec["input_text"], encoding="utf-8")
    done = CliRunner().invoke(cli, ["query", case.spec["query"], str(path), "--format", "ndjson"])
    assert len(done.stdout.splitlines()) == case.spec["expect_matches"], done.stderr


def _check_value(case: Case) -> None:
    given = {"event": case.spec["event"]} if "event" in case.spec else {}
    if case.error:
        with pytest.raises(eqlite.EqlError) as caught:
            eqlite.evaluate(case.spec["expression"], **given)
        assert case.error is True or case.error in str(caught.value)
        return
    value = eqlite.evaluate(case.spec["expression"], **given)
    assert (list(value) if isinstance(value, tuple) else value) == case.spec["value"]


def _check_search(case: Case, backend: str) -> None:
    size, position = case.options.get("size"), case.options.get("result_position", "tail")
    events = case.spec.get("events", [])
    if case.error:
        with pytest.raises(eqlite.EqlError) as caught:
            case.compile(backend).search(events, size=size, result_position=position)
        assert case.error is True or case.error in str(caught.value)
        return
    try:
        query = case.compile(backend)
    except eqlite.EqlError:
        if case.spec.get("may_refuse"):
            return
        raise
    stats = eqlite.SearchStats()
    found = query.search(events, size=size, result_position=position, stats=stats)
    assert case.places(found) == case.spec["expect"], backend
    assert stats.faults >= case.options.get("faults", 0)
    if size is None:
        assert case.places(_streamed(query, events)) == case.spec["expect"], "as a stream"
        if query.kind != "sample":  # whose results have an order of their own
            for copies in (1, 4):  # with 4 the conditions are asked together
                assert case.places(_run(query, events, copies)) == case.spec["expect"], "as rules"


def _streamed(query: eqlite.Query, events: list[dict[str, Any]]) -> list[eqlite.Match]:
    """Return what a stream finds in the events in their order."""
    stream = query.stream()
    ordered = sorted(events, key=lambda event: ordinal(event, 0, query.plan)[:3])
    found = [match for event in ordered for match in stream.push(event)]
    return found + stream.flush()


def _run(query: eqlite.Query, events: list[dict[str, Any]], copies: int) -> list[eqlite.Detection]:
    """Return what the first of several rules with the query finds."""
    rules = [eqlite.load_rule(query.text) for _ in range(copies)]
    compiled = [(rule, query) for rule in rules]
    return [found for found in run_rules(compiled, events) if found.rule is rules[0]]
