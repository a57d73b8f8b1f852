"""Runs of rules over files and events: detections, order, rejections, open files.

Covers `execution/detection.py`, `execution/detections.py`, `execution/stats.py`.
"""

import gc
import gzip
import io
import itertools
import json
import random
from pathlib import Path

import pytest
from tests.harness import ndjson, numbers, over_files, rule_set

from eqlite import EventError, load_rule, load_rules, read_events
from eqlite.events.intake import ReadStats
from eqlite.execution.detection import Detection
from eqlite.execution.index_routing import IndexRouter
from eqlite.execution.run import RunStats, run_files
from eqlite.ruleset import RuleSet


def event(number: object, time: object = None, category: str = "process", **fields: object) -> dict[str, object]:
    timed = {} if time is None else {"@timestamp": time}
    return {**timed, "event": {"category": category}, "n": number, **fields}


def minute(number: int) -> str:
    return f"2026-01-01T00:{number:02}:00Z"


def comparable(found: list[Detection]) -> list[object]:
    return [
        (
            (detection.rule.name, detection.kind, detection.join_keys, detection.start, detection.end),
            detection.sources,
            [None if one is None else (repr(dict(one)), one.index, one.id) for one in detection.events],
        )
        for detection in found
    ]


# --- what a detection says --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_line_that_is_too_deep_is_rejected_by_every_rule(tmp_path, jobs):
    rules = rule_set(
        "process where startsWith(a, b)",
        "process where n == 1",
        "process where n == 2",
        'process where a == "y"',
        "sequence by a [process where startsWith(a, b)] [process where n == 1]",
    )
    good = event(1, minute(1), a="xy", b="x")
    too_deep = ndjson([good]).replace(b'"n": 1', b'"n": 1, "unread": ' + b"[" * 300 + b"]" * 300)
    path = tmp_path / "events.ndjson"
    path.write_bytes(too_deep + ndjson([good]) + too_deep)
    rejects = io.BytesIO()
    stats = RunStats()
    found = list(run_files(rules.compile(), [path], stats=stats, rejects=rejects, jobs=jobs))
    assert [(each.rule.query, each.sources[0].line) for each in found] == [
        ("process where startsWith(a, b)", 2),
        ("process where n == 1", 2),
    ]
    assert (stats.reading.read, stats.reading.rejected) == (3, 2)
    assert rejects.getvalue() == too_deep * 2


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are seen in /proc")
def test_a_run_leaves_no_file_open(tmp_path):
    rules = rule_set("process where n == 1", "sequence [process where n > 3] [process where n == 9]")
    path = tmp_path / "events.ndjson"
    path.write_bytes(ndjson([event(number, minute(number)) for number in range(12)]))
    compiled = rules.compile() * 3
    gc.disable()  # or else it might find what a cycle of references has left
    try:
        assert len(list(run_files(compiled, [path]))) == 6
        assert path.resolve() not in [each.resolve() for each in Path("/proc/self/fd").iterdir()]
    finally:
        gc.enable()


def test_detection_of_one_event():
    given = event(1, "2026-01-01T01:00:00.123456+01:00")
    rules = rule_set("process where n == 1")
    (detection,) = rules.run([given])
    assert detection.events == (given,)
    assert detection.events[0] is given
    assert (detection.rule, detection.kind, detection.join_keys) == (rules[0], "event", {})
    assert detection.start == detection.end == "2026-01-01T00:00:00.123Z"
    assert detection.sources == (None,)


def test_detection_of_a_sequence():
    rules = rule_set(
        "sequence by host, user with maxspan=10m [process where n == 1] ![process where n == 9] [file where n == 2]"
    )
    names = {"host": "h", "user": 7}
    given = [event(1, minute(1), **names), event(2, minute(3), "file", **names)]
    (detection,) = rules.run(given)
    assert (detection.kind, detection.events) == ("sequence", (given[0], None, given[1]))
    assert detection.join_keys == {"host": "h", "user": 7}
    assert (detection.start, detection.end) == ("2026-01-01T00:01:00.000Z", "2026-01-01T00:03:00.000Z")
    assert detection.sources == (None, None, None)


