"""The cache: rules and queries come out of it as if all had been read and compiled, whatever is in its folder."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

import eqlite
from eqlite import RuleSet, Schema, load_rules, plan
from eqlite.cache import store
from eqlite.cache.directory import cache_folder, is_own
from eqlite.cache.plans import CachedAnalysis, PlanCache
from eqlite.limits import MAX_CACHE_AGE_DAYS, MAX_CACHE_FILES
from eqlite.options import CompileOptions

ROOT = Path(__file__).parents[2]
DAY_S = 86_400
posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes are those of POSIX")
MARK = plan.Plan(plan.EventQuery(plan.Always(holds=False)))
TOML = """
[metadata]
creation_date = "2024/01/01"

[rule]
name = "{name}"
rule_id = "{name}"
severity = "low"
tags = ["one", "two"]
note = "a note"
query = '''
{query}
'''

[[rule.threat]]
framework = "MITRE ATT&CK"
tactic = {{ id = "TA0002", name = "Execution", reference = "" }}
"""
QUERIES = {
    "event": 'process where process.name : ("a*", "b?c", "d") and length(process.args) > 1.5',
    "warns": 'any where stringContains(a, "b*")',
    "sequence": "sequence by host with maxspan=1m [any where a == 1] ![any where b == 2] until [any where c == -0.0]",
    "sample": 'sample by host [any where cidrMatch(ip, "10.0.0.0/8", "fe80::/10")] [any where true]',
}
EVENTS = [
    {
        "@timestamp": 1,
        "event": {"category": "process"},
        "process": {"name": "A.exe", "args": "xyz"},
        "host": "h",
        "a": 1,
    },
    {"@timestamp": 2, "event": {"category": "process"}, "host": "h", "a": "xb*", "ip": "10.1.2.3"},
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the cache, which is not there yet."""
    folder = tmp_path / "cache" / "eqlite"
    monkeypatch.setenv("EQLITE_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of rules, called `rules` from here."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rules"
    path.mkdir()
    for name, query in QUERIES.items():
        (path / f"{name}.toml").write_text(TOML.format(name=name, query=query), encoding="utf-8")
    (path / "bare.eql").write_text("any where process.name == null", encoding="utf-8")
    (path / "note.txt").write_text("no rule", encoding="utf-8")
    lines = [{"rule_id": str(n), "name": f"rule {n}", "query": f'any where a == {n} and b == "\\t"'} for n in range(2)]
    (path / "export.ndjson").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def told(rules: RuleSet, **options: Any) -> list[Any]:
    """Return all that there is to see of rules and their queries."""
    queries = []
    for _, query in rules.compile(**options):
        fingerprint = query._stream_settings.fingerprint
        said = (query.text, query.plan, query.diagnostics, query.options, query.name, query.backend.name)
        queries.append((*said, fingerprint, pickle.loads(pickle.dumps(query)).plan))
    return [list(rules), [rule.settings for rule in rules], queries, rules.problems, rules.skipped]


def warm(*paths: Path | str, **options: Any) -> None:
    """Fill the cache."""
    load_rules(*paths, cache=True).compile(**options)


def mark(*paths: Path) -> None:
    """Let every query that is in the cache ask for nothing, so that one sees where it is taken from."""
    plans = PlanCache(tuple(os.path.realpath(path) for path in paths), CompileOptions())
    plans._used = dict.fromkeys(plans._cached, CachedAnalysis(MARK))
    plans._has_new = True
    plans.save()


def marked(*paths: Path | str, **options: Any) -> list[str]:
    """Return the names of the rules whose queries come out of the marked cache."""
    return [rule.name for rule, query in load_rules(*paths, cache=True).compile(**options) if query.plan == MARK]


# --- the same as without it -------------------------------------------------------------------------------------------


def test_rules_are_equal_without_and_with_a_cold_and_warm_cache(rules: Path, folder: Path) -> None:
    plain = told(load_rules(rules))
    assert told(load_rules(rules, cache=True)) == plain
    assert len(files(folder)) == 2
    assert told(load_rules(rules, cache=True)) == plain


def test_detections_are_equal_with_a_cold_and_a_warm_cache(rules: Path, folder: Path) -> None:
    plain, cold, kept = ([*load_rules(rules, cache=cache).run(EVENTS)] for cache in (False, True, True))
    assert len(plain) > 3
    assert plain == cold == kept


def test_everything_is_taken_from_a_warm_cache(rules: Path, folder: Path) -> None:
    warm(rules)
    mark(rules)
    assert len(marked(rules)) == len(QUERIES) + 3


def test_nothing_is_kept_unless_asked_for(rules: Path, folder: Path) -> None:
    list(load_rules(rules).run(EVENTS))
    assert not folder.exists()


@pytest.mark.slow
def test_the_shipped_rules_are_the_same_from_the_cache(shared: Path, folder: Path) -> None:
    pack = shared / "corpus" / "rules.tar.gz"
    plain, cold, kept = (load_rules(pack, cache=cache) for cache in (False, True, True))
    assert list(plain) == list(cold) == list(kept)
    assert [rule.settings for rule in plain] == [rule.settings for rule in kept]
    options: dict[str, Any]
    for options in ({}, {"schema": Schema.from_fields({"process.name": "keyword", "user.id": "long"})}):
        found = [rules.compile_with_problems(**options) for rules in (plain, cold, kept)]
        for compiled, problems in found[1:]:
            assert problems == found[0][1]
            assert [(q.plan, q.diagnostics) for _, q in compiled] == [(q.plan, q.diagnostics) for _, q in found[0][0]]


def test_settings_may_be_changed_without_changing_the_cache(rules: Path, folder: Path) -> None:
    plain = [rule.settings for rule in load_rules(rules)]
    for rule in load_rules(rules, cache=True):
        rule.settings.clear()
    assert [rule.settings for rule in load_rules(rules, cache=True)] == plain


def test_a_set_of_rules_with_a_cache_survives_pickling(rules: Path, folder: Path) -> None:
    copy = pickle.loads(pickle.dumps(load_rules(rules, cache=True)))
    assert [*copy.run(EVENTS)] == [*load_rules(rules).run(EVENTS)]


# --- what it depends on -----------------------------------------------------------------------------------------------


def test_only_a_changed_query_is_compiled_again(rules: Path, folder: Path) -> None:
    warm(rules)
    mark(rules)
    (rules / "event.toml").write_text(TOML.format(name="event", query="any where z == 9"), encoding="utf-8")
    assert set(marked(rules)) == {*QUERIES, "bare", "rule 0", "rule 1"} - {"event"}
    changed = next(rule for rule in load_rules(rules, cache=True) if rule.name == "event")
    assert changed.query == "any where z == 9\n"


def test_entries_of_removed_rules_go_when_a_new_one_is_stored(rules: Path, folder: Path) -> None:
    warm(rules)
    before = files(folder)
    (rules / "event.toml").unlink()
    (rules / "sample.toml").unlink()
    warm(rules)
    assert files(folder) == before
    (rules / "warns.toml").write_text(TOML.format(name="warns", query="any where true"), encoding="utf-8")
    warm(rules)
    assert all(len(data) < len(before[name]) for name, data in files(folder).items())


def test_the_same_file_elsewhere_has_its_present_path(rules: Path, folder: Path) -> None:
    warm(rules)
    mark(rules)
    assert len(marked("rules")) == len(marked(rules)) > 0
    assert list(load_rules("rules", cache=True)) == list(load_rules("rules")) != list(load_rules(rules))
    (rules / "below").mkdir()
    (rules / "warns.toml").rename(rules / "below" / "warns.toml")
    assert "warns" in marked(rules)
    assert list(load_rules(rules, cache=True)) == list(load_rules(rules))


def test_a_renamed_file_that_names_its_rule_is_read_again(tmp_path: Path, folder: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / "one").mkdir(exist_ok=True)
        path = tmp_path / "one" / f"{name}.toml"
        path.write_text('[rule]\nquery = "any where true"', encoding="utf-8")
        assert [rule.name for rule in load_rules(tmp_path / "one", cache=True)] == [name]
        path.unlink()


def test_warnings_of_the_cache_point_into_the_present_file(rules: Path, folder: Path) -> None:
    plain = [problem.render() for problem in load_rules("rules").problems]
    assert len(plain) == 1
    for _ in range(2):
        assert [problem.render() for problem in load_rules("rules", cache=True).problems] == plain


@pytest.mark.parametrize(
    "options",
    [
        {"event_category_field": "kind"},
        {"timestamp_field": "when"},
        {"tiebreaker_field": "order"},
        {"schema": Schema.from_fields({"a": "long", "host": "keyword", "process.name": "wildcard"})},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_that_change_the_plan_have_plans_of_their_own(rules: Path, folder: Path, options: Any) -> None:
    warm(rules)
    before = files(folder)
    plain = told(load_rules(rules), **options)
    assert [told(load_rules(rules, cache=True), **options) for _ in range(2)] == [plain, plain]
    assert {name: data for name, data in files(folder).items() if name in before} == before
    mark(rules)
    assert marked(rules, **options) == []


def test_other_options_are_those_asked_for(rules: Path, folder: Path) -> None:
    warm(rules)
    options: dict[str, Any] = {"backend": "reference", "strict": True, "max_samples_per_key": 3}
    assert told(load_rules(rules, cache=True), **options) == told(load_rules(rules), **options)
    with pytest.raises(eqlite.UnsupportedFeature, match="there is no backend"):
        load_rules(rules, cache=True).compile(backend="none")
    with pytest.raises(TypeError, match="colour"):
        load_rules(rules, cache=True).compile(colour="red")


def test_a_rule_that_strictness_refuses_is_refused_by_the_cache(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "one.eql"
    path.write_text("any where a == 1 / 0", encoding="utf-8")
    for _ in range(2):
        assert len(load_rules(path, cache=True).compile()) == 1
        assert load_rules(path, cache=True).compile(strict=True) == []


def test_broken_rules_are_told_of_every_time(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "rules"
    path.mkdir()
    (path / "broken.toml").write_text(TOML.format(name="broken", query="any where a ="), encoding="utf-8")
    (path / "kql.toml").write_text('[rule]\ntype = "query"\nlanguage = "kuery"\nquery = "a: b"', encoding="utf-8")
    (path / "bad.toml").write_text('[rule]\nseverity = "urgent"\nquery = "any where true"', encoding="utf-8")
    (path / "times.toml").write_text('[rule]\nquery = "any where true"\nday = 2024-01-01', encoding="utf-8")
    plain = told(load_rules(path))
    assert len(plain[3]) == 2
    assert [told(load_rules(path, cache=True)) for _ in range(2)] == [plain, plain]


@pytest.mark.parametrize("name", ["__version__", "FORMAT"])
def test_another_version_keeps_for_itself(rules: Path, folder: Path, monkeypatch: Any, name: str) -> None:
    warm(rules)
    mark(rules)
    with monkeypatch.context() as other:
        other.setattr(store, name, "7")
        assert marked(rules) == []
    assert marked(rules) != []


# --- whatever is in its folder ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:20],
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:],
        lambda data: b"\x80\x04" + data,
    ],
    ids=["empty", "only a part of the checksum", "cut", "longer", "a bit", "in front"],
)
def test_a_damaged_file_is_written_anew(rules: Path, folder: Path, damage: Any) -> None:
    warm(rules)
    good = files(folder)
    for name, data in good.items():
        (folder / name).write_bytes(damage(data))
    assert told(load_rules(rules, cache=True)) == told(load_rules(rules))
    assert files(folder) == good


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        [1],
        {b"key": 1},
        [[b"k"], [["Popen", []]], [0]],
        [[b"k"], [], [0]],
        [[b"k"], [["tuple", [[0, [[1]]]]]], [0]],
    ],
)
def test_a_whole_file_with_something_else_in_it_is_written_anew(rules: Path, folder: Path, content: Any) -> None:
    place = os.path.realpath(rules)
    warm(rules)
    good = files(folder)
    for subject in (("plans", CompileOptions().fingerprint(), "", place), ("files", place)):
        assert store.Store(subject).read() is not None
        store.Store(subject).write(msgspec.msgpack.encode(content))
    assert told(load_rules(rules, cache=True)) == told(load_rules(rules))
    assert files(folder) == good


