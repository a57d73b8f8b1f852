"""Schemas from mappings: types, aliases, copies, several indices."""

from __future__ import annotations

import pickle

import pytest

from eqlite import EqlError, Schema, compile
from eqlite.datatypes import DataType

MAPPING = {
    "properties": {
        "name": {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}},
        "process": {"properties": {"pid": {"type": "long"}, "start": {"type": "date", "format": "yyyy||epoch_millis"}}},
        "people": {"type": "nested", "properties": {"age": {"type": "long"}}},
        "shape": {"type": "geo_shape"},
        "short": {"type": "alias", "path": "process.pid"},
        "lost": {"type": "alias", "path": "no.such.field"},
        "rate": {"type": "scaled_float", "scaling_factor": 100},
        "fixed": {"type": "constant_keyword"},
    }
}


def test_a_mapping_gives_names_types_and_paths():
    schema = Schema.from_mapping(MAPPING)
    kinds = {name: found.type for name, found in schema.fields.items()}
    assert kinds["process.pid"] is DataType.LONG
    assert kinds["process"] is DataType.OBJECT
    assert kinds["fixed"] is DataType.KEYWORD
    assert kinds["shape"] is DataType.UNSUPPORTED
    start = schema.find("process.start")
    assert start is not None
    assert start.formats == ("yyyy", "epoch_millis")


def test_a_mapping_as_the_api_shows_it_is_taken_too():
    assert Schema.from_mapping({"mappings": MAPPING}).fields == Schema.from_mapping(MAPPING).fields


def test_a_multi_field_reads_its_parent():
    schema = Schema.from_mapping(MAPPING)
    keyword, text = schema.find("name.keyword"), schema.find("name")
    assert keyword is not None
    assert text is not None
    assert (keyword.path, keyword.ignore_above) == ("name", 256)
    assert text.exact == ("name.keyword",)


def test_an_alias_reads_its_target_or_is_unsupported():
    schema = Schema.from_mapping(MAPPING)
    alias, lost = schema.find("short"), schema.find("lost")
    assert alias is not None
    assert lost is not None
    assert (alias.name, alias.path, alias.type) == ("short", "process.pid", DataType.LONG)
    assert lost.type is DataType.UNSUPPORTED


def test_fields_know_the_nested_field_above_them():
    found = Schema.from_mapping(MAPPING).find("people.age")
    assert found is not None
    assert found.nested_in == "people"


def test_what_is_not_mapped_is_not_found():
    assert Schema.from_mapping(MAPPING).find("process.name") is None


def test_suggestions_are_the_nearest_readable_fields():
    schema = Schema.from_fields({"process.name": "keyword", "process.pid": "long", "shape": "geo_shape"})
    assert schema.suggest("proces.name")[0] == "process.name"
    assert schema.suggest("shap") == []
    assert schema.suggest("zzzzzz") == []


def test_indices_together_have_the_fields_of_each():
    schema = Schema.from_indices(
        {
            "a": {"properties": {"x": {"type": "long"}, "same": {"type": "keyword"}}},
            "b": {"properties": {"y": {"type": "ip"}, "same": {"type": "keyword"}}},
        }
    )
    assert {name: found.conflict for name, found in schema.fields.items()} == {"x": None, "y": None, "same": None}


def test_different_types_between_indices_are_a_named_conflict():
    schema = Schema.from_indices(
        {
            "b": {"properties": {"x": {"type": "long"}}},
            "a": {"properties": {"x": {"type": "long"}}},
            "c": {"properties": {"x": {"type": "ip"}}},
        }
    )
    found = schema.find("x")
    assert found is not None
    assert found.conflict == "mapped as [2] incompatible types: [ip] in [c], [long] in [a, b]"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("process.name", DataType.KEYWORD),
        ("process.pid", DataType.LONG),
        ("source.ip", DataType.IP),
        ("@timestamp", DataType.DATETIME),
        ("event.category", DataType.KEYWORD),
    ],
)
def test_ecs_has_the_fields_of_every_rule(name: str, kind: DataType):
    found = Schema.ecs().find(name)
    assert found is not None
    assert found.type is kind