def test_detection_of_a_sample():
    rules = rule_set("sample by host [process where n == 1] [file where n == 2]")
    given = [event(2, minute(1), "file", host="h"), event(1, minute(3), host="h")]
    (detection,) = rules.run(given)
    assert (detection.kind, numbers([detection]), detection.join_keys) == ("sample", [(1, 2)], {"host": "h"})
    assert (detection.start, detection.end) == ("2026-01-01T00:01:00.000Z", "2026-01-01T00:03:00.000Z")


def test_join_keys_of_different_names():
    rules = rule_set("sequence [process where true] by a, c [file where true] by b, c")
    given = [event(1, minute(1), a="x", c="y"), event(2, minute(2), "file", b="x", c="y")]
    (detection,) = rules.run(given)
    assert detection.join_keys == {"a=b": "x", "c": "y"}


def test_sources_are_files_and_lines(tmp_path):
    (tmp_path / "a.ndjson").write_bytes(b"\n" + ndjson([event(1), event(2)]))
    path = str(tmp_path / "a.ndjson")
    rules = rule_set("process where n == 2")
    (detection,) = run_files(rules.compile(), [path])
    assert detection.sources == ((path, 3),)


# --- order ------------------------------------------------------------------------------------------------------------


def test_detections_come_by_time_for_any_order_of_events():
    given = [event(number, minute(number)) for number in range(20)]
    rules = rule_set("process where true")
    for seed in range(5):
        shuffled = random.Random(seed).sample(given, len(given))
        assert numbers(list(rules.run(shuffled))) == list(range(20))
        assert numbers(over_files(rules, ndjson(shuffled[:7]), ndjson(shuffled[7:]))) == list(range(20))


def test_events_of_one_time_come_in_the_order_of_the_input():
    given = [event(number, minute(1)) for number in (3, 1, 2)]
    assert numbers(list(rule_set("process where true").run(given))) == [3, 1, 2]


def test_a_tiebreaker_orders_events_and_a_missing_one_is_last():
    tied = {"query": "process where true", "tiebreaker_field": "event.sequence"}
    given = [
        {"@timestamp": minute(1), "event": {"category": "process", "sequence": sequence}, "n": sequence}
        for sequence in (None, 10, 9, 1)
    ]
    given.append({"@timestamp": minute(0), "event": {"category": "process", "sequence": 99}, "n": 99})
    assert numbers(list(rule_set(tied).run(given))) == [99, 1, 9, 10, None]


@pytest.mark.parametrize("time", [None, "yesterday", {}, [], [None]])
def test_events_without_a_readable_time_come_last(time):
    given = [event("untimed", time), event(2, minute(2)), event(1, minute(1))]
    found = list(rule_set("process where true").run(given))
    assert numbers(found) == [1, 2, "untimed"]
    assert (found[-1].start, found[-1].end) == (None, None)


def test_detections_come_by_time_then_in_the_order_of_rules():
    rules = rule_set({"name": "b", "query": "process where n < 3"}, {"name": "a", "query": "process where n > 1"})
    given = [event(3, minute(3)), event(2, minute(2)), event(1, minute(1))]
    assert [(found.rule.name, found.events[0]["n"]) for found in rules.run(given)] == [
        ("b", 1),
        ("b", 2),
        ("a", 2),
        ("a", 3),
    ]


def test_sequences_come_by_their_last_event():
    rules = rule_set("sequence by k [process where true] [file where true]", "process where n == 3")
    given = [
        event(1, minute(1), k="long"),
        event(2, minute(2), k="short"),
        event(3, minute(3)),
        event(4, minute(4), "file", k="short"),
        event(5, minute(5), "file", k="long"),
    ]
    assert numbers(list(rules.run(given[::-1]))) == [3, (2, 4), (1, 5)]


@pytest.mark.parametrize(
    ("pipes", "expected"),
    [
        ("| head 2", [0, 1]),
        ("| tail 2", [4, 5]),
        ("| head 4 | tail 3 | head 2", [1, 2]),
        ("| tail 9", [0, 1, 2, 3, 4, 5]),
    ],
)
def test_pipes_count_over_all_files_in_the_order_of_time(pipes, expected):
    rules = rule_set(f"process where true {pipes}")
    given = [event(number, minute(number)) for number in (5, 0, 3, 2, 4, 1)]
    assert numbers(list(rules.run(given))) == expected
    assert numbers(over_files(rules, ndjson(given[:3]), ndjson(given[3:]))) == expected


