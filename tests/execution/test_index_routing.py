"""Routing of events by index: names of a document, and patterns that cover them."""

import pytest

from eqlite.execution import index_routing
from eqlite.execution.index_routing import IndexRouter, covers, index_names, stream_name


@pytest.mark.parametrize(
    ("index", "name"),
    [
        ("logs-nginx", "logs-nginx"),
        ("eu:logs-nginx", "logs-nginx"),
        (".ds-logs-nginx-prod-2026.03.02-000001", "logs-nginx-prod"),
        (".ds-logs-2026.01.01-000009-2026.03.02-000001", "logs-2026.01.01-000009"),
        ("partial-.ds-logs-nginx-prod-2026.03.02-000001", "logs-nginx-prod"),
        ("restored-.ds-logs-nginx-prod-2026.03.02-000001", "logs-nginx-prod"),
        ("eu:partial-restored-winlogbeat-8", "winlogbeat-8"),
        (".internal.alerts-security.alerts-default-000001", ".alerts-security.alerts-default-000001"),
        (".internal.other", ".internal.other"),
        (".ds-no-date", ".ds-no-date"),
        ("", ""),
        ("downsample-1h-.ds-metrics-cpu-prod-2026.03.02-000001", "metrics-cpu-prod"),
        ("downsample-10m-metrics-cpu", "metrics-cpu"),
        ("shrink-a1_b-.ds-logs-nginx-prod-2026.03.02-000001", "logs-nginx-prod"),
        ("shrink-.ds-logs-nginx-prod-2026.03.02-000001", "logs-nginx-prod"),
        ("partial-shrink-a1_b-.ds-logs-nginx-prod-2026.03.02-000001", "logs-nginx-prod"),
        ("downsampled", "downsampled"),
        ("shrinking", "shrinking"),
    ],
)
def test_what_is_put_around_a_name_is_taken_off(index, name):
    assert stream_name(index) == name


@pytest.mark.parametrize(
    ("patterns", "index", "is_covered"),
    [
        (("logs-*",), "logs-nginx", True),
        (("logs-*",), "winlogbeat-8", False),
        (("logs-nginx",), "logs-nginx", True),
        (("logs-nginx",), "logs-nginx-2", False),
        (("LOGS-*",), "logs-nginx", False),
        (("logs-endpoint.*",), "logs-endpointX", False),
        (("winlogbeat-*", "logs-*"), "logs-nginx", True),
        (("logs-*", "-logs-nginx*"), "logs-nginx", False),
        (("logs-*", "-logs-nginx*"), "logs-apache", True),
        (("-logs-nginx*", "logs-*"), "logs-nginx", True),
        (("-logs-nginx*",), "logs-apache", False),
        (("*:logs-*",), "eu:logs-nginx", True),
        (("*:logs-*",), "logs-nginx", True),
        (("logs-*", "*:-logs-nginx*"), "eu:logs-nginx", False),
        (("logs-*", "-eu:*"), "logs-nginx", True),
        (("logs-*",), "eu:.ds-logs-nginx-prod-2026.03.02-000001", True),
        (("logs-nginx-prod",), ".ds-logs-nginx-prod-2026.03.02-000001", True),
        ((".ds-logs-*",), ".ds-logs-nginx-prod-2026.03.02-000001", True),
        (("logs-*", "-logs-nginx-*"), "partial-.ds-logs-nginx-prod-2026.03.02-000001", False),
        (("partial-logs-*",), "logs-nginx", True),
        ((".alerts-security.*",), ".internal.alerts-security.alerts-default-000001", True),
        (("logs-*",), "shrink-logs-nginx", True),
        (("nginx*",), "shrink-a1b2-nginx", True),
        (("a*,logs-*",), "logs-nginx", True),
        (("a*, logs-*,-logs-nginx",), "logs-nginx", False),
        (("<logs-{now/d}>",), "logs-2026.03.02", True),
        (("<logs-{now/d{yyyy.MM.dd|+12:00}}>",), "logs-2026.03.02", True),
        (("<logs-{now/M{yyyy,MM}}-x>,a",), "logs-2026,03-x", True),
        (("<eu:logs-{now-1d/d}*>",), "winlogbeat", False),
        (("%3Clogs-%7Bnow%2Fd%7D%3E",), "logs-2026.03.02", True),
        (("logs-*", "-<logs-{now/d}>"), "logs-2026.03.02", False),
        ((",",), "logs-nginx", False),
        ((), "anything", True),
        (("*",), "anything", True),
    ],
)
def test_patterns_cover_an_index(patterns, index, is_covered):
    assert covers(patterns, (index,)) is is_covered


def test_a_document_without_a_name_is_covered_by_all_patterns():
    assert covers(("logs-*",), ())


def test_one_covered_name_is_enough():
    assert covers(("logs-*",), ("renamed", "logs-nginx-prod"))


@pytest.mark.parametrize(
    ("document", "index", "names"),
    [
        ({}, None, ()),
        ({}, "logs", ("logs",)),
        ({"_index": "logs"}, None, ("logs",)),
        ({"_index": "inner"}, "outer", ("outer",)),
        ({"_index": 7}, None, ()),
        ({"data_stream": {"type": "logs", "dataset": "nginx", "namespace": "prod"}}, None, ("logs-nginx-prod",)),
        ({"data_stream.type": "logs", "data_stream": {"dataset": ["a"], "namespace": "b"}}, "x", ("x", "logs-a-b")),
        ({"data_stream": {"type": "logs", "dataset": "nginx"}}, None, ()),
        ({"data_stream": {"type": "logs", "dataset": None, "namespace": "prod"}}, None, ()),
        ({"data_stream": "logs"}, None, ()),
    ],
)
def test_names_of_a_document(document, index, names):
    assert index_names(document, index) == names


def test_routes_are_remembered_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_routing, "MAX_ROUTES", 2)
    router = IndexRouter([("logs-*",), ("x",)])
    first = router.route({}, "logs-a")
    assert first.rules == {0}
    router.route({}, "x")
    assert router.route({}, "logs-a") is first
    router.route({}, "y")
    assert router.route({}, "logs-a") is not first
    assert len(router._routes) == 2
