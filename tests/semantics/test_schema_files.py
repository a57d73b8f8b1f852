"""The shapes in which mappings come as files, names of schemas, and several of them together."""

import gzip
import json

import pytest

import eqlite
from eqlite import EqlError, Schema
from eqlite.datatypes import DataType

PROPERTIES = {
    "a": {"properties": {"b": {"type": "long"}}},
    "t": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
}
MAPPINGS = {"properties": PROPERTIES}
TEMPLATE = {"index_patterns": ["x-*"], "template": {"mappings": MAPPINGS}}
CAPABILITIES = {
    "indices": ["x"],
    "fields": {
        "_id": {"_id": {"type": "_id", "metadata_field": True}},
        "a": {"object": {"type": "object"}},
        "a.b": {"long": {"type": "long", "searchable": True}},
        "t": {"text": {"type": "text"}},
        "t.raw": {"keyword": {"type": "keyword"}},
    },
}


def load(folder, *documents):
    path = folder / "schema.json"
    path.write_text("\n\n".join(json.dumps(document, indent=1) for document in documents))
    return Schema.load(path)


@pytest.mark.parametrize(
    "document",
    [
        MAPPINGS,
        {"mappings": MAPPINGS},
        {"x-1": {"mappings": MAPPINGS}},
        {"x-1": {"aliases": {}, "mappings": MAPPINGS, "settings": {}}},
        {"x-1": {"mappings": MAPPINGS}, "x-2": {"mappings": MAPPINGS}},
        TEMPLATE,
        {"template": {"mappings": MAPPINGS, "settings": {}}, "overlapping": []},
        {"index_templates": [{"name": "x", "index_template": TEMPLATE}]},
        {"component_templates": [{"name": "x", "component_template": {"template": {"mappings": MAPPINGS}}}]},
        {"x": {"index_patterns": ["x"], "mappings": MAPPINGS}},
        {"type": "index", "value": {"index": "x", "mappings": MAPPINGS}},
        {"type": "data_stream", "value": {"data_stream": "x", "template": {"name": "x", **TEMPLATE}}},
        CAPABILITIES,
    ],
)
def test_shapes_of_mappings(tmp_path, document):
    schema = load(tmp_path, document)
    assert {name for name in schema.fields if name != "a"} == {"a.b", "t", "t.raw"}
    assert schema.find("a.b").type is DataType.LONG
    assert schema.find("t").exact == ("t.raw",)


def test_objects_of_an_archive_are_indices_of_one_schema(tmp_path):
    first = {"type": "index", "value": {"index": "x", "mappings": MAPPINGS}}
    second = {"type": "index", "value": {"index": "y", "mappings": {"properties": {"a": {"type": "keyword"}}}}}
    schema = load(tmp_path, first, second)
    assert schema.find("a").conflict is not None
    assert schema.find("a.b").type is DataType.LONG


def test_types_that_differ_in_field_capabilities_are_a_conflict(tmp_path):
    kinds = {"long": {"type": "long", "indices": ["x"]}, "keyword": {"type": "keyword", "indices": ["y"]}}
    schema = load(tmp_path, {"fields": {"p": kinds, "q": {"long": {"type": "long"}, "unmapped": {"type": "unmapped"}}}})
    assert schema.find("p").conflict is not None
    assert schema.find("q").type is DataType.LONG


def test_an_index_named_fields_is_no_field_capabilities(tmp_path):
    assert load(tmp_path, {"fields": {"mappings": MAPPINGS}}).find("a.b").type is DataType.LONG


def test_component_templates_that_are_missing_are_named(tmp_path):
    schema = load(tmp_path, {**TEMPLATE, "composed_of": ["b@custom", "a@package"]})
    assert schema.name.endswith("which lacks the component templates a@package, b@custom")


def test_packed_file_is_a_schema(tmp_path):
    (tmp_path / "m.json.gz").write_bytes(gzip.compress(json.dumps(MAPPINGS).encode()))
    assert Schema.load(tmp_path / "m.json.gz").find("a.b") is not None


def test_later_schema_adds_to_earlier_ones(tmp_path):
    (tmp_path / "m.json").write_text(
        json.dumps({"properties": {"process": {"properties": {"pid": {"type": "keyword"}}}}})
    )
    schema = Schema.load("ecs", tmp_path / "m.json")
    assert schema.find("process.pid").type is DataType.KEYWORD
    assert schema.find("process.name").type is DataType.KEYWORD
    assert schema.name == "ECS 9.5.0 and the index mapping"
    assert Schema.load(tmp_path / "m.json", "ECS").find("process.pid").type is DataType.LONG


def test_schema_of_elastic_holds_ecs_and_more():
    schema = Schema.load("elastic")
    assert schema is Schema.elastic()
    assert {name: schema.find(name) for name in Schema.ecs().fields} == dict(Schema.ecs().fields)
    assert schema.find("winlog.event_data.SubjectUserName").type is DataType.KEYWORD
    assert schema.find("process.Ext.token.integrity_level_name").type is DataType.KEYWORD


@pytest.mark.parametrize("given", ["ecs", "ECS", Schema.ecs()])
def test_library_takes_a_name_for_a_schema(given):
    assert [problem.id for problem in eqlite.analyze("any where process.nme == 1", given)] == ["unknown-field"]
    with pytest.raises(EqlError, match=r"process\.nme"):
        eqlite.compile("any where process.nme == 1", schema=given)


def test_library_takes_a_path_for_a_schema(tmp_path):
    (tmp_path / "m.json").write_text(json.dumps(MAPPINGS))
    assert eqlite.compile("any where a.b == 1", schema=tmp_path / "m.json").matches({"a": {"b": 1}})
    rule = eqlite.load_rule("any where a.c == 1\n")
    rules = eqlite.RuleSet([rule])
    assert rules.compile(schema=str(tmp_path / "m.json")) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "it should be a JSON object"),
        ("", "no `properties`"),
        ("{}", "no `properties`"),
        ('{"query": 1}', "no `properties`"),
        ('{"properties": 1}', "`properties` should be an object"),
        ('{"properties": {"a": 1}}', "the definition of `a` should be an object"),
        ('{"properties": {"a": {"type": 1}}}', "the type of `a` should be text"),
        ('{"fields": {"_id": {"_id": {"type": "_id"}}}}', "no index has a field"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_file_without_a_mapping_is_refused(tmp_path, text, message):
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(EqlError, match=message):
        Schema.load(tmp_path / "m.json")


def test_name_of_no_schema_is_refused():
    with pytest.raises(EqlError, match="neither a file nor one of `ecs`, `elastic`"):
        eqlite.compile("any where true", schema="esc")