# --- files and events in memory ---------------------------------------------------------------------------------------

RULES = (
    {"name": "any", "query": 'any where process.name : ("A*", "b") or n > 3'},
    {"name": "pid", "query": "process where process.pid >= 5 and not process.name == null"},
    {"name": "seq", "query": "sequence by host with maxspan=1h [process where true] [file where true]"},
    {"name": "sample", "query": "sample by host [process where true] [file where true]"},
)
ODD_LINES = [
    '{"event": {"category": "process"}, "process": {"name": "a", "pid": 5}, "host": "h", "@timestamp": 1767225600000}',
    '{"event.category": "process", "process.name": "a", "process.pid": 7, "host": "h", "@timestamp": "1767225601000"}',
    '{"event": {"category": ["x", "process"]}, "process": {"name": ["q", "AB"], "pid": "8"}}',
    '{"event": [{"category": "process"}, {"kind": "event"}], "process": [{"name": "z"}, {"pid": 9}]}',
    '{"event": {"category": "process"}, "process": {"name": 5, "pid": 5.5}}',
    '{"event": {"category": "process"}, "process": "a"}',
    '{"event": {"category": "process"}, "process": null, "process.name": "b"}',
    '{"event": {"category": "process"}, "process": {"name": null, "pid": [null, [6]]}}',
    '{"event": {"category": "process"}, "process": {"name": "b"}, "process": {"pid": 6}}',
    '{"_index": "i", "_id": "1", "_source": {"event": {"category": "process"}, "process": {"name": "b", "pid": 6}}}',
    '{"_index": "i", "_id": 2, "_source": {"event.category": "file", "host": "h", "@timestamp": "2026-01-01T00:10Z"}}',
    '{"_index": "i", "_id": "3", "fields": {"event.category": ["process"], "process.name": ["a"], "process.pid": [6]}}',
    '{"_source": null, "event": {"category": "process"}, "process": {"name": "a", "pid": 6}}',
    '{"_source": [1], "event": {"category": "process"}, "process": {"name": "a", "pid": 6}}',
    '{"fields": {"process.name": "a"}, "event": {"category": "process"}, "process": {"pid": 6}}',
    '{"hits": 3, "event": {"category": "process"}, "process": {"name": "a", "pid": 6}}',
    '{"took": 1, "hits": {"total": 3, "hits": [{"_id": "4", "_source": {"process": {"name": "b"}}}, {"_source": {}},'
    ' {"_index": "j", "_source": {"event": {"category": "process"}, "process": {"name": "ax", "pid": 6}}}]}}',
    '{"hits": {"sequences": [{"events": [{"_id": "s", "_source": {"n": 4}}, {"missing": true, "_source": {}}]}]}}',
    '{"hits": {"hits": []}}',
    '{"event": {"category": "process"}, "process": {"name": "\\ud800", "pid": 6}}',
    '{"event": {"category": "process"}, "process": {"name": "a\\u0000", "pid": NaN}}',
    '{"event": {"category": "process"}, "process": {"name": "a", "pid": 123456789012345678901234567890}}',
    '{"event": {"category": "process"}, "process": {"name": "a", "pid": 1e999}}',
    '{"\\u0065vent": {"category": "process"}, "pr\\u006fcess": {"name": "ä", "pid": 6}}\r',
    "{}",
    "[]",
    "7",
    "null",
    '"text"',
    "{half a line",
    '{"process": {"name": "a"}} {"n": 4}',
    '{"process": {"name": "a", "pid": 6}, "event": {"category": "process"}',
    '{"x": tru}',
    "  ",
    "",
]
ODD = [line.encode() for line in ODD_LINES] + [b'{"n": 4, "x": "\xff"}', b'{"process": {"name": "a"}, "x\xff": 1}']


