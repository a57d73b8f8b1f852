"""`eqlite run` beyond the plain case: what is said, in which format, and with which exit code."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RULE = "examples/suspicious_interactive_interpreter.txt"
EVENTS = "examples/cloud_defend_events.ndjson"
KQL = '[rule]\nname = "Other"\ntype = "query"\nlanguage = "kuery"\nquery = "a:b"\n'


def event(**fields: Any) -> str:
    return json.dumps({"@timestamp": "2026-01-01T00:00:00Z", "event": {"category": "process"}, **fields}) + "\n"


@pytest.fixture
def everything(tmp_path: Path) -> str:
    """Return a rule that every process event meets."""
    path = tmp_path / "everything.eql"
    path.write_text("process where true\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("width", [80, 120])
def test_the_demo_table(
    run: Any, same_as_file: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    table = run("run", "-r", RULE, EVENTS, "--format", "table").out
    assert max(map(len, table.splitlines())) <= width
    same_as_file(table, f"demo_{width}.txt")


def test_the_demo_table_in_colour(run: Any, same_as_file: Callable[[str, str], None]) -> None:
    colored = run("run", "-r", RULE, EVENTS, "--format", "table", "--color", "always").out
    same_as_file(colored.replace("\x1b", "ESC"), "demo_color.txt")


def test_no_color_counts_unless_colour_is_asked_for(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("run", "-r", RULE, EVENTS, "--format", "table")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" in run(*arguments).out
    assert "\x1b" not in run(*arguments, "--color", "never").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run(*arguments).out
    assert "\x1b" in run(*arguments, "--color", "always").out


def test_formats_agree(run: Any) -> None:
    lines = [json.loads(line) for line in run("run", "-r", RULE, EVENTS, "--format", "ndjson").out.splitlines()]
    assert json.loads(run("run", "-r", RULE, EVENTS, "--format", "json").out) == lines
    rows = list(csv.DictReader(io.StringIO(run("run", "-r", RULE, EVENTS, "--format", "csv").out)))
    assert [row["rule_name"] for row in rows] == [line["rule"]["name"] for line in lines]
    assert [row["end"] for row in rows] == [line["end"] for line in lines]


def test_nothing_found_is_an_empty_array_a_header_or_nothing(run: Any) -> None:
    for name, empty in (("ndjson", ""), ("json", "[]\n"), ("table", "")):
        assert run("run", "-r", RULE, "-", "--format", name, stdin=event()).out == empty
    assert run("run", "-r", RULE, "-", "--format", "csv", stdin=event()).out.count("\n") == 1


def test_hostile_values_stay_text_in_every_format(run: Any, everything: str) -> None:
    hostile = '{"event": {"category": "process"}, "process": {"name": "\\ud800\\u001b[2J"}, "n": NaN, "big": 1e999}\n'
    for name in ("ndjson", "json"):
        text = run("run", "-r", everything, "-", "--format", name, stdin=hostile).out
        found = json.loads(text, parse_constant=pytest.fail)
        (seen,) = (found if name == "json" else [found])[0]["events"]
        assert seen["document"]["process"]["name"] == "\ud800\x1b[2J"
        assert (seen["document"]["n"], seen["document"]["big"]) == (None, None)
    table = run("run", "-r", everything, "-", "--format", "table", stdin=hostile).out
    assert "\\ud800\\x1b[2J" in table
    assert "\x1b" not in table


def test_a_line_of_ndjson_is_one_line_for_every_reader(run: Any, everything: str) -> None:
    text = run("run", "-r", everything, "-", stdin=event(text="a\u2028b\u0085c\x9b")).out
    (line,) = text.splitlines()
    assert json.loads(line)["events"][0]["document"]["text"] == "a\u2028b\u0085c\x9b"


def test_markup_in_values_is_not_read(run: Any, everything: str) -> None:
    table = run("run", "-r", everything, "-", "--format", "table", stdin=event(process={"name": "[bold]:smile:"})).out
    assert "[bold]:smile:" in table


def test_rules_in_other_languages_are_told_with_the_reason(run: Any, tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.toml").write_text(KQL.replace("Other", f"Other {number}"), encoding="utf-8")
    done = run("run", "-r", RULE, "-r", str(tmp_path), EVENTS)
    assert done.code == 0
    assert "2 rules skipped, such as `Other 1`: a custom query rule (KQL or Lucene), not EQL" in done.err
    alone = run("run", "-r", str(tmp_path), EVENTS)
    assert alone.code == 2
    assert "2 rules skipped" in alone.err
    assert f"no EQL rule in {tmp_path}" in alone.err


def test_broken_rules_are_all_told_and_counted(run: Any, tmp_path: Path, everything: str) -> None:
    (tmp_path / "no_query.toml").write_text("[rule]\nname = 1\n", encoding="utf-8")
    (tmp_path / "bad.eql").write_text("any where (\n", encoding="utf-8")
    done = run("run", "-r", str(tmp_path), "-", stdin=event())
    assert (done.code, len(done.out.splitlines())) == (0, 1)
    assert "bad.eql:" in done.err
    assert "no_query.toml" in done.err
    assert "2 broken rules left out" in done.err
    strict = run("run", "-r", str(tmp_path), "-", "--strict", stdin=event() + "oops\n")
    assert strict.code == 2
    assert "2 broken rules and 1 rejected line under --strict" in strict.err


def test_a_missing_rule_file_ends_the_run_before_it_starts(run: Any) -> None:
    done = run("run", "-r", RULE, "-r", "nowhere.toml", EVENTS)
    assert (done.code, done.out) == (2, "")
    assert "cannot read `nowhere.toml`: no such file" in done.err


def test_missing_events_are_told_before_the_rules_are_read(run: Any) -> None:
    done = run("run", "-r", "nowhere.toml", "nowhere.ndjson")
    assert done.err == "Error: cannot read `nowhere.ndjson`: no such file\n"


def test_rejected_lines_are_counted_by_reason(run: Any, everything: str) -> None:
    done = run("run", "-r", everything, "-", stdin=event() + "[1\n42\n{]\n")
    assert re.search(r"3 lines rejected: 2 not JSON, 1 not a JSON object; the first: <stdin>:2: not JSON", done.err)
    one = run("run", "-r", everything, "-", stdin=event() + "42\n")
    assert "1 line rejected, <stdin>:2: not a JSON object (a JSON number)" in one.err


def test_rejects_start_empty_and_never_overwrite_an_input(run: Any, tmp_path: Path, everything: str) -> None:
    kept = tmp_path / "kept"
    kept.write_text("of yesterday\n", encoding="utf-8")
    run("run", "-r", everything, EVENTS, "--rejects", str(kept))
    assert kept.read_bytes() == b""
    copy = tmp_path / "events.ndjson"
    copy.write_text(event(), encoding="utf-8")
    done = run("run", "-r", everything, str(copy), "--rejects", str(copy))
    assert done.code == 2
    assert "would overwrite `" in done.err
    assert copy.read_text(encoding="utf-8") == event()


def test_events_outside_all_index_patterns_are_reported(run: Any) -> None:
    routed = (Path(EVENTS).read_text(encoding="utf-8")).replace("logs-cloud_defend", "logs-other")
    routed = routed.replace('"dataset": "cloud_defend.process"', '"dataset": "other"')
    done = run("run", "-r", RULE, "-", "--by-index", stdin=routed)
    (about,) = (line for line in done.err.splitlines() if "index patterns" in line)
    assert about.startswith("8 events outside the index patterns of all rules, such as one of `logs-other")
    assert about.endswith("; without --by-index every rule sees every event")
    assert done.out == ""
    assert len(run("run", "-r", RULE, "-", "--no-by-index", stdin=routed).out.splitlines()) == 3


def test_quiet_says_nothing(run: Any) -> None:
    assert run("run", "-q", "-r", RULE, EVENTS).err == ""


def test_backends_find_the_same(run: Any) -> None:
    arguments = ("run", "-r", RULE, EVENTS)
    assert run(*arguments, "--backend", "reference").out == run(*arguments, "--backend", "python").out


def test_folders_of_events_are_read(run: Any, tmp_path: Path, everything: str) -> None:
    (tmp_path / "logs").mkdir()
    for name in ("b.ndjson", "a.json"):
        (tmp_path / "logs" / name).write_text(event(), encoding="utf-8")
    found = run("run", "-r", everything, str(tmp_path / "logs")).out.splitlines()
    files = [json.loads(line)["events"][0]["source"]["file"] for line in found]
    assert files == [str(tmp_path / "logs" / name) for name in ("a.json", "b.ndjson")]


def test_csv_lists_an_id_and_a_source_for_each_stage(run: Any, tmp_path: Path) -> None:
    rule = tmp_path / "rule.eql"
    rule.write_text(
        "sequence with maxspan=1m [any where a == 1] ![any where a == 2] [any where a == 3]", encoding="utf-8"
    )
    hits = [
        {"_id": "x", "_source": {"@timestamp": "2026-01-01T00:00:00Z", "a": 1}},
        {"_source": {"@timestamp": "2026-01-01T00:00:01Z", "a": 3}},
    ]
    text = "".join(json.dumps(hit) + "\n" for hit in hits)
    (row,) = csv.DictReader(io.StringIO(run("run", "-r", str(rule), "-", "--format", "csv", stdin=text).out))
    assert (row["event_ids"], row["sources"]) == ("x - -", "<stdin>:1 - <stdin>:2")


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("[1]", "it should be a JSON object"),
        ("{", "is no JSON"),
        ("{}", "it has no `properties`"),
        ('{"properties": 3}', "`properties` should be an object"),
        (
            '{"mappings": {"properties": {"a": {"properties": {"b": 1}}}}}',
            "the definition of `a.b` should be an object",
        ),
        ('{"properties": {"a": {"type": 7}}}', "the type of `a` should be text"),
    ],
)
def test_a_schema_that_is_none_is_the_users_error(run: Any, tmp_path: Path, schema: str, said: str) -> None:
    (tmp_path / "schema.json").write_text(schema, encoding="utf-8")
    done = run("run", "-r", RULE, EVENTS, "--schema", str(tmp_path / "schema.json"))
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize(
    "mapping",
    [
        {"properties": {"a": {"type": "keyword"}}},
        {"mappings": {"properties": {"a": {"type": "keyword"}}}},
        {"logs-1": {"mappings": {"properties": {"a": {"type": "keyword"}}}}},
        {
            "logs-1": {"mappings": {"properties": {}}},
            "logs-2": {"mappings": {"properties": {"a": {"type": "keyword"}}}},
        },
    ],
)
def test_a_schema_may_stand_alone_or_as_elasticsearch_answers(run: Any, tmp_path: Path, mapping: Any) -> None:
    (tmp_path / "schema.json").write_text(json.dumps(mapping), encoding="utf-8")
    done = run("query", 'any where a == "x" ', "-", "--schema", str(tmp_path / "schema.json"), stdin='{"a": "x"}')
    assert (done.code, len(done.out.splitlines())) == (0, 1)
    assert run("query", "any where b == 1", "-", "--schema", str(tmp_path / "schema.json"), stdin="{}").code == 2
