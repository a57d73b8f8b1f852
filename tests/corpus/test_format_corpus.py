"""The formatter over all the EQL rules that Elastic ships."""

from __future__ import annotations

import tarfile
import tomllib
from pathlib import Path

import pytest

from eqlite.language.parser import parse_with_comments
from eqlite.language.printer import print_query

RULES = 1_081


@pytest.fixture(scope="module")
def rule_queries(shared: Path) -> dict[str, str]:
    """Return the query of each rule by the rule's file."""
    found: dict[str, str] = {}
    with tarfile.open(shared / "corpus" / "rules.tar.gz") as archive:
        for member in archive:
            if not member.name.endswith(".toml") or (file := archive.extractfile(member)) is None:
                continue
            rule = tomllib.loads(file.read().decode("utf-8"))["rule"]
            if rule.get("language") == "eql":
                found[member.name] = rule["query"]
    return found


def test_all_the_rules_are_there(rule_queries: dict[str, str]) -> None:
    assert len(rule_queries) == RULES


@pytest.mark.parametrize("with_text", [True, False])
def test_a_formatted_rule_keeps_its_meaning_and_its_comments(rule_queries: dict[str, str], with_text: bool) -> None:
    broken: list[str] = []
    for name, text in rule_queries.items():
        query, comments = parse_with_comments(text)
        printed = print_query(query, comments, text=text if with_text else None)
        again, kept = parse_with_comments(printed)
        if (
            again != query
            or [comment.text for comment in kept] != [comment.text for comment in comments]
            or print_query(again, kept, text=printed if with_text else None) != printed
        ):
            broken.append(name)
    assert broken == []


def test_only_long_literals_and_comments_pass_the_width(rule_queries: dict[str, str]) -> None:
    for text in rule_queries.values():
        query, comments = parse_with_comments(text)
        long = [line.strip() for line in print_query(query, comments).splitlines() if len(line) > 100]
        in_comments = "\n".join(comment.text for comment in comments)
        for line in long:
            is_comment = "//" in line or line in in_comments or line.endswith("*/")
            pieces = line.rstrip(",").split('", "')
            assert is_comment or len(pieces) == 1