def files_and_memory(rules: RuleSet, *files: bytes, **options: object) -> None:
    """Check that a run over files gives what a run over their events gives, with the same counts and rejects."""
    stats, rejects = RunStats(), io.BytesIO()
    found = over_files(rules, *files, stats=stats, rejects=rejects, **options)
    read, read_rejects, memory = ReadStats(), io.BytesIO(), RunStats()
    events = list(read_events(*(io.BytesIO(data) for data in files), stats=read, rejects=read_rejects))
    assert comparable(found) == comparable(list(rules.run(events, stats=memory, **options)))
    assert stats.reading == read
    assert rejects.getvalue() == read_rejects.getvalue()
    assert stats.reading.read == len(events) + stats.reading.rejected
    memory.reading = read
    assert stats == memory


@pytest.mark.parametrize("rules", [RULES, *((rule,) for rule in RULES)], ids=["all", *(str(r["name"]) for r in RULES)])
@pytest.mark.parametrize("by_index", [False, True])
def test_files_and_events_in_memory_give_the_same(rules, by_index):
    files_and_memory(rule_set(*rules), b'{"z": 1}\n' + b"\n".join(ODD), b"\n".join(reversed(ODD)), by_index=by_index)


@pytest.mark.parametrize("number", range(len(ODD)))
@pytest.mark.parametrize("name", ["any", "pid"])
def test_a_line_alone_gives_what_its_document_gives(number, name):
    rules = rule_set(next(rule for rule in RULES if rule["name"] == name))
    files_and_memory(rules, b'{"z": 1}\n' + ODD[number])
    files_and_memory(rules, ODD[number])


SHAPES = [None, 5, 6.5, "a", "AB", "6", True, [], ["b"], ["x", 7], [None], {}, {"name": "b"}, [{"name": "a"}], [["a"]]]


def test_pairs_of_shapes_match_alike_as_lines_and_documents():
    lines = []
    for name, pid in itertools.product(SHAPES, SHAPES):
        process = {"name": name, "pid": pid}
        lines += [
            {"event": {"category": "process"}, "process": process},
            {"event": {"category": "process"}, "process": {"name": name}, "process.pid": pid},
            {"_source": {"event.category": "process", "process": process}, "_index": "i"},
            {"event": {"category": name}, "process": pid},
        ]
    for rule in RULES[:2]:
        files_and_memory(rule_set(rule), ndjson(lines))


def test_events_wrapped_as_hits_may_be_given_as_plain_mappings():
    hit = {"_index": "logs-a", "_id": "1", "_source": event(1, minute(1))}
    (detection,) = rule_set("process where n == 1").run([hit])
    assert detection.events == (hit,)
    assert detection.start == "2026-01-01T00:01:00.000Z"


def test_all_shapes_of_files_give_the_same(tmp_path):
    given = [
        event(number, minute(number), host="h", category=category)
        for number, category in enumerate(["process", "file", "process", "file"])
    ]
    rules = rule_set(*RULES[2:], "process where true")
    expected = [detection.join_keys | {"n": numbers([detection])} for detection in rules.run(given)]
    hits = {"hits": {"hits": [{"_index": "i", "_source": one} for one in given]}}
    shapes = {
        "a.ndjson": ndjson(given),
        "crlf.ndjson": ndjson(given).replace(b"\n", b"\r\n"),
        "bom.ndjson": b"\xef\xbb\xbf" + ndjson(given),
        "array.json": json.dumps(given).encode(),
        "pretty.json": json.dumps(given, indent=2).encode(),
        "answer.json": json.dumps(hits).encode(),
        "pretty_answer.json": json.dumps(hits, indent=2).encode(),
        "packed": gzip.compress(ndjson(given)),
        "utf16.ndjson": ndjson(given).decode().encode("utf-16"),
    }
    for name, data in shapes.items():
        (tmp_path / name).write_bytes(data)
        stats = RunStats()
        found = list(run_files(rules.compile(), [tmp_path / name], stats=stats))
        assert [detection.join_keys | {"n": numbers([detection])} for detection in found] == expected, name
        assert (stats.reading.read, stats.detections) == (4, len(expected))


def test_a_line_with_many_hits_is_not_decoded_again_for_each():
    hits = [{"_id": str(number), "_source": event(number, minute(number % 60))} for number in range(500)]
    data = json.dumps({"hits": {"hits": hits}}).encode()
    found = over_files(rule_set("process where true", "process where n >= 0"), data)
    order = sorted(range(500), key=lambda number: number % 60)
    assert [detection.events[0].id for detection in found] == [str(number) for number in order for _ in "ab"]
    assert all(a.events[0].document is b.events[0].document for a, b in zip(found[::2], found[1::2], strict=True))


