"""`eqlite verify`, against a stand-in for Elasticsearch on a real socket."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integrations.stand_in import StandIn, failed

ROOT = Path(__file__).parents[2]
EVENTS = "examples/incident.ndjson"
QUERY = 'process where process.name : "*.exe"'
SECRET = "sEcReT-key"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with StandIn() as started:
        monkeypatch.setenv("EQLITE_ES_URL", started.url)
        monkeypatch.setenv("EQLITE_ES_BACKOFF", "0")
        yield started


def summary(done: Any) -> list[str]:
    lines: list[str] = done.err.splitlines()
    return lines


def test_agreement_is_exit_0_with_nothing_on_stdout(run: Any, server: StandIn) -> None:
    done = run("verify", QUERY, EVENTS)
    assert (done.code, done.out) == (0, "")
    assert summary(done) == [
        f"Elasticsearch 9.5.1 at {server.url}; 20 events loaded",
        "1 query: 1 agree; 0 differences",
    ]
    assert list(server.indices) == ["logs-production"]
    assert run("verify", QUERY, EVENTS, "-q").err == ""


def test_a_difference_is_exit_1_and_a_case(run: Any, server: StandIn) -> None:
    server.canned[QUERY] = (200, {"hits": {"events": [{"_id": "19"}]}})
    done = run("verify", QUERY, EVENTS)
    assert done.code == 1
    title, theirs, ours, case = done.out.splitlines()
    assert title == "query: the answers differ in their matches"
    assert theirs == "  Elasticsearch 9.5.1: 1 match, events 19"
    assert ours.startswith("  eqlite ")
    assert json.loads(case.removeprefix("  case: "))["query"] == QUERY
    assert summary(done)[-1] == "1 query: 0 agree; 1 difference"


def test_json_is_one_document_with_all_cases(run: Any, server: StandIn) -> None:
    assert json.loads(run("verify", QUERY, EVENTS, "--format", "json").out)["differences"] == []
    server.canned[QUERY] = failed(400, "verification_exception", "no such \x1b thing")
    done = run("verify", QUERY, EVENTS, "--format", "json")
    assert done.code == 1
    (line,) = done.out.splitlines()
    report = json.loads(line)
    assert list(report) == [
        "schema",
        "eqlite",
        "elasticsearch",
        "target",
        "events",
        "rejected",
        "queries",
        "differences",
    ]
    assert report["queries"] == {"compared": 1, "agreed": 0, "refused_by_both": 0, "limited": 0}
    assert report["differences"][0]["differs_in"] == "refusal"
    assert "\x1b" not in run("verify", QUERY, EVENTS).out


def test_queries_come_from_files_and_rules(run: Any, server: StandIn, tmp_path: Path) -> None:
    path = tmp_path / "hunt.eql"
    path.write_text(QUERY, encoding="utf-8")
    assert run("verify", f"@{path}", EVENTS).code == 0
    assert run("verify", "-f", str(path), EVENTS).code == 0
    assert [json.loads(request["body"])["query"] for request in server.asked("search")] == [QUERY, QUERY]
    assert summary(run("verify", "examples/rules", EVENTS))[-1] == "3 queries: 3 agree; 0 differences"


def test_fields_may_be_named(run: Any, server: StandIn) -> None:
    run("verify", QUERY, EVENTS, "--tiebreaker-field", "event.sequence", "--size", "5", "--position", "head")
    body = json.loads(server.asked("search")[0]["body"])
    assert (body["tiebreaker_field"], body["size"], body["result_position"]) == ("event.sequence", 5, "head")


@pytest.mark.parametrize("wrap", [lambda mapping: mapping, lambda mapping: {"i": {"mappings": mapping}}])
def test_a_schema_is_the_mapping_as_it_stands(run: Any, server: StandIn, tmp_path: Path, wrap: Any) -> None:
    path = tmp_path / "mapping.json"
    fields = {"@timestamp": {"type": "date"}, "x": {"type": "alias", "path": "@timestamp"}}
    mapping = {"properties": {**fields, "event": {"properties": {"category": {"type": "keyword"}}}}}
    path.write_text(json.dumps(wrap(mapping)), encoding="utf-8")
    done = run("verify", QUERY, EVENTS, "--schema", str(path))
    assert summary(done)[-1] == "1 query: 1 agree, 1 of them refused by both; 0 differences"
    assert json.loads(server.asked("create")[0]["body"])["mappings"]["properties"] == mapping["properties"]
    assert run("verify", QUERY, EVENTS, "--schema", "ecs").code == 0


def test_rejected_events_are_counted_with_reasons(run: Any, server: StandIn) -> None:
    server.rejects = lambda document: (400, "no \x1b such thing")
    done = run("verify", QUERY, EVENTS)
    assert done.code == 0
    assert "20 events rejected by Elasticsearch, and not compared:" in done.err
    assert "  20: no \\x1b such thing" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nosuch.toml", EVENTS), "cannot read `nosuch.toml`: no such file"),
        ((QUERY, "nosuch.ndjson"), "cannot read `nosuch.ndjson`: no such file"),
        (("@nosuch.eql", EVENTS), "cannot read the query `nosuch.eql`"),
        ((QUERY, EVENTS, "--ca-file", "nosuch.pem"), "there is no file `nosuch.pem`"),
        ((QUERY, EVENTS, "--schema", "nosuch.json"), "cannot read the schema `nosuch.json`"),
        ((QUERY, EVENTS, "--user", "ann"), "there is no password"),
        ((QUERY, EVENTS, "--url", "localhost:9200"), "such as https://localhost:9200"),
        ((QUERY, EVENTS, "--url", "http://127.0.0.1:1"), "no connection to http://127.0.0.1:1"),
        ((QUERY, EVENTS, "--timeout", "0"), "--timeout"),
        ((QUERY, EVENTS, "--target", "7.17"), "there is no target '7.17'"),
        ((), "Missing argument"),
    ],
)
def test_a_wrong_call_is_exit_2_before_anything_is_made(
    run: Any, server: StandIn, arguments: tuple[str, ...], said: str
) -> None:
    done = run("verify", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert server.asked("create") == []


def test_no_url_names_the_option_and_the_variable(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EQLITE_ES_URL", raising=False)
    done = run("verify", QUERY, EVENTS)
    assert done.code == 2
    assert "--url" in done.err


@pytest.mark.parametrize("fault", [401, 403, 503, "truncate", "reset"])
def test_a_failing_server_is_one_message_without_the_secret(
    run: Any, server: StandIn, monkeypatch: pytest.MonkeyPatch, fault: int | str
) -> None:
    monkeypatch.setenv("EQLITE_ES_API_KEY", SECRET)
    server.reason = f"your key is {SECRET}"
    for kind in ("root", "create", "bulk", "search"):
        server.faults[kind], server.for_ever = [fault], {kind}
        done = run("--debug", "verify", QUERY, EVENTS, "--retries", "1")
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("Error: ")
        assert len(done.err.splitlines()) == 1
        assert SECRET not in done.err
        server.faults[kind] = []
    assert list(server.indices) == ["logs-production"]
    assert server.requests[0]["headers"]["authorization"] == f"ApiKey {SECRET}"


def test_the_help_shows_no_value_of_the_environment(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EQLITE_ES_API_KEY", "EQLITE_ES_PASSWORD"):
        monkeypatch.setenv(name, SECRET)
    done = run("verify", "--help")
    assert "EQLITE_ES_API_KEY" in done.out
    assert SECRET not in done.out


def test_without_the_client_the_extra_is_named(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "elasticsearch", None)
    monkeypatch.delitem(sys.modules, "eqlite.integrations.elasticsearch", raising=False)
    done = run("verify", QUERY, EVENTS, "--url", "http://127.0.0.1:1")
    assert (done.code, done.err) == (
        2,
        "Error: asking an Elasticsearch needs its client: pip install elasticsearch\n",
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_removes_the_index(server: StandIn, name: str) -> None:
    command = [sys.executable, "-m", "eqlite", "verify", QUERY, EVENTS]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    server.faults["search"] = ["hang"]
    server.on = lambda kind: process.send_signal(getattr(signal, name)) if kind == "search" else None
    out, err = process.communicate()
    assert (process.returncode, out, err.strip()) == (130, "", "interrupted")
    assert list(server.indices) == ["logs-production"]
