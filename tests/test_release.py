"""What a release says of itself agrees: version, changelog, citation, classifiers, workflows, issue forms."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from eqlite import __version__

yaml = pytest.importorskip("yaml", reason="the workflows are read with PyYAML, which comes with the group `docs`")

ROOT = Path(__file__).parent.parent
GITHUB = ROOT / ".github"
if not GITHUB.is_dir():
    pytest.skip("the workflows are in the repository alone", allow_module_level=True)

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
WORKFLOWS = {path.name: path.read_text(encoding="utf-8") for path in sorted((GITHUB / "workflows").glob("*.yml"))}
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")

PYTHONS = [name.rpartition(" ")[2] for name in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", name)]
PHASE = {"a": "3 - Alpha", "b": "4 - Beta", "rc": "4 - Beta", None: "5 - Production/Stable"}


def jobs(workflow: str) -> dict[str, Any]:
    found = yaml.safe_load(WORKFLOWS[workflow])["jobs"]
    assert isinstance(found, dict)
    return found


def test_the_version_is_canonical() -> None:
    """As PEP 440 normalises it; the names of the archives carry it."""
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?", __version__)


def test_the_classifier_says_the_phase_of_the_version() -> None:
    phase = re.search(r"\d(a|b|rc)\d", __version__)
    assert f"Development Status :: {PHASE[phase[1] if phase else None]}" in PROJECT["classifiers"]


def test_the_changelog_begins_with_the_version_of_the_citation() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## \[([^\]]+)\](?: - (\S+))?$", text, re.MULTILINE)
    assert sections[0] == ("Unreleased", "")
    assert sections[1] == (__version__, str(CITATION["date-released"]))


def test_the_pages_show_the_version() -> None:
    for name in ("README.md", "docs/tutorial/first-detection.md"):
        assert re.findall(r"^eqlite (\d\S*)$", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE) == [__version__]


def test_the_citation_names_version_and_licence() -> None:
    assert (CITATION["version"], CITATION["license"]) == (__version__, PROJECT["license"])
    assert CITATION["cff-version"] == "1.2.0"
    assert {"title", "message", "authors"} <= CITATION.keys()


def test_ci_runs_on_every_python_that_is_promised() -> None:
    assert jobs("ci.yml")["check"]["strategy"]["matrix"]["python"] == PYTHONS
    assert jobs("release.yml")["install"]["strategy"]["matrix"]["python"] == PYTHONS


def test_ci_runs_what_is_run_here() -> None:
    assert jobs("ci.yml")["check"]["steps"][-1]["run"] == "bash .ci/run"


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_to_one_version(name: str) -> None:
    used = re.findall(r"uses: *(\S+)", WORKFLOWS[name])
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w-]+/[\w-]+@v\d+\.\d+\.\d+", action)] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_may_only_read_unless_a_job_says_more(name: str) -> None:
    assert yaml.safe_load(WORKFLOWS[name])["permissions"] == {"contents": "read"}


def test_only_a_tag_publishes_and_only_when_switched_on() -> None:
    found = jobs("release.yml")
    writing = {name for name, job in found.items() if job.get("permissions")}
    assert writing == {"publish"}
    assert found["publish"]["if"] == "github.ref_type == 'tag' && vars.PUBLISH == 'true'"
    assert found["publish"]["needs"] == ["build", "install"]
    assert "password" not in WORKFLOWS["release.yml"]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_forms_have_what_github_wants(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= form.keys()
    fields = [item for item in form["body"] if item["type"] != "markdown"]
    assert fields
    assert all(re.fullmatch(r"[\w-]+", item["id"]) and item["attributes"]["label"] for item in fields)
    assert len({item["id"] for item in fields}) == len(fields)


def test_a_wrong_answer_comes_with_what_makes_a_test() -> None:
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "1-wrong-answer.yml").read_text(encoding="utf-8"))
    asked = {item["id"] for item in form["body"] if item.get("validations", {}).get("required")}
    assert {"query", "events", "elasticsearch"} <= asked


def test_every_yaml_block_of_the_docs_is_yaml() -> None:
    for path in sorted((ROOT / "docs").rglob("*.md")):
        for block in re.findall(r"^```yaml\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            assert isinstance(yaml.safe_load(block), dict), path