# --- index routing ----------------------------------------------------------------------------------------------------

ROUTED = (
    {"name": "logs", "query": "any where true", "index": ["logs-*", "-logs-secret*"]},
    {"name": "beats", "query": "any where true", "index": ["winlogbeat-*"]},
    {"name": "all", "query": "any where n == 7"},
)


def who_sees(hit: dict[str, object], rules: RuleSet) -> tuple[list[str], RunStats]:
    stats, in_memory = RunStats(), RunStats()
    found = [detection.rule.name for detection in over_files(rules, ndjson([hit]), by_index=True, stats=stats)]
    assert [detection.rule.name for detection in rules.run([hit], by_index=True, stats=in_memory)] == found
    assert (in_memory.unrouted, in_memory.unrouted_example) == (stats.unrouted, stats.unrouted_example)
    return found, stats


@pytest.mark.parametrize(
    ("hit", "seen_by"),
    [
        ({"_index": "logs-a", "_source": {"n": 1}}, ["logs"]),
        ({"_index": "eu:.ds-logs-a-prod-2026.01.02-000003", "_source": {"n": 1}}, ["logs"]),
        ({"_index": "partial-restored-winlogbeat-8", "_source": {"n": 7}}, ["beats", "all"]),
        ({"_index": "other", "_source": {"n": 7}}, ["all"]),
        ({"_index": "logs-a", "fields": {"n": [7]}}, ["logs", "all"]),
        ({"_index": "logs-a", "n": 1}, ["logs"]),
        ({"n": 1}, ["logs", "beats"]),
        ({"data_stream": {"type": "logs", "dataset": "a", "namespace": "b"}, "n": 1}, ["logs"]),
        ({"data_stream.type": "logs", "data_stream.dataset": "secret", "data_stream.namespace": "b", "n": 7}, ["all"]),
    ],
)
def test_with_index_routing_a_rule_sees_what_its_patterns_cover(hit, seen_by):
    found, stats = who_sees(hit, rule_set(*ROUTED))
    assert found == seen_by
    assert stats.unrouted == 0


def test_without_index_routing_patterns_do_not_count():
    hit = {"_index": "other", "_source": {"n": 1}}
    assert [detection.rule.name for detection in rule_set(*ROUTED).run([hit])] == ["logs", "beats"]


def test_events_that_no_rule_sees_are_counted_with_an_example():
    rules = rule_set(*ROUTED[:2])
    stats = RunStats()
    given = [{"_index": name, "_source": {"n": 1}} for name in ("logs-a", "logs-secret-b", "other", "logs-secret-b")]
    assert len(over_files(rules, ndjson([*given, {"n": 1}]), by_index=True, stats=stats)) == 3
    assert (stats.unrouted, stats.unrouted_example) == (3, "logs-secret-b")
    assert stats.reading.read == 5


def test_made_up_index_names_are_not_remembered_without_end():
    router = IndexRouter([rule.index for rule in rule_set(*ROUTED)])
    for number in range(10_000):
        router.route({}, f"logs-{number}")
    router.route({}, "x" * 100_000)
    assert len(router._routes) <= 4096
    assert max(len(name) for names in router._routes for name in names) < 1024


# --- a rule's own settings --------------------------------------------------------------------------------------------


def test_event_category_override():
    rules = rule_set({"query": "process where true", "event_category_override": "kind.of.event"})
    given = [{"kind": {"of": {"event": "process"}}, "n": 1}, event(2), {"kind.of.event": ["file", "process"], "n": 3}]
    assert numbers(list(rules.run(given))) == [1, 3]
    assert numbers(over_files(rules, ndjson(given))) == [1, 3]


def test_the_timestamp_field_orders_events_and_sequences():
    sequence = "sequence with maxspan=1m [process where n == 1] [process where n == 2]"
    rules = rule_set({"query": sequence, "timestamp_field": "event.ingested"})
    first = {"@timestamp": minute(9), "event": {"category": "process", "ingested": minute(1)}, "n": 1}
    second = {"@timestamp": minute(1), "event": {"category": "process", "ingested": minute(2)}, "n": 2}
    (detection,) = rules.run([second, first])
    assert (detection.start, detection.end) == ("2026-01-01T00:01:00.000Z", "2026-01-01T00:02:00.000Z")
    assert list(rule_set(sequence).run([second, first])) == []