def test_a_file_under_the_name_of_another_is_not_read(rules: Path, folder: Path) -> None:
    warm(rules)
    mark(rules)
    other, plans = sorted(folder.iterdir())
    shutil.copy(other, plans)
    assert marked(rules) == []


def test_a_folder_in_the_place_of_a_file_does_no_harm(rules: Path, folder: Path) -> None:
    warm(rules)
    for path in folder.iterdir():
        path.unlink()
        path.mkdir()
    assert told(load_rules(rules, cache=True)) == told(load_rules(rules))
    assert all(path.is_dir() for path in folder.iterdir())


def test_a_folder_that_cannot_be_made_does_no_harm(rules: Path, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for place in (tmp_path / "file", tmp_path / "file" / "below", "x" * 5_000):
        monkeypatch.setenv("EQLITE_CACHE_DIR", str(place))
        assert told(load_rules(rules, cache=True)) == told(load_rules(rules))


@posix
def test_a_folder_that_cannot_be_written_to_is_read(rules: Path, folder: Path) -> None:
    warm(rules)
    mark(rules)
    good = files(folder)
    folder.chmod(0o500)
    try:
        (rules / "bare.eql").write_text("any where true", encoding="utf-8")
        assert "bare" not in marked(rules)
        assert len(marked(rules)) > 1
        assert os.geteuid() == 0 or files(folder) == good  # root may write anywhere
    finally:
        folder.chmod(0o700)


@posix
def test_only_the_user_can_get_into_the_folder(rules: Path, folder: Path) -> None:
    warm(rules)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@posix
@pytest.mark.parametrize("mode", [0o777, 0o720, 0o702])
def test_a_folder_that_others_can_write_to_is_not_used(rules: Path, folder: Path, mode: int) -> None:
    warm(rules)
    mark(rules)
    folder.chmod(mode)
    assert marked(rules) == []
    folder.chmod(0o700)
    assert marked(rules) != []


@posix
def test_a_file_that_others_can_write_to_is_not_read(rules: Path, folder: Path) -> None:
    warm(rules)
    mark(rules)
    for path in folder.iterdir():
        path.chmod(0o666)
    assert marked(rules) == []


@posix
def test_what_belongs_to_somebody_else_is_not_ones_own(tmp_path: Path) -> None:
    status = list(tmp_path.stat())
    status[stat.ST_MODE] = stat.S_IFDIR | 0o700
    assert is_own(os.stat_result(status))
    status[stat.ST_UID] = os.geteuid() + 1
    assert not is_own(os.stat_result(status))


@posix
def test_the_folder_is_where_caches_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EQLITE_CACHE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert cache_folder() in (tmp_path / ".cache" / "eqlite", tmp_path / "Library" / "Caches" / "eqlite")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "eqlite"


# --- how much of it there is ------------------------------------------------------------------------------------------


def test_files_that_were_not_used_for_long_are_removed(rules: Path, folder: Path) -> None:
    warm(rules)
    old = time.time() - (MAX_CACHE_AGE_DAYS + 1) * DAY_S
    for name in ("old.cache", "left.tmp", "mine.txt"):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (old, old))
    for name in ("young.tmp", "young.cache"):
        (folder / name).write_bytes(b"")
    mark(rules)
    assert {name for name in files(folder) if "-" not in name} == {"mine.txt", "young.tmp", "young.cache"}


