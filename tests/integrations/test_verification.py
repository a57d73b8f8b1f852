"""`verify`: what is asked, what is compared, what a difference looks like."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.integrations.stand_in import StandIn, failed

import eqlite
from eqlite.integrations import elasticsearch as client
from eqlite.integrations.connection import Connection
from eqlite.integrations.mappings import derived_mapping, mapping_of
from eqlite.integrations.verification import Verification, verify
from eqlite.source import Source

EVENTS: list[dict[str, Any]] = [
    {"@timestamp": 1000, "event": {"category": "process"}, "user": "ann", "n": 1},
    {"@timestamp": 2000, "event": {"category": "process"}, "user": ["ann", "bob"], "n": 0},
    {"@timestamp": 3000, "event": {"category": "file"}, "user": "bob", "n": 2.5},
]
ALL = "any where true"
SEQUENCE = "sequence by user [process where true] [file where true]"


def hits(*numbers: int) -> tuple[int, dict[str, Any]]:
    return 200, {"hits": {"events": [{"_id": str(number)} for number in numbers]}}


def sequences(*found: tuple[list[int | None], list[Any]]) -> tuple[int, dict[str, Any]]:
    return 200, {
        "hits": {
            "sequences": [
                {
                    "join_keys": keys,
                    "events": [{"_id": "", "missing": True} if n is None else {"_id": str(n)} for n in numbers],
                }
                for numbers, keys in found
            ]
        }
    }


def differences(result: Verification) -> list[tuple[str, str | None]]:
    return [(difference.kind, difference.known) for difference in result.differences]


# --- what is asked ----------------------------------------------------------------------------------------------------


def test_one_index_is_made_asked_and_removed(server: StandIn, connection: Connection) -> None:
    result = verify([ALL, SEQUENCE], EVENTS, connection)
    assert (result.queries, result.agreed, result.differences, result.events) == (2, 2, [], 3)
    kinds = ["root", "create", "bulk", "refresh", "search", "search", "delete"]
    assert [request["kind"] for request in server.requests] == kinds
    (name,) = {request["path"].split("/")[1] for request in server.requests[1:]}
    assert re.fullmatch(r"eqlite-verify-[0-9a-f]{16}", name)
    assert list(server.indices) == ["logs-production"]


def test_a_search_names_fields_size_position_and_one_page(server: StandIn, connection: Connection) -> None:
    options = {"tiebreaker_field": "n", "timestamp_field": "@timestamp", "event_category_field": "event.category"}
    verify([ALL], EVENTS, connection, size=2, result_position="head", max_samples_per_key=3, **options)
    assert json.loads(server.asked("search")[0]["body"]) == {
        "query": ALL,
        "size": 2,
        "result_position": "head",
        "fetch_size": 10_000,
        **options,
        "max_samples_per_key": 3,
        "allow_partial_search_results": False,
    }


def test_an_old_server_is_not_asked_for_whole_results() -> None:
    with StandIn(version="8.12.0") as server:
        verify([ALL], EVENTS, Connection(server.url))
        assert "allow_partial_search_results" not in server.asked("search")[0]["body"]


def test_a_serverless_project_chooses_its_own_shards() -> None:
    with StandIn(flavor="serverless") as server:
        verify([ALL], EVENTS, Connection(server.url))
        assert "shards" not in server.asked("create")[0]["body"]


def test_the_settings_of_a_rule_count(server: StandIn, connection: Connection) -> None:
    text = '[rule]\nname = "r"\ntype = "eql"\nquery = "ann where true"\nevent_category_override = "user"\n'
    rule = eqlite.load_rule(text)
    verify([rule], EVENTS, connection)
    assert json.loads(server.asked("search")[0]["body"])["event_category_field"] == "user"


def test_events_are_loaded_in_bounded_portions(
    server: StandIn, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_BULK_DOCUMENTS", 2)
    verify([ALL], EVENTS * 2, connection)
    assert [request["body"].count('"_id"') for request in server.asked("bulk")] == [2, 2, 2]
    monkeypatch.setattr(client, "MAX_BULK_BYTES", 100)
    server.requests.clear()
    verify([ALL], EVENTS, connection)
    assert [request["body"].count('"_id"') for request in server.asked("bulk")] == [1, 1, 1]


def test_a_portion_that_is_too_large_is_halved(server: StandIn, connection: Connection) -> None:
    server.faults["bulk"] = [413]
    assert verify([ALL], EVENTS, connection).agreed == 1
    assert [request["body"].count('"_id"') for request in server.asked("bulk")] == [3, 1, 2]
    server.faults["bulk"] = [413]
    result = verify([ALL], EVENTS[:1], connection)
    assert result.rejected == {0: "larger than the server accepts"}


def test_rejected_events_are_counted_and_not_compared(server: StandIn, connection: Connection) -> None:
    server.rejects = lambda document: (400, "no date") if document["n"] == 0 else None
    result = verify([ALL], EVENTS, connection)
    assert (result.rejected, result.events, result.agreed) == ({1: "no date"}, 2, 1)
    assert result.to_dict()["rejected"] == {"no date": 1}


def test_events_that_are_too_many_at_once_are_sent_again(server: StandIn, connection: Connection) -> None:
    answers = iter([(429, "queue is full"), None, None])
    server.rejects = lambda document: next(answers) if document["n"] == 0 else None
    result = verify([ALL], EVENTS, connection)
    assert (result.rejected, result.agreed) == ({}, 1)
    server.rejects = lambda document: (429, "queue is full")
    with pytest.raises(eqlite.ServerError, match=r"too busy \(429\) to load the events \(sent 4 times\)"):
        verify([ALL], EVENTS, connection)


# --- mappings ---------------------------------------------------------------------------------------------------------


def test_the_mapping_fits_events_and_queries() -> None:
    query = eqlite.compile('process where cidrMatch(ip, "10.0.0.0/8") and absent == 1 and other : "x" and yes == true')
    events = [*EVENTS, {"n": True, "ip": "10.0.0.1", "big": 2**70, "nothing": None, "event.category": "x"}]
    assert derived_mapping([query], events) == {
        "properties": {
            "@timestamp": {"type": "date"},
            "absent": {"type": "double"},
            "big": {"type": "double"},
            "event": {"properties": {"category": {"type": "keyword"}}},
            "ip": {"type": "ip", "ignore_malformed": True},
            "n": {"type": "double"},
            "other": {"type": "keyword"},
            "user": {"type": "keyword"},
            "yes": {"type": "boolean"},
        }
    }


def test_join_keys_that_no_event_has_get_the_type_of_the_others() -> None:
    text = 'sequence [any where true] by n, ip [any where cidrMatch(other, "::/0")] by m, other'
    query = eqlite.compile(text)
    made = derived_mapping([query], EVENTS)["properties"]
    assert [made[name]["type"] for name in ("n", "m", "ip", "other")] == ["double", "double", "ip", "ip"]
    assert eqlite.analyze(query.text, eqlite.Schema.from_mapping({"properties": made})) == []


def test_a_schema_becomes_the_mapping(server: StandIn, connection: Connection) -> None:
    schema = eqlite.Schema.from_fields(
        {"@timestamp": "date", "event.category": "keyword", "n": "long", "n.text": "text"}
    )
    assert verify([ALL], EVENTS, connection, schema=schema).agreed == 1
    made = json.loads(server.asked("create")[0]["body"])["mappings"]
    assert made["dynamic"] is False
    assert made["properties"]["n"] == {"type": "long", "fields": {"text": {"type": "text"}}}


def test_the_mapping_of_ecs_reads_as_ecs_again() -> None:
    ecs = eqlite.Schema.ecs()
    again = eqlite.Schema.from_mapping(mapping_of(ecs))
    assert {name: field.es_type for name, field in again.fields.items()} == {
        name: field.es_type for name, field in ecs.fields.items()
    }


def test_a_given_mapping_goes_to_the_server_as_it_is(server: StandIn, connection: Connection) -> None:
    mapping = {
        "dynamic": "strict",
        "properties": {"@timestamp": {"type": "date"}, "event": {"properties": {"category": {"type": "keyword"}}}},
    }
    verify([ALL], EVENTS, connection, mapping=mapping)
    made = json.loads(server.asked("create")[0]["body"])["mappings"]
    assert {name: made[name] for name in mapping} == mapping


# --- what is compared -------------------------------------------------------------------------------------------------


def test_other_matches_are_a_difference_with_its_case(server: StandIn, connection: Connection) -> None:
    server.canned[ALL] = hits(0, 1)
    result = verify([Source(ALL, "hunt.eql")], EVENTS, connection)
    assert differences(result) == [("matches", None)]
    case = result.differences[0].case
    assert (case["name"], case["query"], case["differs_in"]) == ("hunt.eql", ALL, "matches")
    assert case["elasticsearch"] == {
        "version": "9.5.1",
        "count": 2,
        "matches": [{"events": [0], "join_keys": []}, {"events": [1], "join_keys": []}],
    }
    assert case["eqlite"]["python"] == case["eqlite"]["reference"]
    assert case["eqlite"]["python"]["count"] == 3
    assert [event["document"] for event in case["events"]] == EVENTS
    assert case["fields"] == {} or "event.category" in case["fields"]
    assert json.loads(json.dumps(result.to_dict()))["differences"] == [case]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (sequences(([1, 2], ["bob"])), None),
        (sequences(([1, 2], ["ann"])), "join keys"),
        (sequences(([1, 2], [])), "join keys"),
        (sequences(([0, 2], ["bob"])), "matches"),
        (sequences(([1, None], ["bob"])), "matches"),
        (sequences(([1, 2], ["bob"]), ([1, 2], ["bob"])), "matches"),
        (sequences(), "matches"),
    ],
)
def test_sequences_are_compared_by_events_and_keys(
    server: StandIn, connection: Connection, answer: Any, kind: str | None
) -> None:
    server.canned[SEQUENCE] = answer
    assert [found for found, _ in differences(verify([SEQUENCE], EVENTS, connection))] == ([kind] if kind else [])


def test_a_missing_event_is_one_on_both_sides(server: StandIn, connection: Connection) -> None:
    query = "sequence by user with maxspan=1h [process where n == 1] ![network where true] [process where n == 0]"
    server.canned[query] = sequences(([0, None, 1], ["ann"]))
    assert differences(verify([query], EVENTS, connection)) == []


@pytest.mark.parametrize(
    ("events", "answer", "known"),
    [
        (EVENTS, (2, 1, 0), None),
        ([{**event, "@timestamp": 1} for event in EVENTS], (2, 1, 0), "the order of events of one time"),
        ([*EVENTS[:2], {"event.category": "file"}], (2, 0, 1), "the place of events without a time"),
    ],
)
def test_another_order_is_told_from_other_matches(
    server: StandIn, connection: Connection, events: Any, answer: Any, known: str | None
) -> None:
    server.canned[ALL] = hits(*answer)
    assert differences(verify([ALL], events, connection)) == [("order", known)]


def test_two_refusals_agree_whatever_their_words(server: StandIn, connection: Connection) -> None:
    server.canned["process where"] = failed(400, "parsing_exception", "line 1:14")
    result = verify(["process where"], EVENTS, connection)
    assert (result.agreed, result.refused, result.differences) == (1, 1, [])


def test_a_query_that_one_side_refuses_is_a_difference(server: StandIn, connection: Connection) -> None:
    server.canned[ALL] = failed(400, "verification_exception", "Found 1 problem")
    server.canned["process where"] = hits()
    result = verify([ALL, "process where"], EVENTS, connection)
    assert differences(result) == [("refusal", None), ("refusal", None)]
    assert result.differences[0].case["elasticsearch"]["refused"] == "verification_exception: Found 1 problem"
    assert result.differences[1].case["eqlite"]["python"]["refused"].startswith("syntax-error: ")


def test_a_search_that_fails_on_an_event_is_known(server: StandIn, connection: Connection) -> None:
    query = "process where 1 / n == 1"
    server.canned[query] = failed(500, "script_exception", "runtime error; / by zero")
    ((kind, known),) = differences(verify([query], EVENTS[:2], connection))
    assert kind == "refusal"
    assert known is not None
    assert "strict=True raises" in known


@pytest.mark.parametrize("flaw", [{"is_partial": True}, {"timed_out": True}, {"shard_failures": [{}]}])
def test_a_partial_answer_is_none(server: StandIn, connection: Connection, flaw: dict[str, Any]) -> None:
    server.canned[ALL] = (200, {**hits(0, 1, 2)[1], **flaw})
    (difference,) = verify([ALL], EVENTS, connection).differences
    assert difference.case["elasticsearch"]["refused"] == "the answer is partial"


@pytest.mark.parametrize("answer", [{}, {"hits": {"events": [{}]}}, {"hits": {"events": [{"_id": "x"}]}}, {"hits": 1}])
def test_an_answer_of_another_shape_is_none(server: StandIn, connection: Connection, answer: dict[str, Any]) -> None:
    server.canned[ALL] = (200, answer)
    (difference,) = verify([ALL], EVENTS, connection).differences
    assert difference.case["elasticsearch"]["refused"] == "the answer is not one of _eql/search"


def test_as_many_results_as_allowed_are_counted(connection: Connection) -> None:
    assert verify([ALL, SEQUENCE], EVENTS, connection, size=3).limited == 1
    with pytest.raises(ValueError, match="size must be from 1 to 10,000"):
        verify([ALL], EVENTS, connection, size=10_001)


def test_the_case_of_many_events_holds_those_that_differ(server: StandIn, connection: Connection) -> None:
    events = [{"@timestamp": number, "event.category": "process"} for number in range(200)]
    server.canned[ALL] = hits(*(number for number in range(200) if number != 77))
    (difference,) = verify([ALL], events, connection).differences
    assert [event["id"] for event in difference.case["events"]] == [77]
    assert difference.case["events_left_out"] == 199
    assert difference.case["elasticsearch"] == {"version": "9.5.1", "count": 199, "matches": []}
    assert difference.case["eqlite"]["python"]["matches"] == [{"events": [77], "join_keys": []}]


def test_backends_that_disagree_are_a_difference(
    server: StandIn, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eqlite.backends import reference

    monkeypatch.setattr(reference, "holds", lambda *about: False)
    (difference,) = verify([ALL], EVENTS, connection).differences
    assert (difference.case["eqlite"]["python"]["count"], difference.case["eqlite"]["reference"]["count"]) == (3, 0)


def test_eqlite_answers_as_the_version_of_the_server_does() -> None:
    query, events = 'any where user : "kim"', [{**EVENTS[0], "user": "\u212aim"}]
    for version, target, found in (("9.5.1", None, 0), ("9.6.0", None, 1), ("9.5.1", "9.6", 1), ("11.0.0", None, 1)):
        with StandIn(version=version) as server:
            server.canned[query] = hits(*range(found))
            result = verify([query], events, Connection(server.url), target=target)
            assert (result.agreed, result.target) == (1, target or ("9.6" if version == "11.0.0" else version))
