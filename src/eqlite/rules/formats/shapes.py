"""Rules inside of objects: exports, answers of APIs, saved objects, timelines, Terraform's resources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from eqlite.rules.formats.settings import RuleFile, add_rule
from eqlite.rules.formats.tree import Tree
from eqlite.rules.model import LoadedRules, Skipped
from eqlite.source import Source, Span

_MAX_DEPTH = 10
_CONTAINERS = frozenset(
    {
        *("data", "rules", "rule", "items", "objects", "saved_objects", "timelines"),
        *("hits", "_source", "alert", "security-rule", "siem-ui-timeline", "attributes"),
        *("resource", "resources", "values", "planned_values", "root_module", "child_modules", "instances"),
    }
)
_TERRAFORM_RULE = "elasticstack_kibana_security_detection_rule"
_CAPITAL = re.compile(r"[A-Z]")
_ALERT_TYPES = ("alertTypeId", "rule_type_id", "rule_type")
_EQL_OPTIONS = {
    "query": "query",
    "eventCategoryField": "event_category_override",
    "timestampField": "timestamp_field",
    "tiebreakerField": "tiebreaker_field",
    "size": "size",
}
_SIGMA = "a Sigma rule, not EQL: `sigma convert -t eql` makes EQL of it"


class Strangers(NamedTuple):
    """Objects that are no rules: how many, and the offset of the first."""

    number: int = 0
    first: int = 0

    def add(self, span: Span) -> Strangers:
        """Count one more."""
        return Strangers(self.number + 1, self.first if self.number else span.start)


class _Part(NamedTuple):
    """An object with settings of a rule, and their names where those are not the rule's own."""

    tree: Tree
    names: dict[str, str] | None = None
    is_camel_case: bool = False

    def setting(self, name: str) -> str:
        """Return the rule's own name of a setting, empty for an unknown one."""
        if self.names is not None:
            return self.names.get(name, "")
        return _snake_case(name) if self.is_camel_case else name

    def values(self) -> dict[str, object]:
        """Return the settings."""
        value = self.tree.value
        assert isinstance(value, dict)
        return {setting: each for name, each in value.items() if (setting := self.setting(name))}


def add_rules(tree: Tree, file: RuleFile, result: LoadedRules, strangers: Strangers, depth: int = 0) -> Strangers:
    """Add the rules of a value. Return the count of objects without any, these included."""
    value = tree.value
    if isinstance(value, list) and depth < _MAX_DEPTH:
        for element in tree.elements():
            strangers = add_rules(element, file, result, strangers, depth + 1)
        return strangers
    if not isinstance(value, dict):
        return strangers.add(tree.span)
    if "logsource" in value and "detection" in value:
        result.skipped.append(Skipped(_name_of(value, file), _SIGMA, file.path))
    elif (parts := _parts(tree, value)) is not None:
        _add(parts, tree, file, result)
    elif not _is_by_product(value):
        inner = _inner(tree, value) if depth < _MAX_DEPTH else None
        if inner is None:
            return strangers.add(tree.span)
        for member in inner:
            strangers = add_rules(member, file, result, strangers, depth + 1)
    return strangers


def _parts(tree: Tree, value: dict[str, object]) -> list[_Part] | None:
    """Return the objects that hold the settings of a rule, or None if the value is no rule."""
    if isinstance(value.get("eqlOptions"), dict) or "timelineType" in value or "kqlMode" in value:
        options = [member for name, member in tree.members() if name == "eqlOptions" and isinstance(member.value, dict)]
        return [_Part(tree, {"title": "name", "description": "description", "savedObjectId": "rule_id"})] + [
            _Part(member, _EQL_OPTIONS) for member in options[-1:]
        ]
    if isinstance(value.get("params"), dict) and any(name in value for name in _ALERT_TYPES):
        params = [member for name, member in tree.members() if name == "params"]
        return [_Part(tree), _Part(params[-1], is_camel_case=True)]
    if isinstance(value.get("query"), dict) or isinstance(value.get("attributes"), dict):
        return None  # a search in Query DSL, a saved object
    return [_Part(tree)] if "rule_id" in value or "query" in value or "risk_score" in value else None


def _inner(tree: Tree, value: dict[str, object]) -> list[Tree] | None:
    """Return the values in which there may be rules, or None without any."""
    kind = value.get("type")
    if isinstance(value.get("resource"), (dict, list)):
        return list(_terraform_rules(tree))
    names = _CONTAINERS | ({kind} if isinstance(kind, str) else set())
    if not any(name in names and isinstance(member, (dict, list)) for name, member in value.items()):
        return None
    return [member for name, member in tree.members() if name in names and isinstance(member.value, (dict, list))]


def _terraform_rules(tree: Tree) -> Iterator[Tree]:
    """Yield the detection rules among resources in JSON syntax: by type, then by name, each level maybe in an array."""
    for resource in _below(tree, "resource"):
        for kind in _below(resource, _TERRAFORM_RULE):
            for _, named in kind.members():
                yield from named.elements() if isinstance(named.value, list) else (named,)


def _below(tree: Tree, wanted: str) -> Iterator[Tree]:
    for name, member in tree.members():
        if name == wanted:
            yield from (
                element
                for element in (member.elements() if isinstance(member.value, list) else (member,))
                if isinstance(element.value, dict)
            )


def _add(parts: list[_Part], tree: Tree, file: RuleFile, result: LoadedRules) -> None:
    values: dict[str, object] = {}
    for part in parts:
        values |= part.values()
    if parts[0].names is not None and not values.get("query"):
        result.skipped.append(Skipped(_name_of(values, file), "a timeline without an EQL query", file.path))
        return
    if isinstance(schedule := values.get("schedule"), dict):
        values.setdefault("interval", schedule.get("interval"))
    kind = next((values[name] for name in _ALERT_TYPES if name in values), "siem.")
    if not str(kind).startswith("siem."):
        result.skipped.append(Skipped(_name_of(values, file), f"an alert of type `{kind}`, not EQL", file.path))
        return

    trees: dict[str, Tree] = {}

    def find(name: str) -> Tree | None:
        # Of a name given twice the last value counts: it is the one in `values`.
        if not trees:
            trees.update({part.setting(each): member for part in parts for each, member in part.tree.members()})
        return trees.get(name)

    def locate(path: tuple[str, ...]) -> Span | None:
        if not path:
            return Span(tree.span.start, tree.span.start + 1)
        member = find(path[0])
        return member.span if member is not None else None

    def source_for(query: str) -> Source:
        member = find("query") if query else None
        return member.source() if member is not None else Source(query, file.path)

    add_rule(result, file, values, locate=locate, source_for=source_for)


def _name_of(values: dict[str, object], file: RuleFile) -> str:
    name = values.get("name") or values.get("title")
    return name if isinstance(name, str) else file.stem


def _snake_case(name: str) -> str:
    return _CAPITAL.sub(lambda found: f"_{found.group().lower()}", name)


def _is_by_product(value: dict[str, object]) -> bool:
    """Return whether an object is what Kibana exports beside the rules: summary, exception list or item, connector."""
    if "exported_count" in value or "exported_rules_count" in value or "list_id" in value:
        return True
    attributes = value.get("attributes")
    return value.get("type") == "action" and isinstance(attributes, dict) and "query" not in attributes
