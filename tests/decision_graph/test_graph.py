"""Many conditions asked at once give the answers of each asked alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import eqlite
from eqlite import Schema, strategies
from eqlite.backends.reference import ReferenceBackend
from eqlite.decision_graph import field_index as atoms
from eqlite.decision_graph import graph as decisions
from eqlite.decision_graph import statistics as sample
from eqlite.decision_graph import value_cache as memory
from eqlite.decision_graph.graph import Decisions
from eqlite.decision_graph.nodes import Node
from eqlite.engine.faults import Faults
from eqlite.events.projection import DecodingRefused, UnusualShape
from eqlite.plan import Condition


def conditions_of(texts: list[str]) -> list[Condition]:
    return [stage.condition for text in texts for stage in eqlite.compile(text).plan.stages]


def asked_alone(conditions: list[Condition], document: dict[str, Any]) -> list[int]:
    backend = ReferenceBackend()
    predicates = [backend.predicate(condition, name="alone") for condition in conditions]
    return [number for number, holds in enumerate(predicates) if holds(document, Faults())]


class Asker:
    """Asks all the conditions, by every way there is."""

    def __init__(self, conditions: list[Condition]) -> None:
        self.conditions = conditions
        self.decisions = Decisions(conditions)

    def by_document(self, document: dict[str, Any]) -> list[int]:
        return self._numbers(self.decisions.walk_document(document), document)

    def struct(self, document: dict[str, Any]) -> Any:
        """Return None where the line is of no usual shape."""
        try:
            return self.decisions.structs.decode(json.dumps(document).encode("utf-8", "surrogatepass"))
        except (UnusualShape, *DecodingRefused):
            return None

    def by_line(self, document: dict[str, Any]) -> list[int] | None:
        struct = self.struct(document)
        return None if struct is None else self._numbers(self.decisions.walk(struct), document)

    def _numbers(self, node: Node, document: dict[str, Any]) -> list[int]:
        held = [number for formula in node.state.held for number in self.decisions.numbers[formula]]
        undecided = [number for formula, _ in node.state.undecided for number in self.decisions.numbers[formula]]
        alone = asked_alone([self.conditions[number] for number in undecided], document)
        return sorted([*held, *(undecided[place] for place in alone)])

    def check(self, document: dict[str, Any]) -> None:
        expected = asked_alone(self.conditions, document)
        for _ in range(3):  # first directly, then by new nodes, then by what is remembered
            assert self.by_line(document) in (None, expected)
            assert self.by_document(document) == expected


SCHEMAS = {"none": None, "typed": Schema.from_fields(strategies.FIELDS)}
CONDITIONS = {name: strategies.conditions(schema) for name, schema in SCHEMAS.items()}


def draw_asker(data: st.DataObject, name: str) -> tuple[Asker, list[eqlite.Query]]:
    drawn = data.draw(st.lists(CONDITIONS[name], min_size=1, max_size=6))
    queries = [eqlite.compile(f"any where {condition}", schema=SCHEMAS[name]) for condition in drawn]
    return Asker([query.plan.stages[0].condition for query in queries]), queries


@given(st.data(), st.sampled_from(sorted(SCHEMAS)), st.booleans())
def test_generated_conditions_over_generated_documents(data: st.DataObject, name: str, hostile: bool) -> None:
    asker, queries = draw_asker(data, name)
    for _ in range(data.draw(st.integers(1, 4))):
        asker.check(data.draw(strategies.events(data.draw(st.sampled_from(queries)), hostile=hostile)))


@given(st.data(), st.sampled_from(sorted(SCHEMAS)), st.booleans())
def test_nothing_changes_where_documents_are_expected_to_be_like_others(
    data: st.DataObject, name: str, hostile: bool
) -> None:
    asker, queries = draw_asker(data, name)
    drawn = [
        data.draw(strategies.events(data.draw(st.sampled_from(queries)), hostile=hostile))
        for _ in range(data.draw(st.integers(1, 6)))
    ]
    seen = asker.decisions.new_sample()
    for document in drawn[: len(drawn) // 2]:
        seen.take(document)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample, "_SHARE_OF_NEW", data.draw(st.sampled_from([0.15, 1.0])))
        asker.decisions.expect(seen)
    for document in drawn:
        asker.check(document)


@given(st.data(), st.booleans())
def test_what_nobody_waits_for_may_be_left_undecided_and_nothing_else(data: st.DataObject, hostile: bool) -> None:
    asker, queries = draw_asker(data, "none")
    awaiting = [data.draw(st.sampled_from([0, 1, 2, 4])) for _ in queries]
    asker.decisions = Decisions(asker.conditions, awaiting=awaiting)
    for _ in range(data.draw(st.integers(1, 4))):
        document = data.draw(strategies.events(data.draw(st.sampled_from(queries)), hostile=hostile))
        expected = asked_alone(asker.conditions, document)
        for awaited in data.draw(st.lists(st.integers(0, 7), min_size=1, max_size=6)):
            assert asker.by_document(document) == expected
            struct = asker.struct(document)
            if struct is None:
                continue
            node = asker.decisions.walk(struct, awaited)
            held = {number for formula in node.state.held for number in asker.decisions.numbers[formula]}
            left = {number for formula, _ in node.state.undecided for number in asker.decisions.numbers[formula]}
            assert held <= set(expected) <= held | left
            if node.rest:
                assert not node.rest & awaited
                assert all(awaiting[number] and not awaiting[number] & awaited for number in left)


def check_met(asker: Asker, met: list[dict[str, Any]], documents: list[dict[str, Any]], *, are_alike: bool) -> None:
    seen = sample.KeysSeen()
    for document in met:
        seen.take(document)
    asker.decisions.meet(seen, are_alike=are_alike)
    for document in documents:
        asker.check(document)


@given(st.data(), st.booleans(), st.booleans())
def test_nothing_changes_where_other_keys_are_expected(data: st.DataObject, hostile: bool, are_alike: bool) -> None:
    asker, queries = draw_asker(data, "none")
    events = strategies.events(data.draw(st.sampled_from(queries)), hostile=hostile)
    drawn = [data.draw(events) for _ in range(data.draw(st.integers(1, 5)))]
    check_met(asker, drawn[::2], drawn, are_alike=are_alike)
    check_met(asker, drawn[1::2], drawn, are_alike=not are_alike)


def test_a_document_with_other_keys_than_were_seen_is_not_taken_for_one_like_those() -> None:
    asker = Asker(conditions_of(["any where a.b == 1", "any where a.c.d == 1 or d == 2"]))
    alike = {"a": {"b": 1, "x": 7}, "e": [{"f": 1}]}
    check_met(asker, [alike], [alike], are_alike=True)
    structs = asker.decisions.structs
    assert not structs.unlike
    for line in (b'{"a.b": 1}', b'{"a": {"b": 0}, "\\u0061.b": 1}', b'{"a\\u002eb": 1}', b'{"a": {"c\\u002ed": 1}}'):
        before = structs.unlike
        with pytest.raises(UnusualShape):
            structs.decode(line)
        assert structs.unlike == before + 1
    for line in (b'{"_source": {"a": {"b": 1}}}', b'{"a": {"b": 1}, "new": 1}'):
        assert structs.getter("a.b")(structs.decode(line)) == 1
    assert structs.unlike == 6


def test_other_keys_are_nothing_new_where_no_dotted_one_could_hold_a_value() -> None:
    asker = Asker(conditions_of(["any where a.b == 1", "any where c.d.e == 1"]))
    alike = {"a": {"b": 1}, "c": {"d": {"e": 1}}}
    inside = [{"a": {"b": 1, "new": 2, "b.x": 3}, "c": {}}, {"a": {"b.b": 1}, "c": {"d": {"x.e": 1, "e": 1}}}]
    check_met(asker, [alike], inside, are_alike=True)
    assert not asker.decisions.structs.unlike
    check_met(asker, [alike], [{"a": {"b": 1}, "c": {"d.e": 1}}], are_alike=True)
    assert asker.decisions.structs.unlike


def test_a_key_is_known_however_it_is_written() -> None:
    asker = Asker(conditions_of(["any where a.b == 1", "any where a.z == 1"]))
    check_met(asker, [{"a": {"b": 1}}], [], are_alike=True)
    structs = asker.decisions.structs
    assert structs.absent == {"a.z"}
    assert structs.getter("a.b")(structs.decode(b'{"a": {"\\u0062": 7, "x\\/y": 1}}')) == 7
    assert not structs.unlike
    for line in (b'{"a": {"b": 1, "z": null}}', b'{"a": {"b": 1, "z": 1}}'):
        assert structs.getter("a.b")(structs.decode(line)) == 1
    with pytest.raises(UnusualShape):
        structs.decode(b'{"a": {"\\u007a": 1}}')
    assert structs.unlike == 3


def test_an_object_may_be_there_of_which_nothing_is_read() -> None:
    asker = Asker(conditions_of(["any where a.b == 1", "any where a.b == 2 and c.d.e == null", "any where c.f == 1"]))
    alike = [{"a": {"b": 1}, "c": {"d": {"x": 1}}}, {"a": {"b": 2}, "c": {"x": {"y": 1}}}]
    check_met(asker, alike, alike, are_alike=True)
    assert asker.decisions.structs.absent == {"c.d.e", "c.f"}
    assert not asker.decisions.structs.unlike
    others = [{"c": {"d": {"e": 1}}, "a": {"b": 2}}, {"c": {"f": 1}}, {"c": {"d": []}}, {"c": [{"f": 1}]}, {"c": 1}]
    for number, document in enumerate(others):
        check_met(asker, alike, [document], are_alike=True)
        assert asker.decisions.structs.unlike == 3 * (number + 1)  # it is asked three times


def test_a_field_that_decides_most_is_not_asked_where_another_is_known_to_be_absent() -> None:
    conditions = [
        condition
        for number in range(30)
        for condition in (f'any where a == "{number}" and b == 1', f'any where c == "{number}"', 'any where d == "1"')
    ]
    asker = Asker(conditions_of(conditions))
    document = {"a": "7", "c": "7", "d": "1"}
    check_met(asker, [document], [document, {"a": "7", "b": 1}], are_alike=True)
    assert asker.decisions.structs.absent == {"b"}


@given(st.data(), st.booleans())
def test_nothing_changes_where_all_is_forgotten_all_the_time(data: st.DataObject, hostile: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decisions, "MAX_NODES", 2)
        patch.setattr(memory, "_MOST_KNOWN", 1)
        patch.setattr(atoms, "_SAMPLE", data.draw(st.integers(1, 3)))
        asker, queries = draw_asker(data, "none")
        for _ in range(data.draw(st.integers(1, 4))):
            asker.check(data.draw(strategies.events(data.draw(st.sampled_from(queries)), hostile=hostile)))


CASES = {
    "several texts": ('any where a : "x*" and b == 1', {"a": ["q", "Xy"], "b": "1"}),
    "nothing there": ("any where a == null and b.c == null and b.d == null", {"other": 1}),
    "an empty object": ("any where b.c == null and b.d == null and a == 1", {"b": {}, "a": 1}),
    "true is no 1": ("any where a == 1 or a == true", {"a": True}),
    "1.0 is 1": ("any where a == 1", {"a": 1.0}),
    "a number as text": ('any where a : "1*"', {"a": 15}),
    "addresses": ('any where cidrmatch(a, "10.0.0.0/8", "::1/128")', {"a": ["x", "10.1.2.3"]}),
    "a dotted key": ("any where b.c == 1 and b.d == 2", {"b.c": 1, "b": {"d": 2}}),
    "an array of objects": ("any where b.c == 1 and b.d == 2", {"b": [{"c": 1}, {"d": 2}]}),
    "in a hit": ("any where b.c == 1", {"_source": {"b": {"c": 1}}}),
    "a field inside another": ("any where b == 1 and b.c == 1", {"b": [1, {"c": 1}]}),
    "a lone surrogate": ('any where a : ("*x*", "*y*", "*z*", "*w*", "*v*")', {"a": "\ud800 z"}),
    "a separator inside": ('any where a : "x" or a : "*y"', {"a": "x\0y"}),
}


@pytest.mark.parametrize("name", CASES)
def test_shapes_and_values_that_must_not_be_mixed_up(name: str) -> None:
    text, document = CASES[name]
    asker = Asker(conditions_of([text, f"any where not ({text.partition('where')[2]})"]))
    unwrapped = document.get("_source", document)
    assert asker.by_line(document) in (None, asked_alone(asker.conditions, unwrapped))
    asker.check(unwrapped)


def test_a_value_is_not_taken_for_one_that_equals_it_in_python() -> None:
    asker = Asker(conditions_of(['any where a == "1"', 'any where a == "true"', 'any where a == "1.0"']))
    for value in (1, True, 1.0, "1", "true", "1.0", [1], ["1"], 0.0, -0.0, False):
        asker.check({"a": value})


def test_values_that_never_come_again_are_not_remembered() -> None:
    asker = Asker(conditions_of(['any where a : ("*7*3", "q*") and b == 1', 'any where a : "*9" and c.d != 2']))
    for number in range(3_000):
        asker.check({"a": f"n{number}", "b": number % 2, "c": {"d": number % 3}})


def test_who_goes_a_way_for_the_first_time_makes_no_node() -> None:
    asker = Asker(conditions_of([f'any where a == "v{number}" and b == {number}' for number in range(50)]))
    documents = [{"a": f"v{number}", "b": number} for number in range(50)]
    assert [asker.by_line(document) for document in documents] == [[number] for number in range(50)]
    assert not asker.decisions.root.state.bits
    assert [asker.by_line(document) for document in documents] == [[number] for number in range(50)]
    assert len(asker.decisions.root.state.bits) == 50