def test_timestamp_override_does_not_order_events():
    rules = rule_set({"query": "any where true", "timestamp_override": "event.ingested"})
    given = [{"@timestamp": minute(n), "event": {"ingested": minute(9 - n)}, "n": n} for n in (2, 1)]
    assert numbers(list(rules.run(given))) == [1, 2]


def test_tiebreaker_field_decides_in_a_sequence():
    sequence = "sequence [process where n == 1] [process where n == 2]"
    given = [event(2, minute(1), seq=2), event(1, minute(1), seq=1)]
    assert list(rule_set(sequence).run(given)) == []
    assert numbers(list(rule_set({"query": sequence, "tiebreaker_field": "seq"}).run(given))) == [(1, 2)]


def test_options_of_a_run_go_before_a_rules_settings():
    rules = rule_set({"query": "process where true", "event_category_override": "kind"})
    given = [{"kind": "process", "n": 1}, {"sort": "process", "n": 2}]
    assert numbers(list(rules.run(given, event_category_field="sort"))) == [2]


def test_settings_of_a_toml_rule_take_effect():
    text = "[rule]\nquery = 'process where true'\nevent_category_override = 'kind'\ntimestamp_field = 'at'\n"
    (detection,) = RuleSet([load_rule(text)]).run([{"kind": "process", "at": minute(4)}])
    assert detection.start == "2026-01-01T00:04:00.000Z"


# --- counts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["python", "reference"])
def test_faults_are_counted_for_each_run(backend):
    rules = rule_set("any where 1 / n > 0", "any where true")
    for _ in range(2):
        stats = RunStats()
        found = list(rules.run([event(0), event(1), event(0)], stats=stats, backend=backend))
        assert len(found) == 4
        assert (stats.faults, len(stats.fault_examples)) == (2, 1)
    for _ in range(2):
        stats = RunStats()
        over_files(rules, ndjson([event(0), event(1)]), stats=stats)
        assert stats.faults == 1


@pytest.mark.parametrize("backend", ["python", "reference"])
@pytest.mark.parametrize("condition", ['stringContains("x", lacking)', 'between("x", "y", lacking) == ""'])
def test_a_null_part_of_a_text_is_a_counted_fault(condition, backend):
    rules = rule_set(f"any where {condition}", f"any where not {condition}")
    stats = RunStats()
    assert numbers(rules.run([event(1)], stats=stats, backend=backend)) == [1]
    assert stats.faults == 2


def test_no_faults_no_examples():
    rules = rule_set("any where 1 / n > 0")
    list(rules.run([event(0)]))
    stats = RunStats()
    list(rules.run([event(1)], stats=stats))
    assert (stats.faults, stats.fault_examples) == (0, [])


def test_a_strict_run_raises_on_a_fault():
    with pytest.raises(EventError):
        list(rule_set("any where 1 / n > 0").run([event(0)], strict=True))


@pytest.mark.parametrize("time", [None, "soon", [minute(1), minute(2)]])
def test_a_strict_run_raises_where_a_sequence_has_no_order(time):
    rules = rule_set("sequence [process where true] [process where true]")
    with pytest.raises(EventError, match="@timestamp"):
        list(rules.run([event(1), event(2, time)], strict=True))


@pytest.mark.parametrize("is_in_files", [False, True])
def test_events_with_several_times_are_left_out_and_counted(is_in_files):
    rules = rule_set("sequence [process where true] [file where true]", "process where true")
    given = [event(1, minute(1)), event(2, [minute(2), minute(3)]), event(3, [minute(4)], "file")]
    stats = RunStats()
    found = over_files(rules, ndjson(given), stats=stats) if is_in_files else list(rules.run(given, stats=stats))
    assert numbers(found) == [1, 2, (1, 3)]
    assert (stats.faults, stats.untimed) == (1, 0)
    assert "several values" in stats.fault_examples[0]


