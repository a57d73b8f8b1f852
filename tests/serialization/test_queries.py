"""Queries as bytes: every kind of plan comes back without a parser, and other bytes are refused."""

from __future__ import annotations

import dataclasses
import json
import pickle
import subprocess
import sys
import tomllib
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

import eqlite
from eqlite import EqlError, Query, RuleSet, Schema
from eqlite.__about__ import __version__
from eqlite.diagnostics import Diagnostic
from eqlite.query import dump_queries, load_queries
from eqlite.serialization import queries as form
from eqlite.serialization.codec import NotEncodable
from eqlite.serialization.queries import CompiledText, encode_queries, unpack

CONFORMANCE = sorted((Path(__file__).parents[1] / "conformance").glob("*.toml"))
QUERY = 'process where process.name : "cmd.exe"'
EVENT = {"event.category": "process", "process.name": "CMD.EXE"}
NO_FORM = Schema.from_mapping({"properties": {"a": {"type": "keyword", "null_value": {"b": 1}}}})
RULES = """
[[rule]]
name = "{name}"
rule_id = "{name}"
language = "eql"
type = "eql"
query = '''{query}'''
"""


def queries_of(path: Path) -> list[Query]:
    """Return every query of a file of cases, under each of its schemas and targets."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    found = []
    for spec in [*content.get("case", ()), *content.get("search", ())]:
        text = spec["query"] if "query" in spec else f"any where {spec['where']}"
        for name in spec.get("schemas", [spec["schema"]] if "schema" in spec else content.get("schemas", ["none"])):
            table = content["schema"][name] if name != "none" else None
            for target in spec.get("targets", [spec.get("target", "9.5")]):
                try:
                    found.append(eqlite.compile(text, schema=schema_of(table), target=target, name=name))
                except EqlError:
                    continue
    return found


def schema_of(table: dict[str, Any] | None) -> Schema | None:
    if table is None:
        return None
    return Schema.from_mapping(json.loads(table["mapping"])) if "mapping" in table else Schema.from_fields(table)


def with_content(content: bytes, *, version: str = __version__) -> bytes:
    """Return saved queries whose header is right and whose content is not."""
    return f"eqlite-queries {form.FORMAT} {version} {zlib.crc32(content):08x}\n".encode() + content


@pytest.mark.parametrize("path", CONFORMANCE, ids=lambda path: path.stem)
def test_queries_of_conformance_cases_come_back(path: Path) -> None:
    queries = queries_of(path)
    data = dump_queries(queries)
    loaded = load_queries(data)
    assert len(loaded) == len(queries)
    for query, again in zip(queries, loaded, strict=True):
        assert (again.text, again.name, again.options) == (query.text, query.name, query.options)
        assert (again.plan, again.diagnostics) == (query.plan, query.diagnostics)
        assert again.backend.name == query.backend.name
    assert dump_queries(loaded) == data  # of equal values, types too


def test_options_come_back() -> None:
    options: dict[str, Any] = {
        "schema": "ecs",
        "event_category_field": "event.kind",
        "timestamp_field": "event.created",
        "tiebreaker_field": "event.sequence",
        "target": "8.19",
        "max_samples_per_key": 3,
        "strict": True,
        "backend": "reference",
        "name": "a",
    }
    query = eqlite.compile("any where process.pid > 1", **options)
    again = pickle.loads(pickle.dumps(query))
    assert again.options == query.options
    assert again.backend.name == "reference"


def test_queries_share_a_schema_as_before() -> None:
    schema = Schema.from_fields({"a": "long"})
    first, second, other = load_queries(
        dump_queries([*(eqlite.compile("any where a == 1", schema=schema) for _ in range(2)), eqlite.compile(QUERY)])
    )
    assert first.options.schema is second.options.schema
    assert (first.options.schema, other.options.schema) == (schema, None)


def test_warnings_come_back_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(RULES.format(name="a", query='prozess where a == "b"').replace("[[rule]]", "[rule]"))
    query = eqlite.load_rule(path).compile()
    (warning,) = pickle.loads(pickle.dumps(query)).diagnostics
    assert warning.render() == query.diagnostics[0].render()


def test_a_pickled_query_is_loaded_without_a_parser() -> None:
    code = f"""
import pickle, sys
query = pickle.loads({pickle.dumps(eqlite.compile(QUERY))!r})
assert query.matches({EVENT!r})
print([name for name in sys.modules if name.startswith(("lark", "eqlite.language"))])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_plan_without_a_form_is_pickled_as_its_text() -> None:
    query = eqlite.compile('any where a == "x"', schema=NO_FORM)
    with pytest.raises(NotEncodable):
        dump_queries([query])
    assert pickle.loads(pickle.dumps(query)).matches({"a": "x"})