def test_what_is_used_counts_as_new(rules: Path, folder: Path) -> None:
    warm(rules)
    old = time.time() - 2 * DAY_S
    for path in folder.iterdir():
        os.utime(path, (old, old))
    warm(rules)
    assert all(path.stat().st_mtime > old + DAY_S for path in folder.iterdir())


def test_there_are_only_so_many_files(rules: Path, folder: Path) -> None:
    warm(rules)
    for number in range(MAX_CACHE_FILES + 5):
        path = folder / f"{number}.cache"
        path.write_bytes(b"")
        os.utime(path, (time.time() - 1_000 + number,) * 2)
    mark(rules)
    names = {*files(folder)}
    assert len(names) == MAX_CACHE_FILES
    assert {"0.cache", f"{MAX_CACHE_FILES + 4}.cache"} & names == {f"{MAX_CACHE_FILES + 4}.cache"}
    assert len(marked(rules)) > 0


# --- several at once, and what is imported ----------------------------------------------------------------------------


def process(code: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )


def test_several_processes_may_write_at_the_same_time(rules: Path, folder: Path) -> None:
    code = """
import sys, eqlite
for number in range(15):
    compiled = eqlite.load_rules(sys.argv[1], cache=True).compile(event_category_field=f"kind{number % 3}")
    assert len(compiled) == int(sys.argv[2])
    assert all(f"kind{number % 3}" in query.fields for rule, query in compiled if rule.name == "event")
"""
    running = [process(code, str(rules), str(len(load_rules(rules)))) for _ in range(3)]
    assert [(each.communicate()[0], each.returncode) for each in running] == [("", 0)] * 3
    assert {path.suffix for path in folder.iterdir()} == {".cache"}
    assert told(load_rules(rules, cache=True)) == told(load_rules(rules))


