"""Profile as JSON: one object, `schema` 1. Keys are added, never renamed or removed."""

from __future__ import annotations

from typing import TextIO

from eqlite.execution.detection import RECORD_SCHEMA
from eqlite.profiling.model import ClauseProfile, Profile, RuleProfile, StageProfile
from eqlite.report.json_records import Record, to_json


def write(profile: Profile, out: TextIO, *, top: int | None) -> None:
    """Write the object on one line, with the first `top` rules, by default all."""
    out.write(to_json(profile_record(profile, top=top)) + "\n")


def profile_record(profile: Profile, *, top: int | None = None) -> Record:
    """Return a profile as a record. Shares refer to the time of all rules, shown or not."""
    first = profile.top_finding
    return {
        "schema": RECORD_SCHEMA,
        "events": profile.events,
        "interrupted": profile.interrupted,
        "rule_count": len(profile.rules),
        "seconds": profile.seconds,
        "top_finding": None
        if first is None
        else {
            "id": first[0].rule.rule_id,
            "name": first[0].rule.name,
            "line": first[1].line,
            "column": first[1].column,
            "finding": first[2].id,
            "message": first[2].message,
        },
        "rules": [_rule(rule, profile) for rule in profile.rules[:top]],
    }


def _rule(rule: RuleProfile, profile: Profile) -> Record:
    return {
        "id": rule.rule.rule_id,
        "name": rule.rule.name,
        "file": rule.rule.source.name,
        "kind": rule.kind,
        "seconds": rule.seconds,
        "share": profile.share(rule.seconds),
        "stages": [_stage(stage, profile) for stage in rule.stages],
    }


def _stage(stage: StageProfile, profile: Profile) -> Record:
    return {
        "name": stage.name,
        "evaluated": stage.evaluated,
        "held": stage.held,
        "seconds": stage.seconds,
        "share": profile.share(stage.seconds),
        "clauses": [_clause(clause, profile) for clause in stage.clauses],
    }


def _clause(clause: ClauseProfile, profile: Profile) -> Record:
    return {
        "text": clause.text,
        "line": clause.line,
        "column": clause.column,
        "evaluated": clause.evaluated,
        "held": clause.held,
        "selectivity": clause.selectivity,
        "seconds": clause.seconds,
        "share": profile.share(clause.seconds),
        "findings": [{"id": finding.id, "message": finding.message} for finding in clause.findings],
    }