def test_sequences_leave_out_and_count_events_without_a_time():
    rules = rule_set("sequence [process where true] [file where true]")
    stats = RunStats()
    given = [event(1), event(2, minute(1)), event(3, minute(2), "file"), event(4, "soon", "file"), event(5, None, "x")]
    assert numbers(over_files(rules, ndjson(given), stats=stats)) == [(2, 3)]
    assert stats.untimed == 2


def test_rejected_lines_are_counted_and_the_others_evaluated():
    rules = rule_set("process where true")
    stats, rejects = RunStats(), io.BytesIO()
    data = b"\n".join([ndjson([event(1)]).strip(), b"{oops", b'"x"', b'{"a": "\xff"}', ndjson([event(2)])])
    assert numbers(over_files(rules, data, stats=stats, rejects=rejects)) == [1, 2]
    assert rejects.getvalue() == b'{oops\n"x"\n{"a": "\xff"}\n'
    reading = stats.reading
    assert (reading.read, reading.evaluated, reading.rejected) == (5, 2, 3)
    assert [(sample.line, sample.reason) for sample in reading.samples] == [
        (2, "not JSON"),
        (3, "not a JSON object"),
        (4, "not UTF-8"),
    ]


@pytest.mark.parametrize("count", [1, 2])
def test_hits_of_an_answer_count_one_by_one(count):
    rules = rule_set(*["process where n == 1"] * count)
    hits = {"hits": {"hits": [{"_source": event(1)}, {"_source": event(2)}, {"missing": True, "_source": {}}]}}
    stats = RunStats()
    assert len(over_files(rules, ndjson([hits, {"hits": {"hits": []}}, event(1)]), stats=stats)) == 2 * count
    assert (stats.reading.read, stats.reading.rejected, stats.detections) == (3, 0, 2 * count)


def test_progress_is_told():
    told: list[tuple[int, int]] = []
    line = json.dumps({"pad": "x" * 988}).encode()
    rules = rule_set("process where true")
    over_files(rules, (line + b"\n") * 1000, progress=lambda lines, size: told.append((lines, size)))
    assert len(told) > 1
    assert told == sorted(told)
    assert told[-1] == (1000, 1000 * (len(line) + 1))


def test_ctrl_c_ends_the_reading_and_gives_what_was_found():
    class Interrupted(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            piece = super().read1(size)
            if not piece:
                raise KeyboardInterrupt
            return piece

    stats = RunStats()
    stream = Interrupted(ndjson([event(1), event(2)]) + b" " * 300_000)
    assert numbers(list(run_files(rule_set("process where n < 3").compile(), [stream], stats=stats))) == [1, 2]
    assert stats.interrupted


def test_no_rules_and_no_events():
    assert list(rule_set().run([event(1)])) == []
    assert list(rule_set("any where true").run([])) == []
    assert over_files(rule_set("any where true"), b"") == []
    assert list(load_rules().run([event(1)], by_index=True)) == []


MANY = ["any where n == -1", "any where n == -2", "any where n == -3"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_sequence_begins_with_any_event_of_a_line(tmp_path, jobs):
    query = "sequence [process where true] [file where true]"
    categories = ["dns"] * 8 + ["process", "file"] * 4
    events = [event(n, minute(n), category) for n, category in enumerate(categories)]
    lines = [json.dumps(events[n]) + (json.dumps(events[n + 1]) if n % 2 else "") for n in [0, *range(1, 15, 2)]]
    path = tmp_path / "events.ndjson"
    path.write_text("\n".join(lines) + "\n")
    found = list(run_files(rule_set(query, *MANY).compile(), [path], jobs=jobs))
    assert numbers(found) == [(8, 9), (10, 11), (12, 13)]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("time", ["soon", [1, 2]])
def test_a_fault_counts_once_whatever_the_time(tmp_path, jobs, time):
    stats = RunStats()
    path = tmp_path / "events.ndjson"
    path.write_bytes(ndjson([*(event(n, minute(n)) for n in range(1, 9)), event(0, time)]))
    rules = rule_set("any where 1 / n > 5", "sequence [process where true] [file where true]", *MANY)
    assert not list(run_files(rules.compile(), [path], stats=stats, jobs=jobs))
    assert stats.fault_examples[0] == "/ by zero"
    several_times = stats.fault_examples[1:]
    assert stats.faults == 1 + len(several_times)
