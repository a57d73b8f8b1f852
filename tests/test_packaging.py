"""What is published works: the archives build, install into an empty environment and do the main job there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
RULE = "suspicious_interactive_interpreter.txt"
EVENTS = "cloud_defend_events.ndjson"
QUOTING = "tests/cli/expected/show_card.txt"
"""The expected output that shows Elastic's rule."""

pytestmark = [pytest.mark.packaging, pytest.mark.slow, pytest.mark.timeout(600)]


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that must not see the checkout nor the settings of the tests around it."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV", "PYTEST"))}
    return subprocess.run([str(part) for part in command], cwd=cwd, env=keep, capture_output=True, text=True)


def run_well(*command: str | Path, cwd: Path) -> str:
    result = run(*command, cwd=cwd)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packaging")


@pytest.fixture(scope="module")
def source(work: Path) -> Path:
    """Build the source archive and unpack it."""
    run_well(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", work / "dist", cwd=ROOT)
    (built,) = (work / "dist").glob("*.tar.gz")
    with tarfile.open(built) as archive:
        if hasattr(tarfile, "data_filter"):  # not before Python 3.11.4
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(work / "source")
    (top,) = (work / "source").iterdir()
    return top


@pytest.fixture(scope="module")
def wheel(work: Path, source: Path) -> Path:
    """Build the wheel from the unpacked source archive, as an installer does that finds no wheel."""
    run_well(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", work / "dist", cwd=source)
    (built,) = (work / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(work: Path, wheel: Path) -> Path:
    """Install the wheel and its dependencies into an empty environment; return the folder of its programs."""
    home = work / "environment"
    venv.create(home, with_pip=False, symlinks=os.name != "nt")
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    result = run(sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet", wheel, cwd=work)
    if result.returncode != 0 and "connection" in result.stderr and not os.environ.get("CI"):
        pytest.skip("no package index can be reached to install the dependencies from")
    assert result.returncode == 0, result.stderr
    return programs


def runs_of_words(text: str, length: int = 12) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}


def texts(archive: Path) -> Iterator[tuple[str, str]]:
    """Yield name and text of every file of a wheel or of a source archive."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                yield name, wheel.read(name).decode(errors="replace")
    else:
        with tarfile.open(archive) as source:
            for member in source.getmembers():
                if file := source.extractfile(member) if member.isfile() else None:
                    yield member.name.partition("/")[2], file.read().decode(errors="replace")


def test_source_archive_holds_what_builds_the_wheel(source: Path) -> None:
    """Examples and tests stay out: they hold text of Elastic's rule, under another licence."""
    papers = {"README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CITATION.cff"}
    build = {"src", "grammar", "pyproject.toml", "PKG-INFO", ".gitignore", "LICENSE", "NOTICE"}
    assert {path.name for path in source.iterdir()} == papers | build


def test_no_archive_holds_text_of_elastics_rule(work: Path, wheel: Path) -> None:
    rule = runs_of_words((EXAMPLES / RULE).read_text(encoding="utf-8"))
    assert rule
    (source,) = (work / "dist").glob("*.tar.gz")
    found = [name for archive in (wheel, source) for name, text in texts(archive) if rule & runs_of_words(text)]
    assert found == []


def test_the_notice_names_every_file_with_text_of_the_rule() -> None:
    """Its name may be quoted, and the labels of a rule page are a form that our own pages have too."""
    _name, *lines = (EXAMPLES / RULE).read_text(encoding="utf-8").splitlines()
    rule = set().union(*map(runs_of_words, lines))
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("docs", "examples", "tests", "src", "benchmarks", "grammar")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".md", ".txt", ".py", ".toml", ".eql", ".json", ".ndjson", ".out"}
        if rule & runs_of_words(path.read_text(encoding="utf-8", errors="replace"))
    }
    assert found == {f"examples/{RULE}", QUOTING}
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert all(name in notice for name in found)


def test_both_archives_say_the_same_true_licence(work: Path, wheel: Path) -> None:
    (source,) = (work / "dist").glob("*.tar.gz")
    metadata = [
        text
        for archive in (wheel, source)
        for name, text in texts(archive)
        if name == "PKG-INFO" or name.endswith(".dist-info/METADATA")
    ]
    licences = [line for text in metadata for line in text.splitlines() if line.startswith("License-Expression:")]
    assert licences == ["License-Expression: Apache-2.0"] * 2


def test_source_archive_has_the_grammar_in_both_places(source: Path) -> None:
    grammar = (ROOT / "src/eqlite/language/eql.lark").read_bytes()
    assert (source / "src/eqlite/language/eql.lark").read_bytes() == grammar
    assert (source / "grammar/eql.lark").read_bytes() == grammar


def test_wheel_holds_the_package_its_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {"eqlite/language/eql.lark", "eqlite/py.typed"} <= names
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"eqlite"}
    data = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*") if path.is_file()}
    assert {name for name in data if "__pycache__" not in name} <= names


def test_wheel_carries_the_licence_and_the_notice(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        licences = {name.rpartition("/")[2] for name in archive.namelist() if ".dist-info/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE"}


def test_installed_library_imports(installed: Path, work: Path) -> None:
    where = run_well(installed / "python", "-c", "import eqlite; print(eqlite.__file__)", cwd=work)
    assert Path(where.strip()).is_relative_to(installed.parent)


def test_installed_program_tells_the_version_of_the_wheel(installed: Path, wheel: Path, work: Path) -> None:
    assert wheel.name.split("-")[1] in run_well(installed / "eqlite", "--version", cwd=work)


def test_installed_program_runs_the_example_rule(installed: Path, tmp_path: Path) -> None:
    for name in (RULE, EVENTS):
        (tmp_path / name).write_bytes((EXAMPLES / name).read_bytes())
    output = run_well(installed / "eqlite", "run", "-r", RULE, EVENTS, cwd=tmp_path)
    events = [json.loads(line) for line in (tmp_path / EVENTS).read_text(encoding="utf-8").splitlines()]
    expected = [event["_id"] for event in events if event["_expect"]["seed_query"]]
    found = [json.loads(line)["events"][0]["_id"] for line in output.splitlines()]
    assert sorted(found) == sorted(expected)
