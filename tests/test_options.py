"""Options of `compile` as one value: defaults, names, and the digest by which plans and streams are told apart."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import eqlite
from eqlite import Schema
from eqlite.options import CompileOptions

SCHEMA = Schema.from_fields({"a": "long"})


def test_options_are_the_keywords_of_compile() -> None:
    defaults = {each.name: each.default for each in dataclasses.fields(CompileOptions)}
    assert defaults == eqlite.compile.__kwdefaults__


def test_unknown_options_and_targets_are_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        CompileOptions.of(colour="red")
    with pytest.raises(eqlite.EqlError, match="there is no target"):
        CompileOptions.of(target="1.0")


def test_a_schema_may_be_named() -> None:
    assert CompileOptions.of(schema="ecs").schema is Schema.ecs()


def test_own_settings_of_a_rule_give_way_to_options() -> None:
    text = '[rule]\nname = "a"\nlanguage = "eql"\ntype = "eql"\nquery = "any where true"\ntimestamp_field = "when"\n'
    rule = eqlite.load_rule(text)
    assert rule.compile_options().timestamp_field == "when"
    assert rule.compile_options(timestamp_field="then").timestamp_field == "then"
    assert rule.compile(strict=True).options == CompileOptions(timestamp_field="when", strict=True, name="a")


@pytest.mark.parametrize(
    "options",
    [{"schema": SCHEMA}, {"target": "9.6"}, {"timestamp_field": "when"}, {"event_category_field": "kind"}],
    ids=str,
)
def test_options_that_change_the_meaning_have_fingerprints(options: dict[str, Any]) -> None:
    assert CompileOptions(**options).fingerprint() != CompileOptions().fingerprint()


def test_options_that_keep_the_meaning_share_a_fingerprint() -> None:
    others = CompileOptions(strict=True, backend="reference", name="a", max_samples_per_key=3)
    assert others.fingerprint() == CompileOptions().fingerprint()
