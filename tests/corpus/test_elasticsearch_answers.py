"""The answers of Elasticsearch: what expressions fold to, which texts it takes, and what its searches find."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import eqlite
from eqlite.backends import BACKENDS
from eqlite.diagnostics import Diagnostic
from eqlite.language.literals import read_string
from eqlite.language.parser import parse_expression

SUITES = {
    "endgame": 158,
    "endgame_nanos": 2,
    "extra": 32,
    "missing_events": 21,
    "sample": 20,
    "sample_multi": 7,
}
KNOWN_EXCEPTIONS = {
    "VerifierTests.testAliasErrors": "it refuses an alias, which the query suites use: all aliases are read here",
}
MISSING = -1


def read(shared: Path, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((shared / "conformance" / f"{name}.json").read_text(encoding="utf-8"))
    return content


# --- searches --------------------------------------------------------------------------------------------------------


@dataclass
class Suite:
    """One suite: its documents, schema and settings."""

    content: dict[str, Any]
    events: list[dict[str, Any]]
    schema: eqlite.Schema

    @classmethod
    def load(cls, shared: Path, name: str) -> Suite:
        content = read(shared, name)
        lines = (shared / "conformance" / f"{name}.events.ndjson").read_text(encoding="utf-8").splitlines()
        if "indices" in content:
            mappings = {index["name"]: index["mapping"] for index in content["indices"]}
            schema = eqlite.Schema.from_indices(mappings)
        else:
            schema = eqlite.Schema.from_mapping(content["mapping"])
        return cls(content, [json.loads(line) for line in lines], schema)

    def search(self, case: dict[str, Any], *, backend: str, result_position: str) -> list[eqlite.Match]:
        query = eqlite.compile(
            case["query"],
            schema=self.schema,
            backend=backend,
            event_category_field=self.content["event_category_field"],
            timestamp_field=self.content["timestamp_field"],
            tiebreaker_field=self.content["tiebreaker_field"],
            max_samples_per_key=case.get("max_samples_per_key", 1),
        )
        size = case.get("size", self.content["default_size"])
        return query.search(self.events, size=size, result_position=result_position)  # type: ignore[arg-type]

    def ids(self, found: list[eqlite.Match]) -> list[int]:
        name = self.content["id_field"]
        return [MISSING if event is None else event[name] for match in found for event in match.events]


def key_text(value: object) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("result_position", ["tail", "head"])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", SUITES)
def test_searches_find_what_elasticsearch_finds(shared: Path, name: str, backend: str, result_position: str) -> None:
    suite = Suite.load(shared, name)
    assert len(suite.content["queries"]) == SUITES[name]
    wrong = []
    for case in suite.content["queries"]:
        found = suite.search(case, backend=backend, result_position=result_position)
        ids = suite.ids(found)
        if ids not in case.get("expected_any_of", [case.get("expected")]):
            wrong.append((case["name"], case["query"], ids))
        keys = [key_text(value) for match in found for value in match.join_keys]
        if "join_keys" in case and keys != [key_text(value) for value in case["join_keys"]]:
            wrong.append((case["name"], case["query"], keys))
    assert wrong == []


# --- constants -------------------------------------------------------------------------------------------------------


def test_constant_expressions_have_elasticsearchs_values(shared: Path) -> None:
    cases = read(shared, "expressions")["cases"]
    found = {case["expression"]: eqlite.evaluate(case["expression"]) for case in cases}
    expected = {case["expression"]: case["expected"] for case in cases}
    assert len(cases) == 110
    assert found == expected
    assert {text: type(value) for text, value in found.items()} == {
        text: type(value) for text, value in expected.items()
    }


# --- accepted and refused --------------------------------------------------------------------------------------------


@dataclass
class Score:
    """How the texts came out."""

    cases: int = 0
    wrong: dict[str, str] = field(default_factory=dict)
    messages: int = 0
    other_words: list[tuple[str, str, list[str]]] = field(default_factory=list)


@pytest.fixture(scope="module")
def score(shared: Path) -> Score:
    content = read(shared, "accept_reject")
    schemas = {name: eqlite.Schema.from_mapping(mapping) for name, mapping in content["mappings"].items()}
    score = Score()
    for case in content["cases"]:
        score.cases += 1
        if case["kind"] == "unquote":
            problem = judge_literal(case)
            problems: list[Diagnostic] = []
        else:
            problems = problems_of(case, schemas[case.get("mapping", "mapping-default.json")])
            problem = judge(case, problems)
        if problem is not None:
            score.wrong[case["from"]] = f"{case['query']}: {problem}"
        elif case["outcome"] != "ok" and case.get("message"):
            score.messages += 1
            words = [found.elasticsearch for found in problems if found.elasticsearch]
            if not any(same_words(case, text) for text in words):
                score.other_words.append((case["query"], case["message"], words))
    return score


def problems_of(case: dict[str, Any], schema: eqlite.Schema) -> list[Diagnostic]:
    """Return the errors in a text, as far as Elasticsearch took it itself."""
    try:
        if case["kind"] == "expression":
            parse_expression(case["query"])
        elif case["outcome"] == "ok" and case["stage"] == "parse":
            eqlite.parse(case["query"])
        else:
            return [found for found in eqlite.analyze(case["query"], schema) if found.is_error]
    except eqlite.EqlError as error:
        return list(error.diagnostics)
    return []


def judge(case: dict[str, Any], problems: list[Diagnostic]) -> str | None:
    if (case["outcome"] == "ok") == (not problems):
        return None
    return f"{case['outcome']} at {case['stage']}; here {[found.message for found in problems]}"


def judge_literal(case: dict[str, Any]) -> str | None:
    value = read_string(case["query"])
    return None if value == case["value"] else f"{case['value']!r}; here {value!r}"


def same_words(case: dict[str, Any], text: str) -> bool:
    """Tell whether a message has Elasticsearch's words; the tokens that it expects do not count."""
    found, wanted = (words.split("expecting")[0].strip() for words in (text, case["message"]))
    match case["match"]:
        case "equals":
            return found == wanted
        case "contains":
            return wanted in found
        case "startswith":
            return found.startswith(wanted)
        case _:
            return found.endswith(wanted)


def test_queries_are_accepted_and_refused_as_by_elasticsearch(score: Score) -> None:
    assert score.cases == 594
    assert len(score.wrong) <= score.cases // 100
    assert score.wrong.keys() == KNOWN_EXCEPTIONS.keys(), score.wrong


def test_messages_carry_elasticsearchs_words(score: Score) -> None:
    assert len(score.other_words) <= score.messages // 10, score.other_words