@posix
def test_a_full_disk_does_no_harm(rules: Path, folder: Path) -> None:
    code = """
import resource, signal, sys, eqlite
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))  # as if there were room for so many bytes
print(len(eqlite.load_rules(sys.argv[1], cache=True).compile()))
"""
    running = process(code, str(rules))
    assert (running.communicate()[0], running.returncode) == (f"{len(load_rules(rules))}\n", 0)
    assert files(folder) == {}
    assert told(load_rules(rules, cache=True)) == told(load_rules(rules))


def test_a_cached_run_imports_neither_parser_nor_analyser(rules: Path, folder: Path) -> None:
    (rules.parent / "events.ndjson").write_text("\n".join(map(json.dumps, EVENTS)), encoding="utf-8")
    code = """
import sys
from eqlite.cli import main
try:
    main(["run", "-r", sys.argv[1], "events.ndjson", "--quiet"])
finally:
    print([name for name in ("lark", "eqlite.language", "eqlite.semantics.analyzer", "tomllib") if name in sys.modules])
"""
    cold, kept = (process(code, str(rules)).communicate()[0].splitlines() for _ in range(2))
    assert cold[-1] == "['lark', 'eqlite.language', 'eqlite.semantics.analyzer', 'tomllib']"
    assert kept[-1] == "[]"
    assert cold[:-1] == kept[:-1]
    assert len(kept) > 3