def test_a_stream_goes_on_with_a_loaded_query() -> None:
    query = eqlite.compile("sequence by a [any where b == 1] [any where b == 2]")
    stream = query.stream()
    stream.push({"@timestamp": 1, "a": 1, "b": 1})
    resumed = pickle.loads(pickle.dumps(query)).resume(stream.snapshot())
    assert len(resumed.push({"@timestamp": 2, "a": 1, "b": 2})) == 1


# --- what is refused --------------------------------------------------------------------------------------------------


def test_bytes_of_another_kind_are_refused() -> None:
    for data in (b"", b"\n", b"eqlite-stream 3 msgpack 0 0\n", pickle.dumps(1), b"\xff" * 100):
        with pytest.raises(EqlError, match="these bytes are not saved queries"):
            load_queries(data)


def test_damaged_bytes_are_refused() -> None:
    data = dump_queries([eqlite.compile(QUERY)])
    start = data.index(b"\n") + 1
    for damaged in (data[:-1], data[:start], data + b"x", *(flipped(data, place) for place in range(start, len(data)))):
        with pytest.raises(EqlError, match="damaged"):
            load_queries(damaged)


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_bytes_of_another_version_are_refused() -> None:
    content = dump_queries([]).partition(b"\n")[2]
    assert load_queries(with_content(content)) == []
    with pytest.raises(EqlError, match=r"saved by eqlite 0\.0\.1, and this is"):
        load_queries(with_content(content, version="0.0.1"))


@pytest.mark.parametrize(
    "content",
    [
        b"no zlib",
        zlib.compress(b"no msgpack"),
        zlib.compress(msgspec.msgpack.encode([[], [0]])),
        zlib.compress(msgspec.msgpack.encode([[["Popen", [[0, ["true"]]]]], [0]])),
        zlib.compress(msgspec.msgpack.encode([[["Span", [[0, [1]], [0, [2]]]]], [0]])),
        zlib.compress(msgspec.msgpack.encode({"a": 1})),
        zlib.compress(msgspec.msgpack.encode([[], []]))[:-1],
    ],
    ids=repr,
)
def test_forged_content_is_refused(content: bytes) -> None:
    with pytest.raises(EqlError, match="the saved queries"):
        load_queries(with_content(content))


def test_forged_options_and_diagnostics_are_refused() -> None:
    query = eqlite.compile(QUERY)
    unknown = CompiledText(query.text, query.plan, (Diagnostic("no-such-id", "a message"),), query.options)
    with pytest.raises(EqlError, match="they hold an unknown diagnostic"):
        load_queries(encode_queries([unknown]))
    elsewhere = CompiledText(query.text, query.plan, (), dataclasses.replace(query.options, backend="none"))
    with pytest.raises(EqlError, match="there is no backend"):
        load_queries(encode_queries([elsewhere]))


def test_content_over_the_limit_is_refused() -> None:
    data = dump_queries([eqlite.compile(QUERY)])
    with pytest.raises(EqlError, match="larger than 10 bytes"):
        unpack(data, max_bytes=10)


# --- sets of rules ----------------------------------------------------------------------------------------------------


def rules(tmp_path: Path) -> RuleSet:
    for name, query in {"good": QUERY, "broken": "any where", "odd": 'prozess where a == "b"'}.items():
        text = RULES.format(name=name, query=query).replace("[[rule]]", "[rule]")
        (tmp_path / f"{name}.toml").write_text(text)
    return eqlite.load_rules(tmp_path)


def test_compiled_rules_are_pickled_with_their_queries(tmp_path: Path) -> None:
    given = rules(tmp_path)
    problems = given.problems  # which compiles them
    again = pickle.loads(pickle.dumps(given))
    assert "_compiled" in vars(again)
    assert [rule.name for rule, _ in again.compile()] == ["good", "odd"]
    assert all(rule is again[rule.name] for rule, _ in again.compile())
    assert [detection.rule.name for detection in again.run([EVENT])] == ["good"]
    assert (list(again), again.problems) == (list(given), problems)


def test_other_rules_are_pickled_without_queries(tmp_path: Path) -> None:
    again = pickle.loads(pickle.dumps(rules(tmp_path)))
    assert "_compiled" not in vars(again)
    assert [rule.name for rule, _ in again.compile()] == ["good", "odd"]


@pytest.mark.slow
def test_the_shipped_rules_fit_in_a_megabyte(shared: Path) -> None:
    queries = [query for _, query in eqlite.load_rules(shared / "corpus" / "rules.tar.gz").compile()]
    data = dump_queries(queries)
    assert len(data) <= 1 << 20
    assert dump_queries(load_queries(data)) == data
