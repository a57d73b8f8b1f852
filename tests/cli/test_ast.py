"""`eqlite ast`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

QUERY = 'sequence by host.id with maxspan=1m [process where name : ("a*", "b")] ![any where ?x.y > 1.5] | head 3'


@pytest.mark.parametrize(("option", "name"), [((), "ast_tree.txt"), (("--plan",), "ast_plan.txt")])
def test_trees(run: Any, same_as_file: Callable[[str, str], None], option: tuple[str, ...], name: str) -> None:
    same_as_file(run("ast", QUERY, *option).out, name)


@pytest.mark.parametrize("option", [(), ("--plan",)])
def test_json_holds_the_same_nodes(run: Any, option: tuple[str, ...]) -> None:
    def kinds(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [value["node"], *(kind for part in value.values() for kind in kinds(part))]
        return [kind for part in value for kind in kinds(part)] if isinstance(value, list) else []

    tree = json.loads(run("ast", QUERY, *option, "--json").out)
    assert {"Sequence", "SequenceQuery"} & set(kinds(tree))
    outline = run("ast", QUERY, *option).out
    assert {line.split(": ")[-1].split()[0] for line in outline.splitlines() if line[0] != "#"} <= set(kinds(tree))


def test_code_is_python(run: Any) -> None:
    code = run("ast", 'process where name : "a*" and args == "b"', "--code").out
    compile(code, "code", "exec")
    assert code.startswith("def matches(")


def test_deep_queries_are_shown_too(run: Any) -> None:
    deep = f"any where {'not ' * 990}true"
    assert run("ast", deep).out.count("\n") > 990
    assert run("ast", deep, "--json").out.count('{"node":"Not"') == 990


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.eql"], "cannot read `nowhere.eql`: no such file"),
        (["any where ("], "error[syntax-error]"),
        (["any where true", "--json", "--code"], "--json applies to the tree and the plan"),
    ],
)
def test_mistakes_are_told(run: Any, arguments: list[str], said: str) -> None:
    done = run("ast", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_rule_file_gives_its_query(run: Any) -> None:
    assert run("ast", "examples/suspicious_interactive_interpreter.txt").out.startswith("Query")