def test_ecs_is_read_once():
    assert Schema.ecs() is Schema.ecs()


def test_a_schema_can_be_pickled_and_be_a_key():
    schema = Schema.from_mapping(MAPPING)
    again = pickle.loads(pickle.dumps(schema))
    assert again == schema
    assert {schema: 1}[again] == 1


def test_types_of_one_family_are_no_conflict():
    schema = Schema.from_indices(
        {
            "a": {"properties": {"f": {"type": "keyword"}, "t": {"type": "text"}}},
            "b": {"properties": {"f": {"type": "constant_keyword", "value": "x"}, "t": {"type": "match_only_text"}}},
            "c": {"properties": {"f": {"type": "wildcard"}}},
        }
    )
    assert schema.fields["f"].conflict is None
    assert schema.fields["t"].conflict is None


def test_a_constant_holds_for_several_indices_if_all_agree_on_it():
    def constant(value: object) -> dict[str, object]:
        return {"properties": {"f": {"type": "constant_keyword", "value": value}}}

    assert Schema.from_indices({"a": constant("x"), "b": constant("x")}).constants == {"f": "x"}
    assert Schema.from_indices({"a": constant("x"), "b": constant("y")}).constants == {}
    assert Schema.from_mapping(constant(True)).constants == {"f": "true"}


def test_copies_name_sources_of_multi_fields_and_aliases():
    schema = Schema.from_mapping(
        {
            "properties": {
                "a": {"type": "keyword", "copy_to": "all"},
                "b": {"properties": {"c": {"type": "long", "copy_to": ["all", "nowhere"]}}},
                "all": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
                "short": {"type": "alias", "path": "all"},
            }
        }
    )
    assert {schema.fields[name].sources for name in ("all", "all.raw", "short")} == {("a", "b.c")}
    assert schema.find("nowhere") is None


def test_passthrough_leaves_have_short_names_by_priority():
    leaf = {"f": {"type": "keyword"}, "own": {"type": "long"}}
    schema = Schema.from_mapping(
        {
            "properties": {
                "low": {"type": "passthrough", "priority": 1, "properties": leaf},
                "high": {"properties": {"up": {"type": "passthrough", "priority": 2, "properties": leaf}}},
                "own": {"type": "keyword"},
                "other": {"type": "alias", "path": "high.up.f"},
            }
        }
    )
    assert schema.fields["f"].path == "high.up.f"
    assert (schema.fields["own"].path, schema.fields["own"].type) == ("own", DataType.KEYWORD)
    assert schema.fields["low"].type is DataType.OBJECT


def test_runtime_fields_count_and_hide_those_of_their_name():
    schema = Schema.from_mapping(
        {
            "mappings": {
                "properties": {"n": {"type": "keyword"}, "short": {"type": "alias", "path": "r.code"}},
                "runtime": {
                    "n": {"type": "long"},
                    "r": {"type": "composite", "fields": {"code": {"type": "long"}}},
                    "place": {"type": "geo_point"},
                },
            }
        }
    )
    assert [schema.fields[name].type for name in ("n", "r.code", "short")] == [DataType.LONG] * 3
    assert schema.fields["place"].type is DataType.UNSUPPORTED


def test_keywords_of_ecs_are_limited_and_other_types_not():
    ecs = Schema.ecs()
    assert ecs.fields["process.name"].ignore_above == 1_024
    assert ecs.fields["process.command_line"].ignore_above is None
    assert ecs.fields["data_stream.dataset"].ignore_above is None


def test_a_schema_is_shown_by_name_and_size():
    assert repr(Schema.from_fields({"a.b": "keyword"}, name="mine")) == "Schema('mine', 2 fields)"


@pytest.mark.parametrize("given", [3, ["ecs"], {"process.name": "keyword"}])
def test_what_is_no_schema_is_refused(given):
    with pytest.raises(EqlError, match="a schema is a `Schema`, `ecs`, `elastic` or the path of a mapping") as refused:
        compile("any where true", schema=given)
    assert ("from_fields" in str(refused.value)) == isinstance(given, dict)
