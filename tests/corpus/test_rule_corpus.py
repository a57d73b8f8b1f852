"""Elastic's shipped rules load straight from where they lie, with the queries as they stand there."""

import gzip
import json
import tarfile
import tomllib

import pytest

from eqlite.rules.loader import load_rule, load_rules


@pytest.fixture(scope="module")
def archive(shared):
    return shared / "corpus" / "rules.tar.gz"


@pytest.fixture(scope="module")
def loaded(archive):
    return load_rules(archive)


def test_every_rule_of_the_archive_loads(loaded):
    assert len(loaded.rules) == 1_081
    assert (loaded.skipped, loaded.problems) == ([], [])


def test_settings_and_queries_are_those_of_the_files(archive, loaded):
    with tarfile.open(archive) as files:
        texts = {
            f"{archive}/{entry.name}": files.extractfile(entry).read().decode()
            for entry in files
            if entry.name.endswith(".toml")
        }
    assert set(texts) == {rule.source.name for rule in loaded.rules}
    for rule in loaded.rules:
        expected = tomllib.loads(texts[rule.source.name])["rule"]
        assert rule.query == expected["query"]
        assert rule.rule_id == expected["rule_id"]
        assert rule.index == tuple(expected["index"])
        assert rule.techniques == tuple(
            dict.fromkeys(
                part["id"]
                for threat in expected["threat"]
                for technique in threat.get("technique", [])
                for part in (technique, *technique.get("subtechnique", []))
            )
        )


def test_every_character_of_a_query_is_at_its_position(loaded):
    for rule in loaded.rules:
        source = rule.source
        assert source.document is not None, source.name
        found = "".join(source.document[source.document_offset(offset)] for offset in range(len(rule.query)))
        if found != rule.query:
            # an escape: its place is that of the backslash
            differing = {written for written, meant in zip(found, rule.query, strict=True) if written != meant}
            assert differing == {"\\"}, source.name


def test_every_asset_loads(shared):
    path = shared / "corpus" / "prebuilt_assets_8.2.1_eql.ndjson.gz"
    loaded = load_rules(path)
    assets = [json.loads(line)["attributes"] for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert len(assets) == 315
    assert (loaded.skipped, loaded.problems) == ([], [])
    for rule, asset in zip(loaded.rules, assets, strict=True):
        assert (rule.query, rule.rule_id, rule.version) == (asset["query"], asset["rule_id"], asset["version"])
        source = rule.source
        assert source.document is not None
        for offset, character in enumerate(rule.query):
            place = source.document_offset(offset)
            written = source.document[place : place + (2 if source.document[place] == "\\" else 1)]
            assert written == character or json.loads(f'"{written}"') == character


def test_seed_page(shared):
    path = shared / "corpus" / "seed_rule.txt"
    rule = load_rule(path)
    text = path.read_text()
    lines = text.splitlines()
    assert rule.name == lines[0]
    assert rule.description == lines[1]
    assert rule.rule_id is None
    assert (rule.type, rule.index) == ("eql", ("logs-cloud_defend.process*",))
    assert (rule.severity, rule.risk_score) == ("medium", 47)
    assert (rule.interval, rule.from_, rule.to, rule.max_signals) == ("5m", "now-6m", "now", 100)
    assert rule.references == ()
    assert rule.tags == tuple(line[2:] for line in lines[lines.index("Tags:") + 1 : lines.index("Version: 1")])
    assert len(rule.tags) == 6
    assert (rule.version, rule.author, rule.license) == (1, ("Elastic",), "Elastic License v2")
    start = text.index("process where host.os.type")
    assert rule.query == text[start : text.index("\nFramework:")]
    assert rule.source.document_offset(0) == start
    assert rule.tactics == ("TA0002", "TA0011")
    assert rule.techniques == ("T1059", "T1059.004", "T1059.006", "T1059.011", "T1071", "T1071.001")
    execution, control = rule.threat
    assert execution.framework == "MITRE ATT&CK"
    assert execution.tactic.name == "Execution"
    assert [part.name for part in execution.techniques[0].subtechniques] == ["Unix Shell", "Python", "Lua"]
    assert control.techniques[0].subtechniques[0].reference == "https://attack.mitre.org/techniques/T1071/001/"
