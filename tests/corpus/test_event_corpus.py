"""Every real event is read: no line lost, none rejected."""

import gzip

import pytest

from eqlite.events.intake import ReadStats
from eqlite.events.readers import read_events

EVENTS = {
    "auditbeat_golden.ndjson.gz": 56,
    "ecs_rfc_source_docs.ndjson.gz": 20,
    "endpoint_package_samples.ndjson.gz": 66,
    "eqllib_sysmon_art.ndjson.gz": 19_882,
    "eqllib_sysmon_rta.ndjson.gz": 37_356,
    "evtx_to_mitre_attack.ndjson.gz": 6_892,
    "filebeat_expected.ndjson.gz": 9_911,
    "integrations_security.ndjson.gz": 5_135,
    "mordor_linux_sysmon_log4shell.ndjson.gz": 76,
    "mordor_windows_sampled.ndjson.gz": 116_537,
    "seed_cloud_defend_handmade.ndjson": 8,
    "winlogbeat_golden.ndjson.gz": 338,
}


@pytest.mark.parametrize("name", EVENTS)
def test_every_document_is_read(shared, name):
    stats = ReadStats()
    ids = set()
    for event in read_events(shared / "events" / name, stats=stats):
        assert event.index is not None
        ids.add(event.id)
    assert (stats.read, stats.rejected, stats.warnings) == (EVENTS[name], 0, [])
    assert None not in ids


def test_every_file_is_counted(shared):
    assert {path.name for path in (shared / "events").iterdir()} == set(EVENTS)


def test_lines_stand_where_they_say(shared):
    path = shared / "events" / "winlogbeat_golden.ndjson.gz"
    lines = gzip.decompress(path.read_bytes()).splitlines()
    for event in read_events(path):
        assert event.source is not None
        assert event.id is not None
        assert event.id.encode() in lines[event.source.line - 1]
