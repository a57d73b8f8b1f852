"""What is published works: the archives build, install into an empty environment and do the main job there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
RULE = "suspicious_interactive_interpreter.txt"
EVENTS = "cloud_defend_events.ndjson"

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


def test_source_archive_holds_all_that_a_packager_needs(source: Path) -> None:
    for name in (
        "LICENSE",
        "NOTICE",
        "README.md",
        "Makefile",
        "tests/conftest.py",
        "docs/index.md",
        f"examples/{RULE}",
    ):
        assert (source / name).is_file(), name


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
