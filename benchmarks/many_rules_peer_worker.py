"""Runs in the peer's environment: `python many_rules_peer_worker.py EVENTS COUNT`, the rules on standard input.

They come as a JSON object of queries by rule id. Goes through COUNT events with all that it can parse and take into an
engine, and prints as JSON: how many it can parse, the ids of those that it runs, seconds for an event, the ratio to
`orjson.loads`, how many matches were found, and how often a rule raised an exception. Imports nothing of eqlite, as
eqlite imports nothing of the peer.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable

import eql
import eql.parser
import orjson

_WARM_UP_EVENTS = 50


def main(path: str, count: int) -> None:
    with open(path, "rb") as file:  # noqa: PTH123
        lines = list(itertools.islice(file, count))
    queries = _parse(json.load(sys.stdin))
    found = 0

    def count_result(_: object) -> None:
        nonlocal found
        found += 1

    rules, engines = _engines(queries, count_result)
    _stream(engines, lines[:_WARM_UP_EVENTS])
    found = 0
    started = time.process_time()
    for line in lines:
        orjson.loads(line)
    decoding = time.process_time() - started
    started = time.process_time()
    raised = _stream(engines, lines)
    took = time.process_time() - started
    answer = {"seconds": took / len(lines), "ratio": took / decoding, "found": found, "raised": raised}
    print(json.dumps(answer | {"events": len(lines), "parsed": len(queries), "rules": rules}))


def _parse(texts: dict[str, str]) -> dict[str, eql.ast.PipedQuery]:
    queries = {}
    # the dialect in which it reads the rules that Elastic publishes
    with eql.parser.elasticsearch_syntax, eql.parser.ignore_missing_functions:
        for rule_id, text in texts.items():
            try:
                queries[rule_id] = eql.parse_query(text)
            except eql.EqlError:
                continue
    return queries


def _engines(
    queries: dict[str, eql.ast.PipedQuery], hook: Callable[[object], None]
) -> tuple[list[str], dict[str, list[eql.PythonEngine]]]:
    """Return the ids of the rules that can be run, and engines by the category that their rule asks for, `any` for all.

    One for each rule: where one rule of an engine raises an exception, those after it are not asked. In the peer's
    favour it is not given the events of other categories.
    """
    rules = []
    engines = defaultdict(list)
    for rule_id, query in queries.items():
        engine = eql.PythonEngine()
        try:
            engine.add_query(query)
        except eql.EqlError:  # a function that it lets pass in parsing, and does not know
            continue
        engine.add_output_hook(hook)
        engines[query.first.event_type].append(engine)
        rules.append(rule_id)
    return rules, engines


def _stream(engines: dict[str, list[eql.PythonEngine]], lines: list[bytes]) -> int:
    """Go through lines, and return how often a rule raised an exception, which counts as no match."""
    raised = 0
    for line in lines:
        document = orjson.loads(line)
        category = document["event"]["category"][0]
        event = eql.Event(category, 0, document)
        for engine in itertools.chain(engines[category], engines["any"]):
            try:
                engine.stream_event(event)
            except Exception:
                raised += 1
    return raised


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
