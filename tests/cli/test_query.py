"""`eqlite query`."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EVENTS = "examples/cloud_defend_events.ndjson"
PERL = 'process where process.name == "perl" and process.parent.executable != null'
SEQUENCE = 'sequence by host.name [process where process.name == "perl"] [process where process.name == "ruby"]'


def test_a_match_is_a_line_without_a_rule(run: Any) -> None:
    (line,) = map(json.loads, run("query", SEQUENCE, EVENTS, "--no-documents").out.splitlines())
    assert list(line) == ["schema", "kind", "start", "end", "join_keys", "id", "events"]
    assert line["kind"] == "sequence"
    assert line["join_keys"] == {"host.name": "node-1"}
    assert (line["start"], line["end"]) == ("2026-03-02T10:16:21.118Z", "2026-03-02T10:17:21.118Z")
    assert [event["_id"] for event in line["events"]] == ["pos-perl-case", "pos-ruby-glued"]


def test_the_table_of_a_sequence(run: Any, same_as_file: Callable[[str, str], None]) -> None:
    same_as_file(run("query", SEQUENCE, EVENTS, "--format", "table").out, "query_sequence.txt")


def test_csv_has_no_columns_for_a_rule(run: Any) -> None:
    header = run("query", SEQUENCE, EVENTS, "--format", "csv").out.splitlines()[0]
    assert header == "start,end,kind,join_keys,event_ids,sources"


def test_the_answer_of_eql_search_to_events_and_to_sequences(run: Any) -> None:
    events = json.loads(run("query", PERL, EVENTS, "--format", "eql-response").out)
    (hit,) = events.pop("hits")["events"]
    assert events == {"is_partial": False, "is_running": False, "took": 0, "timed_out": False}
    assert (hit["_index"], hit["_id"]) == ("logs-cloud_defend.process-default", "pos-perl-case")
    assert hit["_source"]["process"]["name"] == "perl"
    missing = SEQUENCE.replace("[process", "with maxspan=5m [process", 1).replace("] [", '] ![any where a == "z"] [')
    hits = json.loads(run("query", missing, EVENTS, "--format", "eql-response").out)["hits"]
    assert hits["total"] == {"value": 1, "relation": "eq"}
    (sequence,) = hits["sequences"]
    assert sequence["join_keys"] == ["node-1"]
    assert sequence["events"][1] == {"_index": "", "_id": "", "_source": {}, "missing": True}


def test_size_and_position_choose_an_end(run: Any) -> None:
    def ids(*options: str) -> list[str]:
        done = run("query", "process where true", EVENTS, "--size", "1", *options)
        return [json.loads(line)["events"][0]["_id"] for line in done.out.splitlines()]

    assert ids() == ["neg-empty-container-id"]
    assert ids("--position", "head") == ["pos-python"]


def test_the_query_may_stand_in_a_file(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "hunt.eql"
    path.write_text(f"\ufeff{PERL}\n", encoding="utf-8")
    assert len(run("query", "-f", str(path), EVENTS).out.splitlines()) == 1
    assert len(run("query", f"@{path}", EVENTS).out.splitlines()) == 1
    path.write_text("process where (\n", encoding="utf-8")
    assert f"{path}:1:16" in run("query", "-f", str(path), EVENTS).err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["query"], "the query, or -f FILE with it"),
        (["query", "-f", "nowhere.eql", EVENTS], "cannot read the query `nowhere.eql`"),
        (["query", "any where true", EVENTS, "--size", "-1"], "--size"),
        (["query", "any where a = 1", EVENTS], "write `==`"),
    ],
)
def test_mistakes_are_told(run: Any, arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_fields_for_category_time_and_order_can_be_named(run: Any) -> None:
    lines = ['{"kind": "p", "when": 2, "n": 1}', '{"kind": "p", "when": 1, "n": 3}', '{"kind": "p", "when": 1, "n": 2}']
    options = ("--category-field", "kind", "--timestamp-field", "when", "--tiebreaker-field", "n")
    done = run("query", "p where true", "-", *options, stdin="\n".join(lines))
    assert [json.loads(line)["events"][0]["document"]["n"] for line in done.out.splitlines()] == [2, 3, 1]


def test_events_without_a_time_are_told_where_they_are_left_out(run: Any) -> None:
    done = run("query", "sequence [any where true] [any where true]", "-", stdin="{}\n{}\n")
    assert "2 events left out of sequences: no readable time" in done.err


@pytest.mark.parametrize("condition", ["1 / n > 0", 'stringContains("x", lacking)', 'number(concat("y", n)) > 0'])
def test_expressions_without_a_value_are_told(run: Any, condition: str) -> None:
    done = run("query", f"any where {condition}", "-", stdin='{"n": 0}\n{"n": 0}\n')
    assert done.err.startswith("0 matches in 2 events\n")
    assert "\n2 faults, on which Elasticsearch would fail the search, such as: " in done.err


def test_no_event_at_all_is_the_users_error(run: Any) -> None:
    done = run("query", "any where true", "-", stdin="oops\n")
    assert done.code == 2
    assert "no event in the standard input: 1 line rejected, <stdin>:1: not JSON" in done.err


class InterruptedInput(io.BytesIO):
    """Standard input at which somebody presses Ctrl-C once everything in it has been read."""

    def read1(self, size: int | None = -1, /) -> bytes:
        piece = super().read1(size)
        if not piece:
            raise KeyboardInterrupt
        return piece


def test_ctrl_c_while_reading_gives_what_was_found(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from eqlite.cli import main

    text = b'{"a": 1}\n{"a": 2}\n'
    monkeypatch.setattr("sys.stdin", type("Input", (), {"buffer": InterruptedInput(text), "isatty": lambda _: False})())
    with pytest.raises(SystemExit) as exited:
        main(["query", "any where a > 0", "-"])
    out, err = capsys.readouterr()
    assert exited.value.code == 130
    assert len(out.splitlines()) >= 1
    assert "interrupted" in err


def test_events_with_several_times_are_told_where_left_out(run: Any) -> None:
    lines = '{"@timestamp": [1, 2]}\n{"@timestamp": [3]}\n{"@timestamp": 4}\n'
    done = run("query", "sequence [any where true] [any where true]", "-", stdin=lines)
    assert len(done.out.splitlines()) == 1
    assert "1 fault, on which Elasticsearch would fail the search, such as: `@timestamp` holds several" in done.err


def test_nothing_found_is_explained(run: Any) -> None:
    event = '{"event": {"category": "process"}, "process": {"name": "nc"}}\n'
    done = run("query", 'process where process.nam == "nc"', "-", stdin=event)
    assert done.err.splitlines()[1:] == ["no event has `process.nam`; there is `process.name`"]
    assert "no event has" not in run("query", "process where process.nam == null", "-", stdin=event).err
    assert run("query", "file where true", "-", "--quiet", stdin=event).err == ""


def test_odd_events_are_named(run: Any, tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text('{"records": [{"@timestamp": "2026"}]}\n{"@timestamp": 1777888800}\n')
    (tmp_path / "b.md").write_text("none")
    done = run("query", "any where true", str(tmp_path))
    assert "1 file passed over" in done.err
    assert "events look like envelopes: an event holds `records`, a list of objects" in done.err
    assert "1 event: `@timestamp` looks like epoch seconds, such as 1777888800" in done.err


@pytest.mark.parametrize("name", ["rule.toml", "rule.json", "rule.YML"])
def test_a_rule_file_is_no_query_file(run: Any, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("any where true")
    for words in (("-f", str(path)), (f"@{path}",)):
        done = run("query", *words, "-", stdin="{}")
        assert (done.code, done.out) == (2, "")
        assert (
            f"`{path}` is a rule file, not a file with only a query: `eqlite run -r {path}` runs the rule" in done.err
        )


def test_a_file_in_the_place_of_the_query_is_named(run: Any) -> None:
    done = run("query", EVENTS, PERL)
    assert done.code == 2
    assert f"`{EVENTS}` is a file, not EQL: give the query first, or read it from a file with -f" in done.err


def test_many_reasons_for_files_take_few_lines(run: Any, tmp_path: Path) -> None:
    files = {"a.md": "none", "b.md": "none", "c.evtx": "ElfFile\0", "d.csv": "a,b\n1,2\n", "e.eql": "any where true"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "f.ndjson").write_text("{}")
    said = run("query", "any where true", str(tmp_path)).err.splitlines()
    assert len(said) == 4
    assert said[1].startswith("2 files passed over, such as ")
    assert said[3].startswith("2 files passed over, such as ")
    assert said[3].endswith(": 2 other reasons")


def test_a_partial_answer_is_told(run: Any) -> None:
    answer = '{"timed_out": true, "hits": {"total": {"value": 2000}, "hits": [{"_source": {"n": 1}}]}}'
    done = run("query", "any where n == 1", "-", stdin=answer)
    assert len(done.out.splitlines()) == 1
    assert "<stdin>:1 is an incomplete answer of a search: 1 of 2,000 hits, timed out" in done.err


MANY = [
    *("any where n == 1", "any where n == 2 | head 3", "sequence by k [any where n == 1] [any where n == 2] | tail 4"),
    "sequence by k with maxspan=9s [any where n == 1] ![any where n == 2]",
    "sample by k [any where n == 1] [any where n == 2]",
]


@pytest.mark.parametrize("query", MANY)
@pytest.mark.parametrize("options", [(), ("--size", "2"), ("--size", "2", "--position", "head")])
@pytest.mark.parametrize("format_name", ["ndjson", "eql-response"])
def test_several_processes_give_the_same_bytes(
    run: Any, tmp_path: Path, query: str, options: tuple[str, ...], format_name: str
) -> None:
    """Over events that are out of order, which are read twice."""
    events = [{"@timestamp": 1000 * (n * 7 % 60), "n": n % 3, "k": n % 4} for n in range(60)]
    path = tmp_path / "events.ndjson"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    arguments = ("query", query, str(path), *options, "--format", format_name)
    assert run(*arguments).out == run(*arguments, "--jobs", "2").out != ""


def test_rejected_lines_are_written_to_a_file(run: Any, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects"
    done = run("query", "any where true", "-", "--rejects", str(rejects), stdin="{}\noops\n")
    assert (done.code, len(done.out.splitlines()), rejects.read_text()) == (0, 1, "oops\n")
    same = run("query", "any where true", str(rejects), "--rejects", str(rejects))
    assert "would overwrite" in same.err


def test_exit_codes_for_matches_and_rejected_lines(run: Any) -> None:
    def code(*options: str, stdin: str = "{}\n") -> int:
        return int(run("query", "any where true", "-", *options, stdin=stdin).code)

    assert (code(), code("--fail-on-match")) == (0, 1)
    assert run("query", "any where false", "-", "--fail-on-match", stdin="{}").code == 0
    strict = run("query", "any where true", "-", "--strict", stdin="{}\noops\n")
    assert (strict.code, len(strict.out.splitlines())) == (2, 1)
    assert "1 rejected line under --strict" in strict.err
    assert code("--strict") == 0
